"""A small store with a backup."""

import shutil
from pathlib import Path

import pytest

from cwtui.config import Config
from tests.accounts.world import Device
from tests.durability.saves import config_in, made_in


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Device]:
    """A store with a backup of ada and alice, to which bob was then added."""
    folder = tmp_path_factory.mktemp("template")
    _, device = made_in(folder)
    return folder, device


@pytest.fixture
def config(template: tuple[Path, Device], tmp_path: Path) -> Config:
    shutil.copytree(template[0], tmp_path / "host")
    return config_in(tmp_path / "host")


@pytest.fixture
def device(template: tuple[Path, Device]) -> Device:
    return template[1]
