"""A prepared file gets its name only if the name is free, whatever has it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from cwtui.accounts.errors import AlreadyExists, CannotCheck
from cwtui.host.new_names import check_free, name_new

TAKEN: dict[str, Callable[[Path], object]] = {
    "file": Path.touch,
    "folder": Path.mkdir,
    "link to nothing": lambda path: path.symlink_to("nothing"),
}
LINKS: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "hard links": lambda _: None,
    "no hard links": lambda patch: patch.setattr(
        os, "link", Mock(side_effect=OSError(errno.EPERM, "not permitted"))
    ),
}


@pytest.fixture(params=LINKS)
def prepared(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    LINKS[request.param](monkeypatch)
    path = tmp_path / ".file.new"
    path.write_text("content")
    return path


def test_it_gets_a_free_name(prepared: Path) -> None:
    path = prepared.with_name("file")
    name_new(prepared, path)
    assert (path.read_text(), path.stat().st_nlink, prepared.exists()) == ("content", 1, False)


@pytest.mark.parametrize("taken", TAKEN)
def test_nothing_is_replaced(prepared: Path, taken: str) -> None:
    path = prepared.with_name("file")
    TAKEN[taken](path)
    before = path.lstat()
    with pytest.raises(AlreadyExists, match="already exists"):
        check_free(path)
    with pytest.raises(AlreadyExists, match="already exists"):
        name_new(prepared, path)
    assert path.lstat() == before
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_what_cannot_be_written_is_told(prepared: Path) -> None:
    with pytest.raises(CannotCheck, match="no such file or directory"):
        name_new(prepared, prepared.parent / "missing" / "file")
    assert not list(prepared.parent.iterdir())
