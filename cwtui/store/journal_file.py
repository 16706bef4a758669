"""The file of a journal: how it is read, and how a line is written to disk."""

import errno
import os
from pathlib import Path
from typing import Final

import msgspec

from cwtui.accounts.errors import StoreDamaged
from cwtui.host import reserve
from cwtui.host.files import (
    cannot,
    check_private,
    closed,
    maybe_lost,
    new_file,
    write_all,
)
from cwtui.host.untrusted_files import check_size, open_regular

MOST: Final = 1 << 31
"""The maximum size in bytes: large enough for one change of 1,000,000 accounts."""
PREPARED: Final = b"\0"
"""Stands in place of the newline of a prepared line, so that committing needs no disk space."""


def read(path: Path, since: int) -> tuple[bytes, os.stat_result] | None:
    """Return the text from this offset on, and the file's state. None if there is no file.

    Raises CannotCheck.
    """
    try:
        with closed(open_regular(path)) as descriptor:
            check_private(path, descriptor)
            check_size(descriptor, MOST, path)
            found = os.fstat(descriptor)
            pieces, at = [], since
            while piece := os.pread(descriptor, found.st_size - at, at):
                pieces.append(piece)
                at += len(piece)
            return b"".join(pieces), found
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot("read", path, error) from None


def begin(path: Path, text: bytes) -> None:
    """Make a new journal with this text. The caller syncs the folder. Raises CannotCheck."""
    try:
        with new_file(path) as descriptor:
            write_all(descriptor, text)
    except OSError as error:
        raise cannot("write", path, error) from None


def append(path: Path, offset: int, text: bytes, *, is_committed: bool) -> None:
    """Write a line durably at this offset, over what is torn there. Raises CannotCheck.

    After an error the journal is as before. A line that is not committed yet is ignored.
    """

    def write() -> None:
        with closed(open_regular(path, os.O_RDWR)) as descriptor:
            check_private(path, descriptor)
            if offset + len(text) >= MOST:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            try:
                if os.fstat(descriptor).st_size > offset:
                    os.ftruncate(descriptor, offset)
                os.lseek(descriptor, offset, os.SEEK_SET)
                write_all(descriptor, text + (b"\n" if is_committed else PREPARED))
                os.fdatasync(descriptor)
            except OSError as error:
                _undo(descriptor, offset, path, error)
                raise

    try:
        reserve.with_room_from(reserve.folder_of(path), len(text), write)
    except OSError as error:
        raise cannot("write", path, error) from None


def _undo(descriptor: int, offset: int, path: Path, error: OSError) -> None:
    try:
        os.ftruncate(descriptor, offset)
    except OSError:
        size = os.fstat(descriptor).st_size
        if size > offset and os.pread(descriptor, 1, size - 1) == b"\n":
            raise maybe_lost(path, error) from None  # others see the change


def commit(path: Path, end: int) -> None:
    """Commit the prepared line whose last byte is before this offset. Raises CannotCheck.

    Others see the change then, but if it is not on disk, a power failure can undo it.
    """
    try:
        descriptor = open_regular(path, os.O_RDWR)
    except OSError as error:
        raise cannot("write", path, error) from None
    with closed(descriptor):
        try:
            os.pwrite(descriptor, b"\n", end - 1)
        except OSError as error:
            raise cannot("write", path, error) from None
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            raise maybe_lost(path, error) from None


def cut(path: Path, offset: int) -> None:
    """Remove a prepared line, as far as possible. Readers ignore it in any case."""
    try:
        with closed(open_regular(path, os.O_RDWR)) as descriptor:
            os.ftruncate(descriptor, offset)
    except OSError:
        pass


def line_naming(path: Path, name: str) -> int:
    """Return the number of the last line that changes this document, for errors."""
    found = read(path, 0)
    kept = found[0].split(b"\n") if found is not None else []
    needle = msgspec.json.encode(name) + b":"
    return max((number for number, text in enumerate(kept, 1) if needle in text), default=1)


def missing(path: Path, base: Path) -> StoreDamaged:
    """Return the error for a base whose journal is missing."""
    return StoreDamaged(
        f"{path} is missing, the journal of {base.name}. Recent changes are in it, so nothing was "
        "changed; restore the store from a backup."
    )


def without_base(path: Path, base: Path) -> StoreDamaged:
    """Return the error for a journal whose base is missing."""
    return StoreDamaged(
        f"{base} is missing, the file to which the changes in {path.name} belong. Nothing was "
        "changed; restore the store from a backup."
    )
