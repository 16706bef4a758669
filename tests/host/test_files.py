"""Private files: owner and mode, and that they are replaced completely or not at all."""

import errno
import os
import pwd
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from cwtui import hints
from cwtui.accounts.errors import CannotCheck, StoreExposed
from cwtui.host import reserve
from cwtui.host.files import (
    append_durably,
    cannot,
    check_private,
    exists,
    make_private_folder,
    write_atomically,
)
from cwtui.host.locks import exclusive
from tests.programs import as_root

NOBODY = 65534


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def file(folder: Path) -> Path:
    made = folder / "accounts.json"
    write_atomically(made, b"old")
    return made


# Owner and mode


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_are_0700_and_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """DESIGN 4.7."""
    before = os.umask(umask)
    try:
        made = tmp_path / "one" / "two"
        make_private_folder(made)
        write_atomically(made / "file", b"content")
        append_durably(made / "log", b"line")
        with exclusive(made / "file"):
            assert mode(made / ".file.lock") == 0o600
    finally:
        os.umask(before)
    assert mode(made) == 0o700
    assert mode(made / "file") == 0o600
    assert mode(made / "log") == 0o600


@pytest.mark.parametrize("bits", [0o604, 0o640, 0o602, 0o620, 0o601, 0o666, 0o777])
def test_a_file_accessible_to_others_is_refused(file: Path, bits: int) -> None:
    """DESIGN 4.7: refused with a clear message, and untouched."""
    file.chmod(bits)
    with pytest.raises(StoreExposed) as exposed:
        check_private(file)
    assert str(exposed.value) == (
        f"Other users can access {file}. Check whether anyone did, then run: chmod 600 {file}"
    )
    assert mode(file) == bits


@pytest.mark.parametrize("bits", [0o701, 0o710, 0o750, 0o755, 0o777, 0o1777])
def test_a_folder_accessible_to_others_is_refused(folder: Path, bits: int) -> None:
    """DESIGN 4.7. A folder used by others too, such as a mistyped /srv, is left open."""
    folder.chmod(bits)
    with pytest.raises(StoreExposed, match=f"Choose a separate folder, such as {folder}/cwtui"):
        make_private_folder(folder)
    (folder / "accounts.json").touch()
    with pytest.raises(StoreExposed, match=f"chmod 700 {folder}"):
        make_private_folder(folder)
    assert mode(folder) == bits


@pytest.mark.parametrize(
    ("owner", "remedy"),
    [
        (1000, "Run cwtui as that user, or change the owner"),
        # As after a keyring was copied back by root, who must not run cwtui here.
        (0, "Change the owner, as root"),
    ],
)
def test_a_file_of_another_user_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, owner: int, remedy: str
) -> None:
    """DESIGN 4.7."""
    found = SimpleNamespace(st_mode=stat.S_IFREG | 0o600, st_uid=owner)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    monkeypatch.setattr(Path, "stat", lambda _: found)
    with pytest.raises(StoreExposed) as exposed:
        check_private(file)
    assert str(exposed.value) == (
        f"{file} belongs to another user (uid {owner}). {remedy}: chown {NOBODY} {file}"
    )


def test_who_may_not_look_is_told_whose_folder_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As somebody who runs cwtui-host, and as the owner of a store who restores root's file."""
    ours, name = os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name
    kept, denied = tmp_path / "kept", PermissionError(errno.EACCES, "Permission denied")
    kept.mkdir()
    assert str(cannot("restore", kept / "b.tar", denied)) == (
        f"Cannot restore {kept}/b.tar: permission denied. The Unix user {name} needs access to it. "
        "Nothing was changed."
    )
    found = SimpleNamespace(st_mode=stat.S_IFDIR | 0o700, st_uid=1000)
    monkeypatch.setattr(os, "geteuid", lambda: ours + 1)
    monkeypatch.setattr(Path, "stat", lambda _: found)
    assert str(cannot("read", kept / "store", denied)) == (
        f"Cannot read {kept}/store: permission denied. {kept}/store belongs to another user "
        f"(uid 1000). Run cwtui as that user: {hints.becoming(1000)} cwtui ... Nothing was changed."
    )


