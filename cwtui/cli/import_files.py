"""The files of an import: how to open and read them, and show how far that is."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import click

from cwtui.accounts.errors import WrongFile
from cwtui.accounts.importing import documents, programs
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.lines import BYTES_MOST, Source
from cwtui.accounts.importing.programs import Format, Found
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.text import visible
from cwtui.cli import completing, decryption
from cwtui.cli.decryption import Decrypt
from cwtui.cli.errors import WrongUsage
from cwtui.cli.input_file import STANDARD_INPUT, opened
from cwtui.cli.one_of import OneOf
from cwtui.cli.options import as_one
from cwtui.language import _

_STEPS: Final = 100
"""How often progress is shown."""


@dataclass(frozen=True)
class ImportFiles:
    """The files, and what the operator said of them. `username` and `issuer` are as in `Given`."""

    names: tuple[str, ...]
    format: Format
    username: str
    issuer: str
    decrypt: Decrypt | None

    def entries(self, shown: ShowProgress) -> Found:
        """Yield what the files say. Raises WrongFile, WrongUsage and OSError."""
        return self.format.together(self._one_by_one(shown))

    def _one_by_one(self, shown: ShowProgress) -> Found:
        are_several = len(self.names) > 1
        for number, file in enumerate(self.names):
            named = file if are_several else ""
            with opened(file) as source:
                is_file = file != STANDARD_INPUT
                size = os.fstat(source.fileno()).st_size if is_file else 0
                watched: Source = _Watched(source, size, shown)
                if self.decrypt is not None:
                    watched = io.BytesIO(self.decrypt(documents.content(watched, BYTES_MOST)))
                path = str(Path(file).absolute()) if is_file else ""
                given = Given(watched, path, named, self.username, self.issuer)
                try:
                    yield from self.format.read(given)
                except WrongFile as error:
                    if not named:
                        raise
                    raise WrongFile(f"{visible(named)}: {error}") from None
            if are_several:
                shown(number + 1, len(self.names))


def _given(
    files: tuple[str, ...],
    program: str | None,
    username: str | None,
    issuer: str | None,
    identity: Path | None,
    passphrase_stdin: bool,
) -> ImportFiles:
    """Return the files, and ask for their passphrase if it is needed. Raises WrongUsage."""
    format_ = programs.PROGRAMS[program] if program is not None else programs.OWN
    if username is not None and not format_.takes_username:
        raise WrongUsage(_("--username is for formats whose files do not say whose they are."))
    if username is not None and len(files) > 1:
        raise WrongUsage(_("--username is for one FILE. Import the others one by one."))
    if issuer is not None and not format_.takes_issuer:
        raise WrongUsage(_("--issuer is for the exports of apps."))
    decrypt = decryption.of(files, identity, passphrase_stdin=passphrase_stdin)
    return ImportFiles(files, format_, username or "", issuer or "", decrypt)


options: Final = as_one(
    "files",
    _given,
    click.argument(
        "files", metavar="FILE...", nargs=-1, required=True, shell_complete=completing.files
    ),
    click.option(
        "--format",
        "program",
        metavar="PROGRAM",
        type=OneOf([*programs.PROGRAMS]),
        help=f"Read the files of another program: {', '.join(sorted(programs.PROGRAMS))}.",
    ),
    click.option(
        "--username",
        metavar="NAME",
        help="Whose devices are in FILE, if FILE does not say it.",
    ),
    click.option(
        "--issuer",
        metavar="NAME",
        help="Read only this service's devices from an app's export.",
    ),
    click.option(
        "--identity",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Decrypt with the private keys of age or SSH in this file.",
    ),
    click.option(
        "--passphrase-stdin",
        is_flag=True,
        help="Decrypt with the passphrase on one line of standard input.",
    ),
)
"""Decorate a command with FILE... and the options that say what they are; it gets `files`."""


class _Watched:
    """A file whose reading is shown, if it has a size."""

    def __init__(self, source: BinaryIO, size: int, shown: ShowProgress) -> None:
        self._source, self._size, self._shown = source, size, shown
        self._read = self._next = 0

    def readline(self, size: int = -1, /) -> bytes:
        content = self._source.readline(size)
        self._read += len(content)
        if self._size and (self._read >= self._next or not content):
            self._shown(min(self._read, self._size), self._size)
            self._next = self._read + self._size // _STEPS
        return content
