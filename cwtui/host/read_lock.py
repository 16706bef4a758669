"""Reading while nobody writes, without writing: so that it works on read-only media.

A writer holds the lock of a file alone (`files.exclusive`); readers share it. A lock is a flock(2)
on a file of its own, which takes no right to write. Only the file itself may have to be made; where
that is impossible, no writer that sees this folder as we do can have made one either. Another one
may: the same folder can be mounted read-only here and writable elsewhere. So a lock file that
appears meanwhile means that what was read may be half old and half new.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from cwtui.host.files import LOCK_SECONDS, cannot, exists, held_too_long, lock_for
from cwtui.host.untrusted_files import open_regular

_NOT_TO_BE_MADE: Final = (errno.EROFS, errno.EACCES, errno.EPERM)
_HELD: Final = (errno.EAGAIN, errno.EACCES)
_PAUSE: Final = 0.05


@contextmanager
def undisturbed(path: Path) -> Iterator[None]:
    """Nobody writes the file while the block runs. Raises CannotCheck after `LOCK_SECONDS`."""
    lock = Path(lock_for(path).lock_file)
    try:
        descriptor = _opened(lock)
    except OSError as error:
        raise cannot("lock", lock, error) from None
    if descriptor is None:
        yield
        if exists(lock):
            raise CannotCheck(f"{path} was written while it was read. Try again.")
        return
    try:
        _share(descriptor, lock)
        yield
    finally:
        os.close(descriptor)


def _opened(lock: Path) -> int | None:
    """The lock file, made if need be; None: there is none, and it cannot be made."""
    flags = os.O_RDONLY | os.O_NOFOLLOW
    try:
        return open_regular(lock, flags)
    except FileNotFoundError:
        pass
    try:
        return reserve.with_room_from(
            lock.parent, 0, lambda: open_regular(lock, flags | os.O_CREAT)
        )
    except OSError as error:
        if error.errno in _NOT_TO_BE_MADE:
            return None
        raise


def _share(descriptor: int, lock: Path) -> None:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _HELD:
                raise cannot("lock", lock, error) from None
        else:
            return
        if time.monotonic() > until:
            raise held_too_long(lock)
        time.sleep(_PAUSE)
