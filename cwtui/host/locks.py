"""Locks on files: a writer holds one alone, readers share it, and it ends with the process.

The lock of a file is a flock(2) on a separate file beside it, which needs no write permission, so
that readers can take it on read-only media. Only the lock file may have to be created. If that is
impossible here, a writer may still exist: the folder can be mounted read-only here and writable
elsewhere. So if a lock file appears while reading, the data may be inconsistent.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from cwtui.host.files import cannot, check_folder, close, closed, exists
from cwtui.host.untrusted_files import open_regular
from cwtui.language import _

LOCK_SECONDS: Final = 10.0
"""How long to wait for another process."""
_LONG: Final = 0.05
"""Seconds after which a lock was held for long."""
_TURN: Final = 0.01
"""Seconds in which those who wait get the lock."""
_released: Final[dict[Path, float]] = {}
"""When this process released a lock that it had held for long, in monotonic seconds."""
_waiting: Final = BoundedSemaphore(16)
"""How many more threads may wait for locks."""
_NOT_TO_BE_MADE: Final = (errno.EROFS, errno.EACCES, errno.EPERM)


@lru_cache(maxsize=256)
def lock_of(path: Path) -> Path:
    """Return the lock file of this file."""
    return path.with_name(f".{path.name}.lock")


def exclusive(
    path: Path, check: Callable[[], object] | None = None
) -> AbstractContextManager[None]:
    """Hold the lock of this file alone. Raises CannotCheck after `LOCK_SECONDS`.

    A process that held it for long and wants it again at once first lets others have a turn.
    `check` raises CannotCheck if no lock file may be created in this folder.
    """
    return _Exclusive(path, check)


class _Exclusive:
    """Quicker than a generator: a sign-in takes six locks."""

    def __init__(self, path: Path, check: Callable[[], object] | None) -> None:
        self._lock = lock_of(path)
        self._check = check
        self._descriptor = -1
        self._since = 0.0

    def __enter__(self) -> None:
        _give_others_a_turn(self._lock)
        self._descriptor = _writable(self._lock, self._check)
        try:
            _take(self._descriptor, fcntl.LOCK_EX, self._lock)
        except BaseException:
            close(self._descriptor)
            raise
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        now = time.monotonic()
        if now - self._since > _LONG:
            _released[self._lock] = now
        close(self._descriptor)


@contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Hold the lock of this file alone if nobody has it, and yield whether. Raises CannotCheck."""
    lock = lock_of(path)
    with closed(_writable(lock)) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_held = True
        except BlockingIOError:
            is_held = False
        except OSError as error:
            raise cannot("lock", lock, error) from None
        yield is_held


@contextmanager
def undisturbed(path: Path) -> Iterator[None]:
    """Keep others from writing the file in this block. Raises CannotCheck after `LOCK_SECONDS`."""
    lock = lock_of(path)
    try:
        descriptor = _opened(lock)
    except OSError as error:
        raise cannot("lock", lock, error) from None
    if descriptor is None:
        yield
        if exists(lock):
            raise CannotCheck(
                _("{path} was changed while it was being read. Try again.", path=path)
            )
        return
    with closed(descriptor):
        _take(descriptor, fcntl.LOCK_SH, lock)
        yield


@contextmanager
def in_turn(threads: Lock, path: Path) -> Iterator[None]:
    """Hold the lock among threads that want this file. Raises CannotCheck after `LOCK_SECONDS`."""
    if not threads.acquire(timeout=LOCK_SECONDS):
        raise _held_too_long(lock_of(path))
    try:
        yield
    finally:
        threads.release()


def _writable(lock: Path, check: Callable[[], object] | None = None) -> int:
    """Open the lock file for writing, creating it if needed. Raises CannotCheck."""
    try:
        with suppress(FileNotFoundError):
            return open_regular(lock, os.O_RDWR | os.O_NOFOLLOW)
        (check or partial(check_folder, reserve.folder_of(lock)))()
        return _created(lock, os.O_RDWR)
    except OSError as error:
        raise cannot("write", lock, error) from None


def _opened(lock: Path) -> int | None:
    """Open the lock file, creating it if needed; None if it cannot be created."""
    with suppress(FileNotFoundError):
        return open_regular(lock, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        return _created(lock, os.O_RDONLY)
    except OSError as error:
        if error.errno in _NOT_TO_BE_MADE:
            return None
        raise


def _created(lock: Path, flags: int) -> int:
    flags |= os.O_CREAT | os.O_NOFOLLOW
    return reserve.with_room_from(reserve.folder_of(lock), 0, lambda: open_regular(lock, flags))


def _take(descriptor: int, kind: int, lock: Path) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        _wait(descriptor, kind, lock)
    except OSError as error:
        raise cannot("lock", lock, error) from None


def _wait(descriptor: int, kind: int, lock: Path) -> None:
    """Wait for the lock without looking again and again."""
    # flock has no time limit, so another thread waits, with a descriptor of its own for the same
    # lock. If that thread comes too late, closing both gives the lock back.
    is_done, failures = Event(), list[OSError]()

    def wait(same: int) -> None:
        with closed(same):
            try:
                fcntl.flock(same, kind)
            except OSError as error:
                failures.append(error)
            is_done.set()
        _waiting.release()

    # If a process was stopped with its lock, threads that came too late go on waiting.
    if not _waiting.acquire(blocking=False):
        _look_again(descriptor, kind, lock)
        return
    same = os.dup(descriptor)
    try:
        Thread(target=wait, args=(same,), name="lock", daemon=True).start()
    except RuntimeError:  # there can be no more threads
        os.close(same)
        _waiting.release()
        _look_again(descriptor, kind, lock)
        return
    if not is_done.wait(LOCK_SECONDS):
        raise _held_too_long(lock)
    if failures:
        raise cannot("lock", lock, failures[0]) from None


def _look_again(descriptor: int, kind: int, lock: Path) -> None:
    """Wait for the lock without another thread."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        time.sleep(_LONG)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise _held_too_long(lock) from None
        except OSError as error:
            raise cannot("lock", lock, error) from None
        else:
            return


def _held_too_long(lock: Path) -> CannotCheck:
    return CannotCheck(
        _(
            "Another cwtui process has held {path} for {seconds} seconds. Try again.",
            path=lock,
            seconds=f"{LOCK_SECONDS:g}",
        )
    )


def _give_others_a_turn(lock: Path) -> None:
    released = _released.pop(lock, None)
    if released is not None:
        time.sleep(max(0.0, released + _TURN - time.monotonic()))
