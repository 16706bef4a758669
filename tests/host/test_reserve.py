"""Room that is reserved: made where there is room, given up in slices, made again."""

import errno
import os
import stat
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.host import files, reserve

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reserve.keep(tmp_path)
    return tmp_path


def allocated(folder: Path) -> int:
    return (folder / reserve.NAME).stat().st_blocks * 512


def test_the_room_is_really_taken(folder: Path) -> None:
    """A file that was only made long would take none."""
    assert reserve.size_in(folder) == reserve.MARGIN == 1 << 20
    assert allocated(folder) >= reserve.MARGIN
    assert stat.S_IMODE((folder / reserve.NAME).stat().st_mode) == 0o600


def test_beside_a_large_file_there_is_room_for_another_one(folder: Path) -> None:
    """A used backup code rewrites all accounts."""
    large = folder / "accounts.json"
    files.write_atomically(large, bytes(3 * reserve.MARGIN + 1))
    assert reserve.size_in(folder) >= large.stat().st_size + reserve.MARGIN
    before = reserve.size_in(folder)
    files.write_atomically(large, bytes(3 * reserve.MARGIN + 100))
    assert reserve.size_in(folder) == before


def test_an_ordinary_write_costs_one_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_atomically(folder / "file", b"content")

    def unwanted(*_: object) -> None:
        raise AssertionError

    for name in ("statvfs", "posix_fallocate", "ftruncate"):
        monkeypatch.setattr(os, name, unwanted)
    files.append_durably(folder / "log", b"line")
    files.write_atomically(folder / "file", b"content")


class Writer:
    """Fails so often, and then writes."""

    def __init__(self, failures: int, error: OSError = FULL) -> None:
        self.left, self.error = failures, error

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise self.error
        return "written"


def test_a_write_that_finds_no_room_takes_what_it_needs(folder: Path) -> None:
    """And not more: the rest stays out of the reach of whatever fills the disk."""
    assert reserve.with_room_from(folder, 5000, Writer(1)) == "written"
    left = reserve.size_in(folder)
    assert 5000 <= reserve.MARGIN - left < reserve.MARGIN // 8
    assert allocated(folder) <= left + 4096


def test_it_tries_again_while_others_are_quicker(folder: Path) -> None:
    assert reserve.with_room_from(folder, 100_000, Writer(4)) == "written"


def test_a_reserve_that_is_used_up_is_told(folder: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room_from(folder, 100_000, Writer(99))
    assert reserve.size_in(folder) == 0


def test_a_folder_without_one_is_full_at_once(tmp_path: Path) -> None:
    writer = Writer(9)
    with pytest.raises(OSError, match="No space left"):
        reserve.with_room_from(tmp_path, 1, writer)
    assert writer.left == 8


def test_another_failure_takes_nothing(folder: Path) -> None:
    broken = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        reserve.with_room_from(folder, 1, Writer(1, broken))
    assert reserve.size_in(folder) == reserve.MARGIN


def test_a_quota_counts_as_a_full_disk(folder: Path) -> None:
    quota = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    assert reserve.with_room_from(folder, 1, Writer(1, quota)) == "written"
    assert reserve.size_in(folder) < reserve.MARGIN


def test_it_is_made_again_by_the_next_write(folder: Path) -> None:
    for write in (files.append_durably, files.write_atomically):
        os.truncate(folder / reserve.NAME, 0)
        write(folder / "file", b"content")
        assert reserve.size_in(folder) >= reserve.MARGIN


@pytest.mark.parametrize("call", ["posix_fallocate", "statvfs", "open"])
def test_a_reserve_that_cannot_be_made_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A disk that is full already must not stop cwtui from starting."""

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


def test_a_lock_is_made_from_the_reserve_as_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has never signed in before needs a lock file that was not there."""
    real, failures = os.open, [FULL]

    def full_once(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if failures and str(path).endswith(".lock"):
            raise failures.pop()
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", full_once)
    with files.exclusive(files.lock_for(folder / "07.json")):
        assert not failures
    assert reserve.size_in(folder) < reserve.MARGIN


def test_what_still_cannot_be_written_is_a_sentence(
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
