"""Open the files of an import, and show how far they are read."""

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from cwtui.accounts.errors import WrongFile
from cwtui.accounts.importing import documents
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.lines import BYTES_MOST, Source
from cwtui.accounts.importing.programs import Format, Found
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.text import visible
from cwtui.cli.input_file import STANDARD_INPUT, opened

Decrypt: TypeAlias = Callable[[bytes], bytes]
_STEPS: Final = 100
"""How often progress is shown."""


def entries(
    format_: Format,
    files: Sequence[str],
    username: str,
    issuer: str,
    shown: ShowProgress,
    decrypt: Decrypt | None = None,
) -> Found:
    """Yield what the files say. Raises WrongFile, WrongUsage and OSError."""
    return format_.together(_one_by_one(format_, files, username, issuer, shown, decrypt))


def _one_by_one(
    format_: Format,
    files: Sequence[str],
    username: str,
    issuer: str,
    shown: ShowProgress,
    decrypt: Decrypt | None,
) -> Found:
    for number, file in enumerate(files):
        named = file if len(files) > 1 else ""
        with opened(file) as source:
            is_file = file != STANDARD_INPUT
            size = os.fstat(source.fileno()).st_size if is_file else 0
            watched: Source = _Watched(source, size, shown)
            if decrypt is not None:
                watched = io.BytesIO(decrypt(documents.content(watched, BYTES_MOST)))
            path = str(Path(file).absolute()) if is_file else ""
            given = Given(watched, path, named, username, issuer)
            try:
                yield from format_.read(given)
            except WrongFile as error:
                if not named:
                    raise
                raise WrongFile(f"{visible(named)}: {error}") from None
        if len(files) > 1:
            shown(number + 1, len(files))


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
