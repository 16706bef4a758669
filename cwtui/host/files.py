"""Private files: 0700 folders, 0600 files, replaced as a whole or not at all."""

import errno
import os
import pwd
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from cwtui.accounts.errors import CannotCheck, StoreExposed, StoreMissing
from cwtui.accounts.text import shortened, visible
from cwtui.host import reserve
from cwtui.host.untrusted_files import NotRegular, check_regular, open_regular

_OURS: Final = ("accounts.json", "keyring.json", "audit.jsonl")
LOCK_SECONDS: Final = 10.0
_LONG: Final = 0.05
"""Seconds after which others hardly find a lock free that is taken again and again: filelock
looks for it once in that time.
"""
_TURN: Final = 0.12
"""Seconds in which they look for it twice."""
_released: Final[dict[str, float]] = {}
"""When this process gave back a lock that it had held for long, on the monotonic clock."""


def make_private_folder(folder: Path) -> None:
    """Make the folder for its owner alone, or check that it is so. Raises CannotCheck."""
    try:
        _make_with_parents(folder)
    except OSError as error:
        raise cannot("make", folder, error) from None
    check_private(folder)


def _make_with_parents(folder: Path) -> None:
    # All of them private, whatever the umask: others must not put another folder in its place.
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        _make_with_parents(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        return
    folder.chmod(0o700)


def check_private(path: Path, descriptor: int | None = None) -> None:
    """Raise StoreExposed unless only its owner, who is us, can reach the file or folder.

    Looks at the open `descriptor` where it is given: the name may be another file's by now.
    """
    try:
        found = path.stat() if descriptor is None else os.fstat(descriptor)
        if not stat.S_ISDIR(found.st_mode):
            check_regular(path, found.st_mode)
    except OSError as error:
        raise cannot("read", path, error) from None
    if found.st_uid != os.geteuid():
        raise StoreExposed(
            f"{path} belongs to another user (uid {found.st_uid}). {_for_owner(path, found.st_uid)}"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StoreExposed(f"Others on this host can reach {path}. {_remedy(path)}")


def _for_owner(path: Path, uid: int) -> str:
    is_in_ours = path.is_file() and path.parent.stat().st_uid == os.geteuid()
    if os.geteuid() != 0 or is_in_ours:
        return f"Run cwtui as that user, or give it back with: chown {os.geteuid()} {path}"
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"#{uid}"
    import shlex

    # What root wrote, its owner could not use: nobody could sign in any more.
    return f"Run cwtui as that user: sudo -H -u {shlex.quote(name)} cwtui ..."


def _remedy(path: Path) -> str:
    if not path.is_dir():
        return f"Check who did, then run: chmod 600 {path}"
    if path.name == "cwtui" or any((path / name).exists() for name in _OURS):
        return f"Check who did, then run: chmod 700 {path}"
    # A mistyped path, such as /srv: closing it would break the host.
    return f"Choose a folder of its own, such as {path / 'cwtui'}"


def exists(path: Path) -> bool:
    """Whether there is such a file or folder. Raises CannotCheck where that cannot be seen."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise cannot("read", path, error) from None
    except ValueError:  # a lone surrogate, or NUL
        raise CannotCheck(f"No file can have the name {visible(str(path))}.") from None
    return True


def check_folder(folder: Path) -> None:
    """Raise StoreMissing unless the folder is there: only setting up makes folders."""
    if not exists(folder):
        raise StoreMissing(f"There is no folder {folder}. If it is on another disk, mount it.")


def is_read_only(folder: Path) -> bool:
    """Whether this process can write nothing there: a read-only file system, or no right to."""
    return not os.access(folder, os.W_OK, effective_ids=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file by a new one, 0600, that is on disk before it has the name.

    Whoever reads sees all of the old or all of the new. The caller holds a lock, and what a killed
    writer left under the temporary name is overwritten. Raises CannotCheck: the old one stays.
    """
    rename(prepare(path, content), path)


def prepare(path: Path, content: bytes) -> Path:
    """The new file, on disk under its temporary name. Raises CannotCheck."""
    temporary = temporary_of(path)
    try:
        reserve.with_room_from(
            path.parent, len(content), lambda: _write_new(temporary, content, _later_than(path))
        )
    except OSError as error:
        raise cannot("write", path, error) from None
    return temporary


def _write_new(path: Path, content: bytes, time_ns: int) -> None:
    path.unlink(missing_ok=True)
    with new_file(path) as descriptor:
        write_all(descriptor, content)
        os.utime(descriptor, ns=(time_ns, time_ns))


@contextmanager
def new_file(path: Path) -> Iterator[int]:
    """A file that was not there, 0600, to be written by its descriptor.

    At the end of the block it is on disk; after an exception it is gone. Raises OSError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with _closed(os.open(path, flags, 0o600)) as descriptor:
        try:
            yield descriptor
            os.fsync(descriptor)
        except BaseException:
            discard(path)
            raise


def temporary_of(path: Path) -> Path:
    """Under which name the new file is written."""
    return path.with_name(f".{path.name}.new")


def rename(temporary: Path, path: Path) -> None:
    """Give the prepared file its name. Raises CannotCheck: the old one stays."""
    try:
        temporary.replace(path)
    except OSError as error:
        discard(temporary)
        raise cannot("write", path, error) from None
    sync_folder(path.parent)
    reserve.keep_beside(path)


def keep(path: Path, version: str) -> None:
    """Keep the file as it is under a second name, `path.version`, unless it was kept before.

    Raises CannotCheck.
    """
    try:
        with suppress(FileExistsError, FileNotFoundError):
            os.link(path, path.with_name(f"{path.name}.{version}"))
    except OSError as error:
        raise cannot("keep a copy of", path, error) from None


def discard(temporary: Path) -> None:
    """Remove a prepared file that is not wanted."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _later_than(path: Path) -> int:
    # A file's number may be used again at once, and its clock ticks in milliseconds: only a time
    # that rises with each write tells a reader that the file is another one.
    before = path.stat().st_mtime_ns if path.exists() else 0
    return max(time.time_ns(), before + 1)


def append_durably(path: Path, line: bytes) -> None:
    """Add a line to the end of a file, 0600, on disk before this returns; the caller holds a lock.

    Raises CannotCheck: the file is then as long as before.
    """
    is_new = not exists(path)
    if not is_new:
        check_private(path)
    try:
        reserve.with_room_from(path.parent, len(line), lambda: _append(path, line))
    except OSError as error:
        raise cannot("write", path, error) from None
    if is_new:
        sync_folder(path.parent)
    reserve.keep(path.parent)


def _append(path: Path, line: bytes) -> None:
    with _closed(open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)) as descriptor:
        _append_line(descriptor, line)


def _append_line(descriptor: int, line: bytes) -> None:
    length = os.fstat(descriptor).st_size
    # What a power failure left half-written keeps its own line.
    is_torn = length > 0 and os.pread(descriptor, 1, length - 1) != b"\n"
    try:
        write_all(descriptor, b"\n" * is_torn + line + b"\n")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, length)
        raise


