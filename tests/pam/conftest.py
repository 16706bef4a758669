"""One build of the module for a run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pam.building import build
from tests.pam.house import check_needed
from tests.pam.installed import install
from tests.pam.scripted import Host, MakeHost, hosts
from tests.pam.town import Town, founded


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the module; processes of the same run share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pam-built"
    build(folder)
    return folder


@pytest.fixture(scope="session")
def town(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Real doors, protected by the recipes."""
    check_needed()
    with founded(tmp_path_factory.mktemp("house"), built / "pam_cwtui.so") as town:
        yield town


@pytest.fixture
def make_host(built: Path, tmp_path: Path) -> MakeHost:
    return hosts(built, tmp_path / "host")


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    """The hardened module, as it is shipped."""
    return make_host("hardened")


@pytest.fixture(scope="session")
def installed(town: Town) -> Town:
    """The same with cwtui as the package installs it."""
    install(town.house)
    return town
