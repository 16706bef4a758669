"""Files are opened without trust in what is there: regular files only, read up to a limit.

A FIFO keeps whoever opens it waiting, a device may never end, and opening one may do something.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 12
_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegular(OSError):
    """There is a FIFO, a socket, a device, a folder, or a link that leads to itself."""

    strerror: str

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(errno.EINVAL, f"it is {what}, not a regular file", str(path))


class TooLarge(OSError):
    """The file has more bytes than such a file can have."""

    strerror: str

    def __init__(self, most: int, path: Path) -> None:
        super().__init__(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """A descriptor of the regular file; `flags` and `mode` as for os.open.

    Never waits for the other end of a FIFO. Raises OSError, of which NotRegular is one.
    """
    with suppress(FileNotFoundError):  # os.open says so, or makes it
        check_regular(path)
    flags |= os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, flags, mode)
    try:
        # Another file may have the name by now.
        check_regular(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(path: Path, most: int) -> bytes:
    """All of the regular file, which has at most so many bytes. Raises OSError, as above, and
    TooLarge.
    """
    descriptor = open_regular(path)
    try:
        return read_opened(descriptor, most, path)
    finally:
        os.close(descriptor)


def check_size(descriptor: int, most: int, path: Path) -> None:
    """Raise TooLarge if the open file has more bytes now."""
    if os.fstat(descriptor).st_size > most:
        raise TooLarge(most, path)


def check_regular(path: Path, mode: int | None = None) -> None:
    """Raise NotRegular if the path leads to something else, and OSError if it leads nowhere.

    `mode` is that of what was found there, where somebody looked already.
    """
    try:
        mode = path.stat().st_mode if mode is None else mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotRegular("a symbolic link", path) from None
        raise
    if not stat.S_ISREG(mode):
        kinds = (name for is_kind, name in _KINDS if is_kind(mode))
        raise NotRegular(next(kinds, "something else"), path)


def read_opened(descriptor: int, most: int, path: Path) -> bytes:
    """The same of an open file that nothing was read from."""
    check_size(descriptor, most, path)
    # What a file says of its size need not be so: those of /proc are empty until they are read.
    expected = os.fstat(descriptor).st_size
    pieces: list[bytes] = []
    read = 0
    while piece := os.read(descriptor, min(max(expected, _PIECE), most) + 1 - read):
        pieces.append(piece)
        read += len(piece)
        if read > most:
            raise TooLarge(most, path)
        expected = max(expected, read + _PIECE)
    return b"".join(pieces)
