"""How the files of an import are decrypted, if they are encrypted."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from cwtui.cli import standard_input, terminal
from cwtui.cli.errors import WrongUsage
from cwtui.cli.input_file import STANDARD_INPUT, open_file
from cwtui.host.age_format import START_LENGTH, is_encrypted
from cwtui.language import _

Decrypt: TypeAlias = Callable[[bytes], bytes]


def of(files: Sequence[str], identity: Path | None, *, passphrase_stdin: bool) -> Decrypt | None:
    """Return how to decrypt the files, or None. Asks for a passphrase that was not given.

    Raises WrongUsage if there is no way to ask, and OSError.
    """
    if identity is not None and passphrase_stdin:
        raise WrongUsage(_("Give either --identity or --passphrase-stdin."))
    if passphrase_stdin and STANDARD_INPUT in files:
        raise WrongUsage(_("Standard input has either FILE or the passphrase."))
    if identity is None and not passphrase_stdin and not any(map(_is_encrypted, files)):
        return None
    # Imported here, because it needs a library that not every host has.
    from cwtui.host import age

    if identity is not None:
        return partial(age.decrypted, identity=identity)
    if passphrase_stdin:
        return partial(age.decrypted_with, passphrase=standard_input.passphrase())
    if not terminal.is_there():
        raise WrongUsage(_("The file is encrypted. Use --identity FILE or --passphrase-stdin."))
    return partial(age.decrypted_with, passphrase=terminal.ask_secret(terminal.PASSPHRASE))


def _is_encrypted(file: str) -> bool:
    if file == STANDARD_INPUT:
        return False
    with os.fdopen(open_file(Path(file)), "rb") as source:
        return is_encrypted(source.read(START_LENGTH))
