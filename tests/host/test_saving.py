"""Secrets are saved only to new files, which only their owner can read."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck, InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.host import files, saving

TEXT = Secret("ABCD-EFGH\n")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    before = os.umask(0)
    yield tmp_path
    os.umask(before)


def refusal(typed: str, home: Path) -> str:
    before = sorted(home.rglob("*"))
    with pytest.raises(InvalidInput) as caught:
        saving.save_new(typed, TEXT, home)
    assert caught.value.field == "path"
    assert sorted(home.rglob("*")) == before, "something is left"
    return str(caught.value)


@pytest.mark.parametrize("typed", ["codes.txt", "~/codes.txt", " codes.txt ", "{home}/codes.txt"])
def test_a_path_starts_at_the_root_or_at_home(typed: str, home: Path) -> None:
    path = saving.save_new(typed.format(home=home), TEXT, home)
    assert path == home / "codes.txt"
    assert path.read_text() == TEXT.reveal()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_is_private_before_anything_is_in_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []

    def write(descriptor: int, _: bytes) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(files, "write_all", write)
    saving.save_new("codes.txt", TEXT, home)
    assert modes == [0o600]


def test_nothing_that_exists_is_written_to(home: Path) -> None:
    (home / "mine").write_text("mine")
    (home / "folder").mkdir()
    (home / "link").symlink_to(home / "not-there")
    os.mkfifo(home / "pipe")
    for name in ("mine", "link", "pipe"):
        assert refusal(name, home) == "This file already exists. Choose another name."
    assert refusal("folder", home) == "This is a folder. Add the name of a file."
    assert (home / "mine").read_text() == "mine"
    assert not (home / "not-there").exists()


def test_each_refusal_says_what_is_wrong(home: Path) -> None:
    (home / "mine").write_text("mine")
    for nothing in ("", " ", "~", "~/", ".", "folder/"):
        assert refusal(nothing, home) == "Enter the name of a file."
    assert refusal("no/codes.txt", home) == f"There is no folder {home}/no."
    assert refusal("mine/codes.txt", home) == f"{home}/mine is not a folder."
    assert refusal("x" * 300, home) == "This name is too long."
    assert refusal("a\0b", home) == "This is not a valid file name."
    assert refusal("a\ud800b", home) == "This is not a valid file name."
    assert refusal("/proc/codes.txt", home) in {
        "There is no folder /proc.",
        "You are not allowed to write to /proc.",
    }


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full. Nothing was saved."),
        (errno.EDQUOT, "The disk is full. Nothing was saved."),
        (errno.EIO, "The file cannot be saved: input/output error."),
    ],
)
def test_after_a_failed_write_nothing_is_left(
    home: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def fail(descriptor: int) -> None:
        del descriptor
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    assert refusal("codes.txt", home) == sentence


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EACCES, "You are not allowed to write to {home}."),
        (errno.EROFS, "{home} is on a read-only disk."),
    ],
)
def test_a_folder_that_takes_no_files_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InvalidInput) as caught:
        saving.save_new("codes.txt", TEXT, home)
    assert str(caught.value) == sentence.format(home=home)


def test_a_disk_without_modes_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On FAT, everybody can read every file."""
    create = os.open

    def without_modes(path: Path, flags: int, mode: int = 0o600) -> int:
        return create(path, flags, mode | 0o755 if flags & os.O_CREAT else mode)

    monkeypatch.setattr(os, "open", without_modes)
    assert refusal("codes.txt", home) == (
        f"Others could read a file in {home}. Choose another folder."
    )


def test_a_name_that_may_be_lost_is_not_reported_as_saved(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise CannotCheck(f"Cannot write {folder} to disk.")

    monkeypatch.setattr(files, "sync_folder", fail)
    with pytest.raises(CannotCheck):
        saving.save_new("codes.txt", TEXT, home)
    assert not list(home.iterdir())


def test_a_name_that_is_still_free_is_offered(tmp_path: Path) -> None:
    assert saving.free_name("codes", tmp_path) == "~/codes.txt"
    for number in (2, 3):
        saving.save_new(saving.free_name("codes", tmp_path), Secret("x"), tmp_path)
        assert saving.free_name("codes", tmp_path) == f"~/codes-{number}.txt"
    (tmp_path / "codes-3.txt").symlink_to("nowhere")
    assert saving.free_name("codes", tmp_path) == "~/codes-4.txt"
