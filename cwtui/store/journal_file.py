"""The file of a journal: how it is read, and how a line is written to disk."""

import errno
import os
from pathlib import Path
from typing import Final

import msgspec

from cwtui.accounts.errors import StoreDamaged
from cwtui.host import reserve
from cwtui.host.files import (
    Version,
    cannot,
    check_found,
    check_private,
    closed,
    is_regular,
    maybe_lost,
    new_file,
    version_of,
    write_all,
)
from cwtui.host.untrusted_files import TooLarge, open_regular

MOST: Final = 1 << 31
"""The maximum size in bytes: large enough for one change of 1,000,000 accounts."""
PREPARED: Final = b"\0"
"""Stands in place of the newline of a prepared line, so that committing needs no disk space."""


def read(path: Path, since: int, seen: Version | None = None) -> tuple[bytes, Version] | None:
    """Return the text from this offset on, and the file's version. None if there is no file.

    `seen` is the version that the caller has just found there. Raises CannotCheck.
    """
    was_regular = seen is not None and is_regular(seen)
    try:
        with closed(open_regular(path, was_regular=was_regular)) as descriptor:
            found = os.fstat(descriptor)
            check_found(path, found)
            if found.st_size > MOST:
                raise TooLarge(MOST, path)
            text = os.pread(descriptor, max(found.st_size - since, 0), since)
            while since + len(text) < found.st_size:
                more = os.pread(descriptor, found.st_size - since - len(text), since + len(text))
                if not more:
                    break
                text += more
            return text, version_of(found)
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


def append(path: Path, offset: int, text: bytes, *, seen: Version, is_committed: bool) -> Version:
    """Write a line durably at this offset, over what is torn there, and return the new version.

    `seen` is the version that the caller has just found there and checked. After CannotCheck the
    journal is as before. A line that is not committed yet is ignored.
    """

    def write() -> Version:
        with closed(open_regular(path, os.O_RDWR, was_regular=True)) as descriptor:
            found = os.fstat(descriptor)
            if version_of(found) != seen:
                check_private(path, descriptor)
            if offset + len(text) >= MOST:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            try:
                if found.st_size > offset:
                    os.ftruncate(descriptor, offset)
                os.lseek(descriptor, offset, os.SEEK_SET)
                write_all(descriptor, text + (b"\n" if is_committed else PREPARED))
                os.fdatasync(descriptor)
                return version_of(os.fstat(descriptor))
            except OSError as error:
                _undo(descriptor, offset, path, error)
                raise

    try:
        return reserve.with_room_from(reserve.folder_of(path), len(text), write)
    except OSError as error:
        raise cannot("write", path, error) from None


def _undo(descriptor: int, offset: int, path: Path, error: OSError) -> None:
    try:
        os.ftruncate(descriptor, offset)
    except OSError:
        size = os.fstat(descriptor).st_size
        if size > offset and os.pread(descriptor, 1, size - 1) == b"\n":
            raise maybe_lost(path, error) from None  # others see the change


def commit(path: Path, end: int) -> Version:
    """Commit the prepared line whose last byte is before this offset, and return the new version.

    Others see the change then, but if it is not on disk, a power failure can undo it. Raises
    CannotCheck.
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
            return version_of(os.fstat(descriptor))
        except OSError as error:
            raise maybe_lost(path, error) from None


def cut(path: Path, offset: int) -> None:
    """Remove a prepared line, as far as possible. Readers ignore it in any case."""
    try:
        with closed(open_regular(path, os.O_RDWR)) as descriptor:
            os.ftruncate(descriptor, offset)
    except OSError:
        pass


def line_number(path: Path, offset: int) -> int:
    """Return the number of the line that begins at this offset, for errors."""
    found = read(path, 0)
    return found[0].count(b"\n", 0, offset) + 1 if found is not None else 1


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
