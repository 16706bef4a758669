"""A keyring in a file."""

from pathlib import Path

import pytest

from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import NOW


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keyring.json"


@pytest.fixture
def keyring(file: Path) -> FileKeyring:
    return FileKeyring.create(file, NOW)
