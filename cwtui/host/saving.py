"""Saves a secret to a new file, at a place that its owner names."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck, InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.host import files

_FULL: Final = "The disk is full. Nothing was saved."
_WHY: Final = {
    errno.EEXIST: "This file already exists. Choose another name.",
    errno.ENOENT: "There is no folder {folder}.",
    errno.ENOTDIR: "{folder} is not a folder.",
    errno.EACCES: "You are not allowed to write to {folder}.",
    errno.EPERM: "You are not allowed to write to {folder}.",
    errno.EROFS: "{folder} is on a read-only disk.",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.ENAMETOOLONG: "This name is too long.",
}


def save_new(typed: str, text: Secret, home: Path, field: str = "path") -> Path:
    """Write the text to a file that does not exist yet, with mode 0600, and return its path.

    `typed` is a path. It starts at the root, or else in `home`. Raises InvalidInput; then there is
    no new file.
    """
    path = _path(typed, home, field)
    try:
        # O_EXCL follows no link at the end of the path.
        with files.new_file(path) as descriptor:
            # Some file systems, such as FAT, have no modes.
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                raise InvalidInput(
                    field,
                    f"Others could read a file in {visible(str(path.parent))}. Choose another "
                    "folder.",
                )
            files.write_all(descriptor, text.reveal().encode())
    except OSError as error:
        raise InvalidInput(field, _why(error, path)) from None
    except ValueError:  # a lone surrogate, or NUL
        raise InvalidInput(field, "This is not a valid file name.") from None
    try:
        files.sync_folder(path.parent)
    except CannotCheck:
        # The file is complete, but its name may be lost, so do not say that it was saved.
        files.discard(path)
        raise
    return path


def free_name(stem: str, home: Path) -> str:
    """Return the path of a text file in `home` that does not exist yet, to be offered."""
    names = [f"{stem}.txt", *(f"{stem}-{number}.txt" for number in range(2, 100))]
    return "~/" + next((name for name in names if not os.path.lexists(home / name)), names[0])


def _path(typed: str, home: Path, field: str) -> Path:
    name = typed.strip()
    if not name or name.endswith("/") or name in {"~", ".", ".."}:
        raise InvalidInput(field, "Enter the name of a file.")
    return home / name.removeprefix("~/")


def _why(error: OSError, path: Path) -> str:
    if error.errno == errno.EEXIST and path.is_dir():
        return "This is a folder. Add the name of a file."
    reason = (error.strerror or str(error)).lower()
    sentence = _WHY.get(error.errno or 0, "The file cannot be saved: {reason}.")
    return sentence.format(folder=visible(str(path.parent)), reason=reason)
