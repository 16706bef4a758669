"""Saves secrets to a new file, at a place that their owner names."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck, InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.host import files
from cwtui.host.passwords_file import PasswordsFile
from cwtui.host.reasons import reason_of
from cwtui.language import N_, _

_FULL: Final = N_("The disk is full. Nothing was saved.")
_OTHERWISE: Final = N_("The file cannot be saved: {reason}.")
_WHY: Final = {
    errno.EEXIST: N_("This file already exists. Choose another name."),
    errno.ENOENT: N_("There is no folder {folder}."),
    errno.ENOTDIR: N_("{folder} is not a folder."),
    errno.EACCES: N_("You are not allowed to write to {folder}."),
    errno.EPERM: N_("You are not allowed to write to {folder}."),
    errno.EROFS: N_("{folder} is on a read-only disk."),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.ENAMETOOLONG: N_("This name is too long."),
}


def save_new(typed: str, text: Secret, home: Path, field: str = "path") -> Path:
    """Write the text to a file that does not exist yet, with mode 0600, and return its path.

    `typed` is a path. It starts at the root, or else in `home`. Raises InvalidInput; then there is
    no new file.
    """
    path = _path(typed, home, field)
    with _explained(path, field), files.new_file(path) as descriptor:
        _check_private(descriptor, path, field)
        files.write_all(descriptor, text.reveal().encode())
    try:
        files.sync_folder(path.parent)
    except CannotCheck:
        # The file is complete, but its name may be lost, so do not say that it was saved.
        files.discard(path)
        raise
    return path


def new_passwords_file(
    typed: str, home: Path, field: str = "path", *, invitations: bool = False
) -> PasswordsFile:
    """Create a file for initial passwords; `typed` is a path as for `save_new`.

    `invitations`: it is for invitation codes instead. Raises InvalidInput; then there is no new
    file.
    """
    path = _path(typed, home, field)
    with _explained(path, field):
        file = PasswordsFile(path, invitations=invitations)
        try:
            _check_private(file.descriptor, path, field)
        except InvalidInput:
            file.close()
            raise
    return file


def free_name(stem: str, home: Path, ending: str = "txt") -> str:
    """Return the path of a file in `home` that does not exist yet, to be offered."""
    names = [f"{stem}.{ending}", *(f"{stem}-{number}.{ending}" for number in range(2, 100))]
    return "~/" + next((name for name in names if not os.path.lexists(home / name)), names[0])


def _path(typed: str, home: Path, field: str) -> Path:
    name = typed.strip()
    if not name or name.endswith("/") or name in {"~", ".", ".."}:
        raise InvalidInput(field, _("Enter the name of a file."))
    return home / name.removeprefix("~/")


@contextmanager
def _explained(path: Path, field: str) -> Iterator[None]:
    """Raise InvalidInput with a reason for people if the file cannot be created."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(field, _why(error, path)) from None
    except ValueError:  # a lone surrogate, or NUL
        raise InvalidInput(field, _("This is not a valid file name.")) from None


def _check_private(descriptor: int, path: Path, field: str) -> None:
    """Raise InvalidInput if others can read the new file: some file systems have no modes."""
    if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
        folder = visible(str(path.parent))
        raise InvalidInput(
            field, _("Others could read a file in {folder}. Choose another folder.", folder=folder)
        )


def _why(error: OSError, path: Path) -> str:
    if error.errno == errno.EEXIST and path.is_dir():
        return _("This is a folder. Add the name of a file.")
    reason = reason_of(error)
    sentence = _WHY.get(error.errno or 0, _OTHERWISE)
    return _(sentence, folder=visible(str(path.parent)), reason=reason)
