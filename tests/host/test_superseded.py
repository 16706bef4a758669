"""A newer version beside this one, as the package installs it."""

import sys
from pathlib import Path

import pytest

from cwtui.host import upgrade


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Versions 1 and 2, of which 1 runs."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "1"))
    return tmp_path


@pytest.mark.parametrize(("current", "is_superseded"), [("1", False), ("2", True), ("3", False)])
def test_the_link_says_whether_a_newer_version_is_there(
    folder: Path, current: str, is_superseded: bool
) -> None:
    (folder / "current").symlink_to(current)
    assert upgrade.is_superseded() is is_superseded
    assert not upgrade.is_there()


def test_without_a_link_nothing_is_superseded(folder: Path) -> None:
    assert not upgrade.is_superseded()
    (folder / "current").mkdir()
    assert not upgrade.is_superseded()
