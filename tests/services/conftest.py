"""A new store with its first admin."""

from pathlib import Path

import pytest

from cwtui.accounts.ports import Ports
from cwtui.config import Config
from tests.new_store import config_in, ports_with_admin


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path)


@pytest.fixture
def ports(config: Config) -> Ports:
    return ports_with_admin(config)
