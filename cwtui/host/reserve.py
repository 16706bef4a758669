"""Room kept in a folder, so that what must be recorded still can be when the disk is full.

The file `.reserve` takes it up. A write that finds the disk full takes what it needs from there
and tries again; what was taken is put back as soon as there is room. It promises nothing against a
program that takes the room in that instant, against a full table of inodes, nor on file systems
that copy on write or compress (Btrfs, ZFS), where making room takes room.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from cwtui.host.untrusted_files import check_regular, open_regular

NAME: Final = ".reserve"
MARGIN: Final = 1 << 20
"""Bytes beside one more copy of the largest file: thousands of events of the audit log."""
_SLACK: Final = 1 << 16
"""Bytes taken beside those asked for: folders and file systems grow in blocks of their own."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

T = TypeVar("T")


def keep_beside(path: Path) -> None:
    """Reserve room to replace this file as well, in its folder. Raises nothing."""
    with suppress(OSError):
        keep(path.parent, path.stat().st_size)


def keep(folder: Path, largest: int = 0) -> None:
    """Reserve `MARGIN` and `largest` bytes, or what there is; where it is there, only a stat.

    Raises nothing: a disk that is full already must not stop what needs no room.
    """
    with suppress(OSError):
        has = size_in(folder)
        if has >= MARGIN + largest:
            return
        disk = os.statvfs(folder)
        # In whole steps, so that a file that grows does not ask for more each time.
        target = -(-(MARGIN + largest) // MARGIN) * MARGIN
        size = min(target, has + disk.f_bavail * disk.f_frsize)
        if size > has:
            _allocate(folder / NAME, size)


def size_in(folder: Path) -> int:
    """How many bytes are reserved there. Raises OSError."""
    try:
        found = (folder / NAME).stat()
    except FileNotFoundError:
        return 0
    check_regular(folder / NAME, found.st_mode)
    return found.st_size


def with_room_from(folder: Path, needed: int, write: Callable[[], T]) -> T:
    """What `write` returns; where the disk is full, with the folder's reserve.

    Raises OSError: the reserve is used up, or it is something else.
    """
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in _FULL or not _take(folder / NAME, needed + _SLACK):
                raise


def _take(reserve: Path, needed: int) -> bool:
    """Give up so many bytes of it; whether there were any."""
    with suppress(OSError):
        descriptor = open_regular(reserve, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            has = os.fstat(descriptor).st_size
            os.ftruncate(descriptor, max(has - needed, 0))
            os.fsync(descriptor)  # journals give the blocks to others once it is on disk
        finally:
            os.close(descriptor)
        return has > 0
    return False


def _allocate(reserve: Path, size: int) -> None:
    descriptor = open_regular(reserve, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)
