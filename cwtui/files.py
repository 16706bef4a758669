"""Private files: 0700 folders, 0600 files, replaced as a whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from cwtui.accounts.errors import CannotCheck, StoreExposed

LOCK_SECONDS: Final = 10.0


def make_private_folder(folder: Path) -> None:
    """Make the folder for its owner alone, or check that it is so. Raises CannotCheck."""
    try:
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
    except OSError as error:
        raise cannot("make", folder, error) from None
    check_private(folder)


def check_private(path: Path) -> None:
    """Raise StoreExposed unless only its owner, who is us, can reach the file or folder."""
    try:
        found = path.stat()
    except OSError as error:
        raise cannot("read", path, error) from None
    if found.st_uid != os.geteuid():
        raise StoreExposed(
            f"{path} belongs to another user (uid {found.st_uid}). Run cwtui as that user, "
            f"or give it back with: chown {os.geteuid()} {path}"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = "700" if stat.S_ISDIR(found.st_mode) else "600"
        raise StoreExposed(
            f"Others on this host can reach {path}. Check who did, then run: chmod {mode} {path}"
        )


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file by a new one, 0600, that is on disk before it has the name.

    Whoever reads sees all of the old or all of the new. Raises CannotCheck: the old one stays.
    """
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise cannot("write", path, error) from None
    _sync_folder(path.parent)


def append_durably(path: Path, content: bytes) -> None:
    """Add to the end of a file, 0600, on disk before this returns; the caller holds a lock.

    Raises CannotCheck: the file is then as long as before.
    """
    try:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0):
            length = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, content)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, length)
                raise
    except OSError as error:
        raise cannot("write", path, error) from None
    if is_new:
        _sync_folder(path.parent)


@contextmanager
def exclusive(lock: FileLock) -> Iterator[None]:
    """Hold the lock. It dies with its process. Raises CannotCheck after `LOCK_SECONDS`."""
    try:
        lock.acquire()
    except Timeout:
        raise CannotCheck(
            f"Another cwtui has held {lock.lock_file} for {LOCK_SECONDS:g} seconds. Try again."
        ) from None
    except OSError as error:
        raise cannot("write", Path(lock.lock_file), error) from None
    try:
        yield
    finally:
        lock.release()


def lock_for(path: Path) -> FileLock:
    """The lock that guards the file, kept beside it as a file of its own."""
    return FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_SECONDS, mode=0o600)


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot("write", folder, error) from None


def cannot(verb: str, path: Path, error: OSError) -> CannotCheck:
    """The sentence for a call of the operating system that failed."""
    reason = (error.strerror or str(error)).lower()
    return CannotCheck(f"Cannot {verb} {path}: {reason}. Nothing was changed.")