@contextmanager
def _closed(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        with suppress(OSError):  # it is closed all the same, and what counts was fsynced before
            os.close(descriptor)


def held_too_long(lock: object) -> CannotCheck:
    """What to raise where another process does not give the lock back."""
    return CannotCheck(f"Another cwtui has held {lock} for {LOCK_SECONDS:g} seconds. Try again.")


@contextmanager
def exclusive(lock: FileLock) -> Iterator[None]:
    """Hold the lock. It dies with its process. Raises CannotCheck after `LOCK_SECONDS`.

    Who held it for long and wants it again at once lets others have a turn.
    """
    _give_others_a_turn(lock.lock_file)
    check_folder(Path(lock.lock_file).parent)  # filelock would make it
    try:
        with suppress(FileNotFoundError):  # a FIFO can be locked as well, but is not ours
            check_regular(Path(lock.lock_file))
        reserve.with_room_from(Path(lock.lock_file).parent, 0, lock.acquire)
    except Timeout:
        raise held_too_long(lock.lock_file) from None
    except OSError as error:
        raise cannot("write", Path(lock.lock_file), error) from None
    since = time.monotonic()
    try:
        yield
    finally:
        lock.release()
        now = time.monotonic()
        if now - since > _LONG:
            _released[lock.lock_file] = now


def _give_others_a_turn(lock_file: str) -> None:
    released = _released.pop(lock_file, None)
    if released is not None:
        time.sleep(max(0.0, released + _TURN - time.monotonic()))


def lock_for(path: Path) -> FileLock:
    """The lock that guards the file, kept beside it as a file of its own."""
    lock = path.with_name(f".{path.name}.lock")
    # The soft lock that it may fall back to would outlive its process.
    return FileLock(lock, timeout=LOCK_SECONDS, mode=0o600, fallback_to_soft=False)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, as one call need not. Raises OSError."""
    while content:
        content = content[os.write(descriptor, content) :]


def sync_folder(folder: Path) -> None:
    """Bring to disk which names are in the folder. Raises CannotCheck."""
    try:
        with _closed(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as descriptor:
            os.fsync(descriptor)
    except OSError as error:
        raise CannotCheck(
            f"Cannot write {folder} to disk: {_reason(error)}. "
            "What was changed last may be lost if this host stops now."
        ) from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def cannot(verb: str, path: Path, error: OSError) -> CannotCheck:
    """The sentence for a call of the operating system that failed."""
    if error.errno == errno.ELOOP:
        error = NotRegular("a symbolic link", path)
    remedy = ""
    if isinstance(error, NotRegular):
        path, remedy = Path(error.filename), " Check who put it there, and move it away."
    return CannotCheck(
        f"Cannot {verb} {shortened(str(path))}: {_reason(error)}.{remedy} Nothing was changed."
    )
