"""Open files without trusting them: only regular files, and only up to a size limit.

Opening a FIFO can block, a device may never end, and opening a device may have side effects.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from cwtui.language import N_, _, grouped

_PIECE: Final = 1 << 12
_KINDS: Final = (
    (stat.S_ISDIR, N_("a folder")),
    (stat.S_ISFIFO, N_("a pipe")),
    (stat.S_ISSOCK, N_("a socket")),
    (stat.S_ISCHR, N_("a device")),
    (stat.S_ISBLK, N_("a device")),
)


class NotRegular(OSError):
    """The path is a FIFO, a socket, a device, a folder, or a link that leads to itself."""

    strerror: str

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(
            errno.EINVAL, _("it is {what}, not a regular file", what=_(what)), str(path)
        )


class TooLarge(OSError):
    """The file exceeds the size limit for its kind."""

    strerror: str

    def __init__(self, most: int, path: Path) -> None:
        super().__init__(
            errno.EFBIG, _("it is larger than {most} bytes", most=grouped(most)), str(path)
        )


def open_regular(
    path: Path, flags: int = os.O_RDONLY, mode: int = 0o600, *, was_regular: bool = False
) -> int:
    """Open the regular file and return its descriptor; `flags` and `mode` are those of os.open.

    `was_regular`: the caller has just looked at it. Never blocks on a FIFO. Raises OSError,
    including NotRegular.
    """
    if not was_regular:
        with suppress(FileNotFoundError):  # os.open raises it, or creates the file
            check_regular(path)
    flags |= os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, flags, mode)
    try:
        # Check again, as the name may belong to another file by now.
        check_regular(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_still_at(path: Path, found: os.stat_result) -> bool:
    """Whether the open file that was found is the one with this path. Raises OSError."""
    try:
        return os.path.samestat(path.stat(), found)
    except FileNotFoundError:
        return False


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of the regular file, at most `most` bytes.

    Raises OSError, including NotRegular and TooLarge.
    """
    descriptor = open_regular(path)
    try:
        return read_opened(descriptor, most, path)
    finally:
        os.close(descriptor)


def check_size(descriptor: int, most: int, path: Path) -> None:
    """Raise TooLarge if the open file has more than `most` bytes."""
    if os.fstat(descriptor).st_size > most:
        raise TooLarge(most, path)


def check_regular(path: Path, mode: int | None = None) -> None:
    """Raise NotRegular unless the path is a regular file, and OSError if it does not exist.

    `mode` is the file's mode if it is already known.
    """
    try:
        mode = path.stat().st_mode if mode is None else mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotRegular(N_("a symbolic link"), path) from None
        raise
    if not stat.S_ISREG(mode):
        kinds = (name for is_kind, name in _KINDS if is_kind(mode))
        raise NotRegular(next(kinds, N_("something else")), path)


def read_opened(descriptor: int, most: int, path: Path) -> bytes:
    """Like `read_regular`, for a file that was just opened."""
    check_size(descriptor, most, path)
    # The reported size may be wrong: files in /proc report 0.
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
