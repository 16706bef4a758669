"""Hosts for the tests of the command line."""

import shutil
from pathlib import Path

import pytest

from cwtui import services
from cwtui.accounts.unix_users import UnixUser
from tests.cli.commands import PASSWORD, Host
from tests.new_store import quick_ports


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's variables and home folder out of the tests."""
    for name in (
        "CWTUI_CONFIG",
        "CWTUI_STORE",
        "SUDO_UID",
        "SUDO_USER",
        "PYTHONUNBUFFERED",
        "PYTHONIOENCODING",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))


@pytest.fixture(autouse=True)
def _no_unix_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the Unix users of the developer's host out of the tests; but there is a daemon."""
    daemon = UnixUser(1, frozenset({"daemon"}), owns_store=False)
    monkeypatch.setattr(services, "_unix_user", lambda name, _: {"daemon": daemon}.get(name))
    monkeypatch.setattr(services, "_unix_names", lambda: frozenset({"daemon"}))


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in this process hash at a cost that the configuration does not allow."""
    monkeypatch.setattr(services, "Ports", quick_ports)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host with the admin `admin`, created once."""
    host = Host(tmp_path_factory.mktemp("prepared"))
    made = host.run("init", "--admin", "admin", "--password-stdin", stdin=PASSWORD.encode())
    assert made.status == 0, made.err
    return host.folder


@pytest.fixture
def host(prepared: Path, tmp_path: Path) -> Host:
    """A host with the admin `admin`."""
    folder = tmp_path / "host"
    shutil.copytree(prepared, folder)
    return Host(folder)


@pytest.fixture
def new_host(tmp_path: Path) -> Host:
    """A host on which nothing is set up."""
    folder = tmp_path / "host"
    folder.mkdir()
    return Host(folder)
