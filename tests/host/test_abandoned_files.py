"""An empty file of a killed process does not stand in the way of the repeat."""

import fcntl
import os
from pathlib import Path

import pytest

from cwtui.host.files import new_file, open_new


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    with new_file(tmp_path / "new"):
        pass
    return tmp_path / "new"


def test_an_abandoned_file_is_used_where_that_is_wanted(empty: Path) -> None:
    with pytest.raises(FileExistsError):
        open_new(empty)
    with new_file(empty, or_abandoned=True) as descriptor:
        os.write(descriptor, b"mine")
    assert empty.read_bytes() == b"mine"
    with pytest.raises(FileExistsError):
        open_new(empty, or_abandoned=True)


def test_it_is_not_used_while_somebody_has_it(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with new_file(path, or_abandoned=True), pytest.raises(FileExistsError):
        open_new(path, or_abandoned=True)
    os.close(open_new(path, or_abandoned=True))


@pytest.mark.parametrize("change", ["mode", "link", "symlink", "pipe"])
def test_it_is_not_used_if_it_is_anything_else(empty: Path, change: str) -> None:
    if change == "mode":
        empty.chmod(0o640)
    elif change == "link":
        empty.with_name("other").hardlink_to(empty)
    elif change == "symlink":
        empty.rename(empty.with_name("other"))
        empty.symlink_to("other")
    else:
        empty.unlink()
        os.mkfifo(empty, 0o600)
    with pytest.raises(FileExistsError):
        open_new(empty, or_abandoned=True)


def test_it_is_not_used_if_it_was_removed_by_whoever_had_it(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def too_late(descriptor: int, kind: int) -> None:
        empty.unlink()
        lock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", too_late)
    with pytest.raises(FileExistsError):
        open_new(empty, or_abandoned=True)


def test_it_is_not_used_if_another_process_was_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock, others = tmp_path / "new", fcntl.flock, []

    def slow(descriptor: int, kind: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        others.append(open_new(path, or_abandoned=True))
        lock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", slow)
    with pytest.raises(FileExistsError):
        open_new(path, or_abandoned=True)
    for descriptor in others:
        os.close(descriptor)
