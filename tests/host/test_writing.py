"""Files are replaced completely or not at all."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from cwtui.host.files import append_durably, write_atomically
from tests.host.failing_disk import POINTS, broken


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


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
    assert file.stat().st_mode & 0o777 == 0o600
    assert not leftover.exists()


def test_a_link_with_the_temporary_name_is_not_followed(file: Path) -> None:
    target = file.with_name("target")
    target.write_bytes(b"precious")
    file.with_name(f".{file.name}.new").symlink_to(target)
    write_atomically(file, b"new")
    assert target.read_bytes() == b"precious"
    assert file.read_bytes() == b"new"


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
        broken("fsync", only_folders=True)(patch, errno.EIO)
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
