"""Check that only root and this user can write files that decide whom to trust."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cwtui.host.reasons import reason_of
from cwtui.language import _


def why_untrusted(path: Path) -> str | None:
    """Return how others could have written the file, and how to fix it; None if they cannot.

    The file, and every folder and link on the way to it, must belong to root or this user and must
    not be writable by others. ssh checks its configuration the same way (ssh_config(5)).
    """
    try:
        path.stat()  # raises for a link that leads to itself
        return next(filter(None, map(_why, _way_to(path.absolute()))), None)
    except OSError as error:
        return _(
            "Cannot check who can write {path}: {reason}.",
            path=path,
            reason=reason_of(error),
        )


def why_place_untrusted(path: Path) -> str | None:
    """Like `why_untrusted`, for a file that may not exist yet: checks its nearest folder."""
    path = path.absolute()
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return why_untrusted(path)


def _way_to(path: Path) -> Iterator[Path]:
    """Yield the path and its parents up to the root, following each link after checking it."""
    yield path
    if path.is_symlink():
        yield from _way_to(path.parent / path.readlink())
    if path != path.parent:
        yield from _way_to(path.parent)


def _why(path: Path) -> str | None:
    found = path.lstat()
    if found.st_uid not in {0, os.geteuid()}:
        return _(
            "{path} belongs to another user. Check it, then run: chown -h root {path}", path=path
        )
    # In a sticky folder, such as /tmp, nobody can replace other users' files. Links have no mode.
    is_sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky and not path.is_symlink():
        return _(
            "Other users can write {path}. Check its content, then run: chmod go-w {path}",
            path=path,
        )
    return None
