"""Fixtures of the tests of what lasts."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """On a disk: what is saved has to last there, and not in memory, where other tests save."""
    with TemporaryDirectory() as folder:
        yield Path(folder)
