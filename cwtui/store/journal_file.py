"""The file of a journal: how it is read, and how a line is written to disk.

Zeros follow the last line, as room for the next ones. A line written over them leaves the size of
the file as it is, so that its sync writes only the line. A line that finds no room, such as the
first one, brings zeros for the next ones.
"""

import errno
import os
import time
import weakref
from contextlib import suppress
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
    close,
    closed,
    is_regular,
    maybe_lost,
    new_file,
    version_of,
    write_all,
)
from cwtui.host.untrusted_files import TooLarge, is_still_at, open_regular
from cwtui.language import _

MOST: Final = 1 << 31
"""The maximum size in bytes: large enough for one change of 1,000,000 accounts."""
PREPARED: Final = b"\0"
"""Stands in place of the newline of a prepared line, so that committing needs no disk space."""
ROOM: Final = 1 << 13
"""A journal grows to a multiple of this size in bytes: zeros for about 25 changes."""
TICK: Final = 0.02
"""Seconds after which a file that is written again gets another time: longer than a tick of the
kernel's clock."""


class JournalFile:
    """A journal that stays open for reading. Its methods raise CannotCheck."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Take over the descriptor."""
        weakref.finalize(self, close, descriptor)
        self._descriptor = descriptor
        self._path = path
        self._named_in: int | None = None
        """The status change time (ctime) of the file in which it was found under its name."""

    def read(self, since: int) -> tuple[bytes, Version]:
        """Return the text from this offset on, and the version that the file had before."""
        try:
            found = os.fstat(self._descriptor)
            check_found(self._path, found)
            if found.st_size > MOST:
                raise TooLarge(MOST, self._path)
            text = os.pread(self._descriptor, max(found.st_size - since, 0), since)
            while since + len(text) < found.st_size:
                left, at = found.st_size - since - len(text), since + len(text)
                more = os.pread(self._descriptor, left, at)
                if not more:
                    break
                text += more
        except OSError as error:
            raise cannot("read", self._path, error) from None
        return text, version_of(found)

    def is_unchanged(self, seen: Version, end: int) -> bool:
        """Whether it is still there, has this version, and no line begins at the offset `end`."""
        try:
            found = os.fstat(self._descriptor)
            if version_of(found) != seen or not self._has_its_name(found):
                return False
            # Writing over zeros does not change the size, and the time is not exact.
            is_at_end = found.st_size == end
            return is_at_end or os.pread(self._descriptor, 1, end) in (b"", b"\0")
        except OSError as error:
            raise cannot("read", self._path, error) from None

    def _has_its_name(self, found: os.stat_result) -> bool:
        """Whether this open file is still found under its path. Raises OSError."""
        # Linux changes the ctime of a file that gets another name, or none, so the path need not
        # be looked up each time.
        if found.st_ctime_ns == self._named_in:
            return True
        now = time.time_ns()
        is_named = is_still_at(self._path, found)
        if is_named and now - found.st_ctime_ns > TICK * 1e9:  # else it can still get this ctime
            self._named_in = found.st_ctime_ns
        return is_named


