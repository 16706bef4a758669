"""The file for initial passwords that commands make."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from cwtui.accounts.errors import AlreadyExists, Refused
from cwtui.accounts.secret import Secret
from cwtui.cli.output import say
from cwtui.host.passwords_file import PasswordsFile
from cwtui.language import _

Keep: TypeAlias = Callable[[Iterable[tuple[str, Secret]]], None]
"""Writes usernames and their initial passwords to disk. Raises CannotCheck."""


@contextmanager
def passwords_file(path: Path | None, *, invitations: bool = False) -> Iterator[Keep]:
    """Create the file, and yield the function that writes to it.

    `invitations`: it is for codes of invitations. At the end the file is removed if it has no
    passwords or, as they are not valid, after Refused. Raises AlreadyExists and OSError.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        file = PasswordsFile(path, invitations=invitations)
    except FileExistsError:
        raise AlreadyExists(_("{path} exists. Name a new file.", path=path)) from None
    is_valid = True
    try:
        yield file.add
    except Refused:
        is_valid = False
        raise
    except BaseException:
        if file.count:
            say(
                _(
                    "{path} is kept, as some of what it holds may be valid. Look with: cwtui "
                    "user list",
                    path=path,
                )
            )
        raise
    finally:
        file.close(keep=is_valid)
