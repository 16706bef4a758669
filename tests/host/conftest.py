"""A private folder, and a file in it."""

from pathlib import Path

import pytest

from cwtui.host.files import write_atomically


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