def opened(path: Path, seen: Version | None = None) -> JournalFile | None:
    """Open a journal for reading. None if there is no file. Raises CannotCheck.

    `seen` is the version that the caller has just found there.
    """
    was_regular = seen is not None and is_regular(seen)
    try:
        return JournalFile(open_regular(path, was_regular=was_regular), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot("read", path, error) from None


def read(path: Path, since: int) -> bytes | None:
    """Return the text from this offset on. None if there is no file. Raises CannotCheck."""
    file = opened(path)
    return file.read(since)[0] if file is not None else None


def begin(path: Path, text: bytes) -> None:
    """Make a new journal with this text. The caller syncs the folder. Raises CannotCheck."""
    try:
        with new_file(path) as descriptor:
            write_all(descriptor, text)
    except OSError as error:
        raise cannot("write", path, error) from None


def append(
    path: Path, offset: int, text: bytes, *, seen: Version, is_torn: bool, is_committed: bool
) -> Version:
    """Write a line durably at this offset, and return the new version.

    `seen` is the version that the caller has just found there and checked; only zeros follow this
    offset in it, or if `is_torn`, a line that is overwritten. After CannotCheck the journal is as
    before. A line that is not committed yet is ignored.
    """
    line = text + (b"\n" if is_committed else PREPARED)

    def write() -> Version:
        with closed(open_regular(path, os.O_RDWR, was_regular=True)) as descriptor:
            found = os.fstat(descriptor)
            is_as_seen = version_of(found) == seen
            if not is_as_seen:
                check_private(path, descriptor)
            if offset + len(line) > MOST:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            size = found.st_size
            try:
                if size > offset and (is_torn or not is_as_seen):
                    _clear(descriptor, offset)
                    size = offset
                _write_line(descriptor, line, offset, size)
                os.fdatasync(descriptor)
                return version_of(os.fstat(descriptor))
            except OSError as error:
                _undo(descriptor, offset, path, error)
                raise

    try:
        return reserve.with_room_from(reserve.folder_of(path), len(text) + ROOM, write)
    except OSError as error:
        raise cannot("write", path, error) from None


def _clear(descriptor: int, offset: int) -> None:
    """Remove what follows this offset from the disk.

    Else a power failure could leave parts of two lines there, which would be damage.
    """
    os.ftruncate(descriptor, offset)
    os.fsync(descriptor)


def _write_line(descriptor: int, line: bytes, offset: int, size: int) -> None:
    """Write a line into a file of this size, and zeros after it if the file becomes longer."""
    end = offset + len(line)
    text = line + bytes(-end % ROOM) if end > size else line
    written = 0
    while written < len(text):
        try:
            written += os.pwrite(descriptor, text[written:], offset + written)
        except OSError:
            if written < len(line):
                raise
            return  # the disk is full, and the line needs no zeros


def _undo(descriptor: int, offset: int, path: Path, error: OSError) -> None:
    try:
        os.ftruncate(descriptor, offset)
    except OSError:
        if b"\n" in os.pread(descriptor, os.fstat(descriptor).st_size, offset):
            raise maybe_lost(path, error) from None  # others see the change
    with suppress(OSError):
        os.fsync(descriptor)  # else it could be there again after a power failure
    # Who has seen the line compares sizes and times, and the next line can bring the same size.
    time.sleep(TICK)


def commit(path: Path, end: int) -> Version:
    """Commit the prepared line whose last byte is before this offset, and return the new version.

    Others see the change then, but if it is not on disk, a power failure can undo it. Raises
    CannotCheck.
    """
    try:
        descriptor = open_regular(path, os.O_RDWR, was_regular=True)  # when it was prepared
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
    text = read(path, 0)
    return text.count(b"\n", 0, offset) + 1 if text is not None else 1


def line_naming(path: Path, name: str) -> int:
    """Return the number of the last line that changes this document, for errors."""
    kept = (read(path, 0) or b"").split(b"\n")
    needle = msgspec.json.encode(name) + b":"
    return max((number for number, text in enumerate(kept, 1) if needle in text), default=1)


def missing(path: Path, base: Path) -> StoreDamaged:
    """Return the error for a base whose journal is missing."""
    return StoreDamaged(
        _(
            "{path} is missing, the journal of {name}. Recent changes are in it, so nothing was "
            "changed; restore the store from a backup.",
            path=path,
            name=base.name,
        )
    )


def without_base(path: Path, base: Path) -> StoreDamaged:
    """Return the error for a journal whose base is missing."""
    return StoreDamaged(
        _(
            "{base} is missing, the file to which the changes in {name} belong. Nothing was "
            "changed; restore the store from a backup.",
            base=base,
            name=path.name,
        )
    )
