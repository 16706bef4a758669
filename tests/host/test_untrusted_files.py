"""Files that are not regular or too large are refused at once wherever files are opened."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from cwtui.host.files import check_private
from cwtui.host.locks import exclusive, undisturbed
from cwtui.host.untrusted_files import NotRegular, TooLarge, open_regular, read_regular


def fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


def folder(path: Path) -> None:
    path.mkdir(0o700)


def unix_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # its path may have 107 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)
    os.chdir(here)
    path.chmod(0o600)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": fifo,
    "a folder": folder,
    "a socket": unix_socket,
    "a symbolic link": loop,
    "a device": device,
}


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT])
def test_only_regular_files_are_opened(tmp_path: Path, what: str, flags: int) -> None:
    path = tmp_path / "file"
    ODD[what](path)
    before = open_files()
    with pytest.raises(NotRegular, match=f"it is {what}, not a regular file"):
        open_regular(path, flags)
    assert open_files() == before


def test_a_fifo_that_appears_after_the_check_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    fifo(path)
    found = Path(__file__).stat()
    monkeypatch.setattr(Path, "stat", lambda _: found)
    with pytest.raises(NotRegular, match="a pipe"):
        open_regular(path)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 5000])
def test_files_are_read_completely_up_to_the_limit(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    assert read_regular(path, size) == path.read_bytes()
    assert read_regular(path, size + 5000) == path.read_bytes()
    if size:
        with pytest.raises(TooLarge, match=f"larger than {size - 1:,} bytes"):
            read_regular(path, size - 1)


def test_the_limit_also_applies_to_files_without_a_size() -> None:
    """Files in /proc seem empty until they are read."""
    maps = Path("/proc/self/maps")
    assert b"[stack]" in read_regular(maps, 1 << 20)
    with pytest.raises(TooLarge):
        read_regular(maps, 100)


def test_a_sparse_file_of_a_terabyte_is_refused_without_reading(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(TooLarge):
        read_regular(path, 1 << 33)


# Locks and the reserve


@pytest.mark.parametrize("what", ODD)
def test_a_lock_that_is_not_a_regular_file_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "accounts.json"
    ODD[what](tmp_path / ".accounts.json.lock")
    for lock in (undisturbed(path), exclusive(path)):
        with pytest.raises(CannotCheck, match="not a regular file"), lock:
            pass


@pytest.mark.parametrize("what", ODD)
def test_a_reserve_that_is_not_a_regular_file_is_ignored(tmp_path: Path, what: str) -> None:
    path = tmp_path / reserve.NAME
    ODD[what](path)
    kind = stat.S_IFMT(path.lstat().st_mode)
    reserve.keep(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room_from(tmp_path, 1, disk_full)
    assert stat.S_IFMT(path.lstat().st_mode) == kind


def disk_full() -> None:
    raise OSError(28, "No space left on device")


def test_an_exposed_fifo_is_reported_as_not_a_regular_file(tmp_path: Path) -> None:
    """chmod, the remedy for an exposed file, would not help."""
    path = tmp_path / "accounts.json"
    os.mkfifo(path)
    path.chmod(0o666)
    with pytest.raises(CannotCheck, match="it is a pipe, not a regular file"):
        check_private(path)
