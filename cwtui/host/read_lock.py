"""Read files while nobody writes them, without writing, so that it works on read-only media.

A writer holds the lock exclusively (`files.exclusive`); readers share it. The lock is a flock(2)
on a separate file, which needs no write permission. Only the lock file may have to be created. If
that is impossible here, a writer may still exist: the folder can be mounted read-only here and
writable elsewhere. So if a lock file appears while reading, the data may be inconsistent.
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
    """Keep others from writing the file in this block. Raises CannotCheck after `LOCK_SECONDS`."""
    lock = Path(lock_for(path).lock_file)
    try:
        descriptor = _opened(lock)
    except OSError as error:
        raise cannot("lock", lock, error) from None
    if descriptor is None:
        yield
        if exists(lock):
            raise CannotCheck(f"{path} was changed while it was being read. Try again.")
        return
    try:
        _share(descriptor, lock)
        yield
    finally:
        os.close(descriptor)


def _opened(lock: Path) -> int | None:
    """Open the lock file, creating it if needed; None if it cannot be created."""
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
