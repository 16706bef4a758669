"""Reserve disk space, so that important writes still succeed when the disk is full.

The file `.reserve` occupies the space. A write that finds the disk full takes what it needs from
it and tries again; the reserve grows back as soon as there is space. This does not help if another
program takes the space in that instant, if inodes run out, or on file systems that copy on write
or compress (Btrfs, ZFS), where freeing space needs space.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from cwtui.host.untrusted_files import check_regular, open_regular

NAME: Final = ".reserve"
MARGIN: Final = 1 << 20
"""Bytes in addition to one copy of the largest file: room for thousands of audit events."""
_SLACK: Final = 1 << 16
"""Additional bytes to take, because folders and file systems grow in blocks."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

T = TypeVar("T")


@lru_cache(maxsize=256)
def folder_of(path: Path) -> Path:
    """Return the folder of this file, whose reserve it uses.

    Remembered, like other paths that each change needs: pathlib takes long to make them.
    """
    return path.parent


@lru_cache(maxsize=256)
def _file_in(folder: Path) -> Path:
    return folder / NAME


def keep_beside(path: Path) -> None:
    """Reserve space in the folder to replace this file. Never raises."""
    with suppress(OSError):
        keep(folder_of(path), path.stat().st_size)


def keep(folder: Path, largest: int = 0) -> None:
    """Reserve `MARGIN` plus `largest` bytes, or as much as is free. Cheap if already reserved.

    Never raises: a full disk must not stop actions that need no space.
    """
    try:
        has = size_in(folder)
        if has < MARGIN + largest:
            _grow(folder, has, MARGIN + largest)
    except OSError:
        return


def _grow(folder: Path, has: int, least: int) -> None:
    disk = os.statvfs(folder)
    # In large steps, so that a growing file does not need more each time.
    target = -(-least // MARGIN) * MARGIN
    size = min(target, has + disk.f_bavail * disk.f_frsize)
    if size > has:
        _allocate(_file_in(folder), size)


def size_in(folder: Path) -> int:
    """Return how many bytes are reserved in the folder. Raises OSError."""
    path = _file_in(folder)
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    check_regular(path, found.st_mode)
    return found.st_size


def with_room_from(folder: Path, needed: int, write: Callable[[], T]) -> T:
    """Call `write`, and use the folder's reserve if the disk is full. Returns its result.

    Raises OSError if the reserve is used up or for any other error.
    """
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in _FULL or not _take(_file_in(folder), needed + _SLACK):
                raise


def _take(reserve: Path, needed: int) -> bool:
    """Free this many bytes of the reserve. Returns whether there were any."""
    with suppress(OSError):
        descriptor = open_regular(reserve, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            has = os.fstat(descriptor).st_size
            os.ftruncate(descriptor, max(has - needed, 0))
            os.fsync(descriptor)  # journaling file systems free the blocks only once synced
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
