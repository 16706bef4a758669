"""Files that say whom to trust are written by root or by this user alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def why_untrusted(path: Path) -> str | None:
    """How others could have written what the file says, and what would be right.

    None where only root and this user can: neither the file, nor a folder or a link on the way to
    it, is another's or may be written by others. So does ssh with its own configuration
    (ssh_config(5)).
    """
    try:
        path.stat()  # a link that leads to itself has no end
        return next(filter(None, map(_why, _way_to(path.absolute()))), None)
    except OSError as error:
        return f"Cannot see who may write {path}: {(error.strerror or str(error)).lower()}."


def why_place_untrusted(path: Path) -> str | None:
    """The same of a file that may still be missing: who can write its folder can write it."""
    path = path.absolute()
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return why_untrusted(path)


def _way_to(path: Path) -> Iterator[Path]:
    """From the path to the root, and each link where it leads, once it is found to be trusted."""
    yield path
    if path.is_symlink():
        yield from _way_to(path.parent / path.readlink())
    if path != path.parent:
        yield from _way_to(path.parent)


def _why(path: Path) -> str | None:
    found = path.lstat()
    if found.st_uid not in {0, os.geteuid()}:
        return f"{path} belongs to another user. Check it, then run: chown -h root {path}"
    # In a sticky folder, such as /tmp, nobody replaces what is another's. A link has no mode.
    is_sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky and not path.is_symlink():
        return f"Others on this host can write {path}. Check it, then run: chmod go-w {path}"
    return None