@pytest.mark.parametrize("known", [True, False])
def test_root_is_asked_to_run_as_the_owner(
    file: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """The owner could not read what root writes into a store: nobody could sign in."""
    if os.geteuid() == 0:
        os.chown(file, NOBODY, NOBODY)
        os.chown(file.parent, NOBODY, NOBODY)
    owner = file.stat().st_uid

    def entry(uid: int) -> SimpleNamespace:
        assert uid == owner
        if not known:
            raise KeyError(uid)
        return SimpleNamespace(pw_name="the owner")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwuid", entry)
    name = "'the owner'" if known else f"'#{owner}'"
    with pytest.raises(StoreExposed) as exposed:
        check_private(file)
    assert str(exposed.value) == (
        f"{file} belongs to another user (uid {owner}). Run cwtui as that user: "
        f"sudo -H -u {name} cwtui ..."
    )


@as_root
def test_in_a_folder_of_root_a_foreign_file_is_named(file: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    with pytest.raises(StoreExposed, match=f"or change the owner: chown 0 {file}"):
        check_private(file)


def test_a_link_is_checked_by_its_target(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    check_private(link)
    file.chmod(0o644)
    with pytest.raises(StoreExposed):
        check_private(link)


def test_checking_a_missing_file_fails(folder: Path) -> None:
    with pytest.raises(CannotCheck, match="no such file or directory"):
        check_private(folder / "none")


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("file/below", "not a directory"),
        ("file", "not a directory"),
        ("x" * 300, "file name too long"),
        ("/proc/cwtui", "no such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_created_is_explained(
    folder: Path, where: str, reason: str
) -> None:
    write_atomically(folder / "file", b"")
    with pytest.raises(CannotCheck) as refused:
        make_private_folder(folder / where)
    assert str(refused.value) == f"Cannot create {folder / where}: {reason}. Nothing was changed."


def test_exists_raises_an_error_if_it_cannot_tell(file: Path) -> None:
    assert exists(file)
    assert not exists(file.with_name("other"))
    for name in (file / "below", file.with_name("x" * 300), file.with_name("\ud800")):
        with pytest.raises(CannotCheck):  # a file may be where a folder is expected
            exists(name)


# Writing


def test_a_write_replaces_the_file_and_leaves_nothing_else(file: Path) -> None:
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert names_in(file.parent) == {file.name, reserve.NAME}


def test_each_write_gets_a_later_time_even_if_the_clock_stands(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers tell versions apart by inode, time and size; an inode may be reused."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_000)
    times = []
    for content in (b"1", b"2", b"3"):
        write_atomically(file, content)
        times.append(file.stat().st_mtime_ns)
    assert times[0] < times[1] < times[2]


def test_leftovers_of_a_killed_writer_are_overwritten(file: Path) -> None:
    """DESIGN 4.7: temporary files do not confuse and do not pile up."""
    leftover = file.with_name(f".{file.name}.new")
    leftover.write_bytes(b"half of someth")
    leftover.chmod(0o644)
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert mode(file) == 0o600
    assert not leftover.exists()


def test_a_link_with_the_temporary_name_is_not_followed(file: Path) -> None:
    target = file.with_name("target")
    target.write_bytes(b"precious")
    file.with_name(f".{file.name}.new").symlink_to(target)
    write_atomically(file, b"new")
    assert target.read_bytes() == b"precious"
    assert file.read_bytes() == b"new"


Breaking = Callable[[pytest.MonkeyPatch, int], None]


def _break(function: str, *, only_folders: bool = False) -> Breaking:
    def install(patch: pytest.MonkeyPatch, code: int) -> None:
        real = getattr(os, function)

        def broken(first: object, *rest: object, **named: object) -> object:
            is_folder = isinstance(first, int) and stat.S_ISDIR(os.fstat(first).st_mode)
            if isinstance(first, Path) and not first.name.startswith("."):
                return real(first, *rest, **named)
            if is_folder is only_folders:
                raise OSError(code, os.strerror(code))
            return real(first, *rest, **named)

        patch.setattr(os, function, broken)

    return install


def _short_write(patch: pytest.MonkeyPatch, code: int) -> None:
    """The disk takes some bytes and is then full."""
    real = os.write
    written = [0]

    def write(descriptor: int, content: bytes) -> int:
        if written[0]:
            raise OSError(code, os.strerror(code))
        written[0] = real(descriptor, content[:3])
        return written[0]

    patch.setattr(os, "write", write)


def _break_rename(patch: pytest.MonkeyPatch, code: int) -> None:
    def replace(_: Path, target: Path) -> Path:
        raise OSError(code, os.strerror(code), str(target))

    patch.setattr(Path, "replace", replace)


POINTS: dict[str, Breaking] = {
    "open": _break("open"),
    "write": _break("write"),
    "short write": _short_write,
    "utime": _break("utime"),
    "fsync": _break("fsync"),
    "rename": _break_rename,
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_a_failed_write_keeps_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, point: str, code: int
) -> None:
    """DESIGN 4.7: with a full disk at any step, the old state stays and an error says so."""
    with monkeypatch.context() as patch:
        POINTS[point](patch, code)
        with pytest.raises(CannotCheck) as refused:
            write_atomically(file, b"new content")
    reason = os.strerror(code).lower()
    assert str(refused.value) == f"Cannot write {file}: {reason}. Nothing was changed."
    assert file.read_bytes() == b"old"
    assert names_in(file.parent) == {file.name, reserve.NAME}
    write_atomically(file, b"new content")
    assert file.read_bytes() == b"new content"


def test_a_write_that_may_be_lost_is_not_reported_as_unchanged(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the rename the new state is there; the error must not deny it."""
    with monkeypatch.context() as patch:
        _break("fsync", only_folders=True)(patch, errno.EIO)
        with pytest.raises(CannotCheck) as refused:
            write_atomically(file, b"new")
    assert "Nothing was changed" not in str(refused.value)
    assert "may be lost" in str(refused.value)
    assert file.read_bytes() == b"new"


def test_content_is_synced_before_the_rename(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 4.7: temporary file, fsync, rename, fsync of the folder, in this order."""
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(source: Path, target: Path) -> Path:
        steps.append("rename")
        return real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(file, b"new")
    assert steps == ["file", "rename", "folder"]
    steps.clear()
    append_durably(file.with_name("log"), b"1")
    append_durably(file.with_name("log"), b"2")
    assert steps == ["file", "folder", "file"]


def test_a_file_size_limit_keeps_the_old_file(file: Path) -> None:
    """DESIGN 4.7: RLIMIT_FSIZE, as a real short write of the kernel."""
    program = (
        "import sys, pathlib; from cwtui.host import files; from cwtui.accounts.errors import *\n"
        "try: files.write_atomically(pathlib.Path(sys.argv[1]), b'x' * 100_000)\n"
        "except CannotCheck as refused: print(refused)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"Cannot write {file}: file too large. Nothing was changed.\n"
    assert file.read_bytes() == b"old"
    assert names_in(file.parent) == {file.name, reserve.NAME}


# Appending


def test_lines_are_appended(folder: Path) -> None:
    log = folder / "log"
    for number in range(3):
        append_durably(log, b"line %d" % number)
    assert log.read_bytes() == b"line 0\nline 1\nline 2\n"


def test_a_line_after_a_torn_one_starts_on_its_own_line(folder: Path) -> None:
    """DESIGN 4.7: nothing acknowledged is lost, even after a power failure in an append."""
    log = folder / "log"
    append_durably(log, b'{"first":1}')
    with log.open("ab") as file:
        file.write(b'{"half')
    append_durably(log, b'{"second":2}')
    assert log.read_bytes() == b'{"first":1}\n{"half\n{"second":2}\n'


def test_an_exposed_log_is_refused_and_untouched(folder: Path) -> None:
    """DESIGN 4.7."""
    log = folder / "log"
    append_durably(log, b"1")
    log.chmod(0o644)
    with pytest.raises(StoreExposed):
        append_durably(log, b"2")
    assert log.read_bytes() == b"1\n"


@pytest.mark.parametrize("point", ["write", "short write", "fsync"])
def test_a_failed_append_keeps_the_log_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """DESIGN 4.7."""
    log = folder / "log"
    append_durably(log, b"line 1")
    with monkeypatch.context() as patch:
        POINTS[point](patch, errno.ENOSPC)
        with pytest.raises(CannotCheck, match="no space left on device"):
            append_durably(log, b"line 2")
    assert log.read_bytes() == b"line 1\n"
    append_durably(log, b"line 3")
    assert log.read_bytes() == b"line 1\nline 3\n"
