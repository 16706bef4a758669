"""Whether others could have written a file that decides whom to trust."""

import os
from pathlib import Path

import pytest

from cwtui.config import loading
from cwtui.config.errors import ConfigError
from cwtui.host.trust import why_place_untrusted, why_untrusted
from tests.programs import as_root

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    made = folder / "config.toml"
    made.write_text("[session]\nidle_minutes = 5\n")
    made.chmod(0o644)
    return made


def test_a_file_that_others_can_only_read_is_trusted(file: Path) -> None:
    assert why_untrusted(file) is None
    assert loading.load(str(file)).session.idle_minutes == 5


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_is_not_trusted(file: Path, mode: int) -> None:
    file.chmod(mode)
    said = f"Other users can write {file}. Check its content, then run: chmod go-w {file}"
    assert why_untrusted(file) == said
    with pytest.raises(ConfigError) as refused:
        loading.load(str(file))
    assert str(refused.value) == said


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_file_in_a_folder_that_others_can_write_is_not_trusted(
    file: Path, mode: int, depth: int
) -> None:
    file.parents[depth].chmod(mode)
    assert f"can write {file.parents[depth]}. " in (why_untrusted(file) or "")


def test_a_file_in_a_sticky_folder_is_trusted(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert why_untrusted(file) is None
    file.chmod(0o1666)  # the sticky bit means nothing for a file
    assert why_untrusted(file) is not None


def test_both_ends_of_a_link_are_checked(file: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    link = others / "link.toml"
    link.symlink_to(file)
    assert why_untrusted(link) is None
    others.chmod(0o777)
    assert f"can write {others}. " in (why_untrusted(link) or "")
    others.chmod(0o755)
    file.parent.chmod(0o777)
    assert f"can write {file.parent}. " in (why_untrusted(link) or "")


def test_links_in_between_are_checked(file: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    first, second = tmp_path / "first", others / "second"
    second.symlink_to(file.parent)
    first.symlink_to(second)
    path = first / file.name
    assert why_untrusted(path) is None
    others.chmod(0o777)
    assert f"can write {others}. " in (why_untrusted(path) or "")


@as_root
def test_a_link_owned_by_another_user_is_not_trusted(file: Path) -> None:
    """Also in a sticky folder: its owner could point it elsewhere later."""
    shared = file.parent.parent / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "link"
    link.symlink_to(file.parent)
    assert why_untrusted(link / file.name) is None
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert f"{link} belongs to another user" in (why_untrusted(link / file.name) or "")


@as_root
def test_a_file_or_folder_of_another_user_is_not_trusted(file: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    assert why_untrusted(file) == (
        f"{file} belongs to another user. Check it, then run: chown -h root {file}"
    )
    os.chown(file, 0, 0)
    os.chown(file.parent, NOBODY, NOBODY)
    assert f"{file.parent} belongs to another user" in (why_untrusted(file) or "")


def test_a_missing_file_is_not_trusted(file: Path) -> None:
    file.unlink()
    assert why_untrusted(file) == f"Cannot check who can write {file}: no such file or directory."


def test_a_missing_file_is_as_trusted_as_its_folder(file: Path) -> None:
    missing = file.parent / "cwtui" / "config.toml"
    assert why_place_untrusted(missing) is None
    assert why_place_untrusted(file) is None
    file.parent.chmod(0o775)
    said = f"Other users can write {file.parent}. Check its content, then run: chmod go-w "
    assert why_place_untrusted(missing) == f"{said}{file.parent}"
