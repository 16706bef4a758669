"""Private files: folders with mode 0700, files with mode 0600 that are replaced atomically."""

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from cwtui.accounts.errors import CannotCheck, StoreExposed, StoreMissing
from cwtui.accounts.text import shortened, visible
from cwtui.host import owners, reserve
from cwtui.host.reasons import reason_of
from cwtui.host.untrusted_files import NotRegular, check_regular, open_regular
from cwtui.language import N_, _

_OURS: Final = ("accounts.json", "keyring.json", "audit.jsonl")


def make_private_folder(folder: Path) -> None:
    """Create the folder with mode 0700, or check that it is private. Raises CannotCheck."""
    try:
        _make_with_parents(folder)
    except OSError as error:
        raise cannot("create", folder, error) from None
    check_private(folder)


def _make_with_parents(folder: Path) -> None:
    # All parents are private whatever the umask, so that others cannot replace the folder.
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
    """Raise StoreExposed unless this user owns the file or folder and nobody else can access it.

    Checks the open `descriptor` if given, because the name may belong to another file by now.
    """
    try:
        found = path.stat() if descriptor is None else os.fstat(descriptor)
        check_found(path, found)
    except OSError as error:
        raise cannot("read", path, error) from None


def check_owner(folder: Path) -> None:
    """Raise StoreExposed unless this user owns the folder, and CannotCheck."""
    try:
        found = folder.stat()
    except OSError as error:
        raise cannot("read", folder, error) from None
    if found.st_uid != os.geteuid():
        raise StoreExposed(owners.of_another(folder, found.st_uid))


def check_found(path: Path, found: os.stat_result) -> None:
    """Like `check_private`, for the file or folder that was found there. Raises NotRegular too."""
    if not stat.S_ISDIR(found.st_mode):
        check_regular(path, found.st_mode)
    if found.st_uid != os.geteuid():
        raise StoreExposed(owners.of_another(path, found.st_uid))
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StoreExposed(
            _("Other users can access {path}. {remedy}", path=path, remedy=_remedy(path))
        )


def _remedy(path: Path) -> str:
    if not path.is_dir():
        return _("Check whether anyone did, then run: chmod 600 {path}", path=path)
    if path.name == "cwtui" or any((path / name).exists() for name in _OURS):
        return _("Check whether anyone did, then run: chmod 700 {path}", path=path)
    # For a mistyped path, such as /srv, chmod would break the host.
    return _("Choose a separate folder, such as {folder}", folder=path / "cwtui")


Version: TypeAlias = tuple[int, ...]
"""A value that differs for each version of a file, its owner and its mode."""


def version_of(found: os.stat_result) -> Version:
    """Return the version of the file that was found."""
    return (
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_mode,
        found.st_uid,
    )


def is_regular(version: Version) -> bool:
    """Whether this was the version of a regular file."""
    return stat.S_ISREG(version[4])


def exists(path: Path, *, follow_symlinks: bool = True) -> bool:
    """Whether the file or folder exists. Raises CannotCheck if that cannot be determined."""
    try:
        path.stat(follow_symlinks=follow_symlinks)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise cannot("read", path, error) from None
    except ValueError:  # a lone surrogate, or NUL
        raise CannotCheck(_("{path} is not a valid file name.", path=visible(str(path)))) from None
    return True


def check_folder(folder: Path) -> None:
    """Raise StoreMissing unless the folder exists, because only setup creates folders."""
    if not exists(folder):
        raise StoreMissing(
            _(
                "The folder {folder} is missing. If it is on another disk, mount that disk.",
                folder=folder,
            )
        )


