"""An installation, another one, and an application that runs on the first."""

import shutil
from pathlib import Path

import pytest

from cwtui.accounts.ports import Ports
from tests.accounts.world import Device
from tests.durability.saves import config_in, connected, made_in
from tests.replaced.hosts import Hosts


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Device]:
    folder = tmp_path_factory.mktemp("hosts")
    made_in(folder / "other")
    _, device = made_in(folder / "right")
    for name in ("right", "other"):
        connected(config_in(folder / name))
    return folder, device


@pytest.fixture
def hosts(template: tuple[Path, Device], tmp_path: Path) -> Hosts:
    folder, device = template
    shutil.copytree(folder, tmp_path / "hosts")
    made = tmp_path / "hosts"
    return Hosts(config_in(made / "right"), device, config_in(made / "other"))


@pytest.fixture
def ports(hosts: Hosts) -> Ports:
    """The ports of an application that was started earlier."""
    return connected(hosts.config)
