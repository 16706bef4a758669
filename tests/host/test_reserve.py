"""Reserved disk space: created when there is room, given up in slices, and restored."""

import errno
import os
import stat
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.host import files, reserve
from cwtui.host.locks import exclusive

pytestmark = pytest.mark.usefixtures("whole_reserve")
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reserve.keep(tmp_path)
    return tmp_path


def allocated(folder: Path) -> int:
    return (folder / reserve.NAME).stat().st_blocks * 512


def test_the_space_is_really_allocated(folder: Path) -> None:
    """A file that is merely long would be sparse."""
    assert reserve.size_in(folder) == reserve.MARGIN == 1 << 20
    assert allocated(folder) >= reserve.MARGIN
    assert stat.S_IMODE((folder / reserve.NAME).stat().st_mode) == 0o600


def test_the_reserve_can_hold_another_copy_of_the_largest_file(folder: Path) -> None:
    """Using a backup code rewrites all accounts."""
    large = folder / "accounts.json"
    files.write_atomically(large, bytes(3 * reserve.MARGIN + 1))
    assert reserve.size_in(folder) >= large.stat().st_size + reserve.MARGIN
    before = reserve.size_in(folder)
    files.write_atomically(large, bytes(3 * reserve.MARGIN + 100))
    assert reserve.size_in(folder) == before


def test_an_ordinary_write_makes_no_extra_system_calls(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_atomically(folder / "file", b"content")

    def unwanted(*_: object) -> None:
        raise AssertionError

    for name in ("statvfs", "posix_fallocate", "ftruncate"):
        monkeypatch.setattr(os, name, unwanted)
    files.append_durably(folder / "log", b"line")
    files.write_atomically(folder / "file", b"content")


class Writer:
    """Fails that many times, then writes."""

    def __init__(self, failures: int, error: OSError = FULL) -> None:
        self.left, self.error = failures, error

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise self.error
        return "written"


def test_a_write_on_a_full_disk_takes_only_what_it_needs(folder: Path) -> None:
    """Whatever fills the disk cannot reach the rest."""
    assert reserve.with_room_from(folder, 5000, Writer(1)) == "written"
    left = reserve.size_in(folder)
    assert 5000 <= reserve.MARGIN - left < reserve.MARGIN // 8
    assert allocated(folder) <= left + 4096


def test_a_write_retries_while_others_take_the_freed_space(folder: Path) -> None:
    assert reserve.with_room_from(folder, 100_000, Writer(4)) == "written"


def test_a_used_up_reserve_is_reported(folder: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room_from(folder, 100_000, Writer(99))
    assert reserve.size_in(folder) == 0


def test_a_folder_without_a_reserve_is_full_at_once(tmp_path: Path) -> None:
    writer = Writer(9)
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room_from(tmp_path, 1, writer)
    assert writer.left == 8


def test_other_errors_do_not_use_the_reserve(folder: Path) -> None:
    broken = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        reserve.with_room_from(folder, 1, Writer(1, broken))
    assert reserve.size_in(folder) == reserve.MARGIN


def test_a_quota_counts_as_a_full_disk(folder: Path) -> None:
    quota = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    assert reserve.with_room_from(folder, 1, Writer(1, quota)) == "written"
    assert reserve.size_in(folder) < reserve.MARGIN


def test_the_next_write_restores_the_reserve(folder: Path) -> None:
    for write in (files.append_durably, files.write_atomically):
        os.truncate(folder / reserve.NAME, 0)
        write(folder / "file", b"content")
        assert reserve.size_in(folder) >= reserve.MARGIN


@pytest.mark.parametrize("call", ["posix_fallocate", "statvfs", "open"])
def test_a_reserve_that_cannot_be_created_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """An already full disk must not stop cwtui from starting."""

    def fail(*_: object) -> None:
        raise FULL

    monkeypatch.setattr(os, call, fail)
    reserve.keep(tmp_path)
    reserve.keep_beside(tmp_path / "none")


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / reserve.NAME).symlink_to(target)
    reserve.keep(folder)
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room_from(folder, 1, Writer(1))
    assert target.read_bytes() == b"precious"


def test_a_lock_file_can_be_created_from_the_reserve(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first sign-in needs a new lock file."""
    real, failures = os.open, [FULL]

    def full_once(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if failures and flags & os.O_CREAT and str(path).endswith(".lock"):
            raise failures.pop()
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", full_once)
    with exclusive(folder / "07.json"):
        assert not failures
    assert reserve.size_in(folder) < reserve.MARGIN


def test_a_write_that_still_fails_is_explained(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise FULL

    monkeypatch.setattr(os, "write", fail)
    for write in (files.append_durably, files.write_atomically):
        reserve.keep(folder)
        with pytest.raises(CannotCheck) as refused:
            write(folder / "file", b"content")
        assert str(refused.value) == (
            f"Cannot write {folder / 'file'}: no space left on device. Nothing was changed."
        )
        assert reserve.size_in(folder) == 0