def is_read_only(folder: Path) -> bool:
    """Whether this process cannot write there: a read-only file system, or no permission."""
    return not os.access(folder, os.W_OK, effective_ids=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file with a new one of mode 0600, which is synced before the rename.

    Readers see either the old or the new version. The caller holds a lock; a temporary file left
    by a killed writer is overwritten. After CannotCheck, the old file remains.
    """
    rename(prepare(path, content), path)


def prepare(path: Path, content: bytes) -> Path:
    """Write the new file to disk and return its temporary path. Raises CannotCheck."""
    temporary = temporary_of(path)
    try:
        reserve.with_room_from(
            path.parent, len(content), lambda: _write_new(temporary, content, later_than(path))
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
def new_file(path: Path, *, or_abandoned: bool = False) -> Iterator[int]:
    """Create a file with mode 0600 that must not exist, and yield its descriptor.

    `or_abandoned`: as for `open_new`. The file is synced at the end of the block, and removed after
    an exception. Raises OSError.
    """
    with closed(open_new(path, or_abandoned=or_abandoned)) as descriptor:
        try:
            yield descriptor
            os.fsync(descriptor)
        except BaseException:
            discard(path)
            raise


def open_new(path: Path, *, or_abandoned: bool = False) -> int:
    """Create a file with mode 0600 that must not exist, and return its descriptor.

    `or_abandoned`: it may exist if it is private, empty, and no such call has it open: a process
    that was killed left it. Raises OSError.
    """
    flags, is_new = os.O_WRONLY | os.O_CLOEXEC, True
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if not or_abandoned or not stat.S_ISREG(path.lstat().st_mode):
            raise
        descriptor, is_new = open_regular(path, flags | os.O_NOFOLLOW), False
    if or_abandoned and not _is_for_us_alone(descriptor, path, is_new=is_new):
        close(descriptor)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    return descriptor


def _is_for_us_alone(descriptor: int, path: Path, *, is_new: bool) -> bool:
    """Whether the file is empty, private, and open in no other process that asked the same."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return is_new  # a file system without locks
    found = os.fstat(descriptor)
    # Whoever had the lock before may have written to the file or removed it.
    try:
        is_there = os.path.samestat(path.lstat(), found)
    except FileNotFoundError:
        return False
    is_private = found.st_uid == os.geteuid() and (
        is_new or not stat.S_IMODE(found.st_mode) & 0o077
    )
    return is_there and is_private and found.st_nlink == 1 and not found.st_size


def temporary_of(path: Path) -> Path:
    """Return the temporary path under which a new version of the file is written."""
    return path.with_name(f".{path.name}.new")


def rename(temporary: Path, path: Path) -> None:
    """Replace the file with the prepared one. After CannotCheck, the old file remains."""
    try:
        temporary.replace(path)
    except OSError as error:
        discard(temporary)
        raise cannot("write", path, error) from None
    sync_folder(path.parent)
    reserve.keep_beside(path)


def keep(path: Path, version: str) -> None:
    """Keep the current file under a second name, `path.version`, unless that name exists.

    Raises CannotCheck.
    """
    try:
        with suppress(FileExistsError, FileNotFoundError):
            os.link(path, path.with_name(f"{path.name}.{version}"))
    except OSError as error:
        raise cannot("keep a copy of", path, error) from None


def discard(temporary: Path) -> None:
    """Remove a prepared file that is not needed. Ignores errors."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def later_than(path: Path) -> int:
    """Return a time for a new version of this file, in nanoseconds since the epoch."""
    # Inode numbers may be reused at once, and file times have coarse steps. Readers notice a new
    # version only if its time is always later than the previous one's.
    before = path.stat().st_mtime_ns if path.exists() else 0
    return max(time.time_ns(), before + 1)


class Appendable(NamedTuple):
    """A private file that is open for appending: its length, and whether it ends within a line."""

    descriptor: int
    length: int
    is_torn: bool


def append_durably(path: Path, line: bytes, opened: Appendable | None = None) -> None:
    """Append a line to a file with mode 0600 and sync it. The caller holds a lock.

    `opened` is the file if the caller has it open; else it is opened, or made if it is missing.
    After CannotCheck, the file is as long as before.
    """
    folder, is_new = reserve.folder_of(path), opened is None and not exists(path)

    def write() -> None:
        if opened is not None:
            _append_line(opened, line)
        else:
            _append(path, line)

    try:
        reserve.with_room_from(folder, len(line), write)
    except OSError as error:
        raise cannot("write", path, error) from None
    if is_new:
        sync_folder(folder)
    reserve.keep(folder)


def _append(path: Path, line: bytes) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    with closed(open_regular(path, flags)) as descriptor:
        found = os.fstat(descriptor)
        check_found(path, found)
        length = found.st_size
        is_torn = length > 0 and os.pread(descriptor, 1, length - 1) != b"\n"
        _append_line(Appendable(descriptor, length, is_torn), line)


def _append_line(opened: Appendable, line: bytes) -> None:
    descriptor, length, is_torn = opened
    try:
        # A partial line left by a power failure keeps its own line.
        write_all(descriptor, b"\n" * is_torn + line + b"\n")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, length)
        raise


class _Closed:
    """Quicker than a generator: each change of a store opens several files."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        close(self._descriptor)


def closed(descriptor: int) -> AbstractContextManager[int]:
    """Close the descriptor at the end of the block. Errors of closing are ignored."""
    return _Closed(descriptor)


def close(descriptor: int) -> None:
    """Close the descriptor. Errors are ignored."""
    try:
        os.close(descriptor)
    except OSError:
        return  # it is closed anyway, and important data was synced before


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything, as a single call of os.write may not. Raises OSError."""
    while content:
        content = content[os.write(descriptor, content) :]


def sync_folder(folder: Path) -> None:
    """Sync the folder's list of names to disk. Raises CannotCheck."""
    try:
        with closed(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as descriptor:
            os.fsync(descriptor)
    except OSError as error:
        raise maybe_lost(folder, error) from None


def maybe_lost(path: Path, error: OSError) -> CannotCheck:
    """Return the error for a change that is visible, but perhaps not on disk."""
    return CannotCheck(
        _(
            "Cannot write {path} to disk: {reason}. The last change may be lost if this host "
            "stops now.",
            path=path,
            reason=reason_of(error),
        )
    )


_CANNOT: Final = {
    "create": N_("Cannot create {path}: {reason}."),
    "keep a copy of": N_("Cannot keep a copy of {path}: {reason}."),
    "keep the old store in": N_("Cannot keep the old store in {path}: {reason}."),
    "lock": N_("Cannot lock {path}: {reason}."),
    "read": N_("Cannot read {path}: {reason}."),
    "remove": N_("Cannot remove {path}: {reason}."),
    "restore": N_("Cannot restore {path}: {reason}."),
    "write": N_("Cannot write {path}: {reason}."),
}


def cannot(verb: str, path: Path, error: OSError) -> CannotCheck:
    """Return the error for a failed system call, such as "Cannot read PATH: REASON."."""
    if error.errno == errno.ELOOP:
        error = NotRegular(N_("a symbolic link"), path)
    remedy = ""
    if isinstance(error, NotRegular):
        path, remedy = Path(error.filename), _("Find out who put it there, and move it away.")
    elif error.errno == errno.EACCES:
        remedy = owners.where_denied(path)
    said = _(_CANNOT[verb], path=shortened(str(path)), reason=reason_of(error))
    return CannotCheck(" ".join(filter(None, (said, remedy, _("Nothing was changed.")))))
