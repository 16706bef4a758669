"""The store's disk disappears under the running application and comes back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import PASSWORD, PYTHON, Host
from tests.console.cwtui_terminal import forked
from tests.console.terminal import Terminal

MISSING = "There is no store in"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path)
    done = made.run("init", "--admin", "ada", "--password-stdin", stdin=PASSWORD.encode())
    assert done.status == 0, done.err
    return made


@pytest.fixture
def terminal(host: Host) -> Iterator[Terminal]:
    command = [PYTHON, "-m", "cwtui", "--config", str(host.config)]
    with Terminal(command, host.folder, columns=120, forked=True) as opened:
        yield opened


def go_to_users(terminal: Terminal) -> None:
    terminal.send("escape")
    terminal.wait_until_still()
    terminal.send("home", "down", "enter")


def test_an_open_application_continues_when_the_disk_is_back(
    host: Host, terminal: Terminal
) -> None:
    """DESIGN 4.7: it does not claim that the account was removed, and creates nothing."""
    away = host.store.with_name("away")
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()
    host.store.rename(away)
    terminal.type(f"ada\t{PASSWORD}\r")
    terminal.wait_for(MISSING)
    assert not host.store.exists()
    away.rename(host.store)
    terminal.wait_until_still()
    terminal.type(f"{PASSWORD}\r")
    terminal.wait_for("User Management")
    terminal.wait_until_still()

    host.store.rename(away)
    host.store.mkdir(0o700)  # the mount point
    go_to_users(terminal)
    terminal.wait_for(MISSING)
    assert "removed" not in terminal.text
    assert not list(host.store.iterdir())
    host.store.rmdir()
    away.rename(host.store)
    terminal.send("home", "down", "enter")  # the focus is still on the panel
    terminal.wait_for("1 user")
    terminal.send("ctrl+q")
    assert host.run("store", "check").err.endswith("nothing is damaged.\n")


@pytest.mark.parametrize("left", ["keyring", "nothing"])
def test_start_up_reports_a_missing_store_and_creates_nothing(host: Host, left: str) -> None:
    shutil.rmtree(host.store)
    if left == "nothing":
        shutil.rmtree(host.keyring.parent)
    before = set(host.files())
    command = [PYTHON, "-m", "cwtui", "--config", str(host.config)]
    with Terminal(command, host.folder, columns=120) as terminal:
        assert terminal.wait_exit() == 3
        assert MISSING in terminal.text
    assert b"Create the first admin" not in terminal.raw
    assert set(host.files()) == before
    assert not host.store.exists()


def test_nothing_is_created_before_the_first_administrator(tmp_path: Path) -> None:
    with forked(tmp_path) as terminal:
        terminal.wait_for("Create the first admin")
        terminal.wait_until_still()
        terminal.type("1234\t1234\r")
        terminal.wait_for("at least 5 characters")
        terminal.send("ctrl+q")
        terminal.wait_exit()
    assert {path.name for path in tmp_path.iterdir()} == {"cwtui.toml"}
    with forked(tmp_path) as terminal:
        terminal.wait_for("Create the first admin")
        terminal.wait_until_still()
        terminal.type(f"{PASSWORD}\t{PASSWORD}\r")
        terminal.wait_for("The administrator admin was created")
        terminal.wait_until_still()
        terminal.type(f"{PASSWORD}\r")
        terminal.wait_for("User Management")


def test_a_folder_others_can_write_is_reported_before_setup(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    folder.chmod(0o775)
    with forked(tmp_path, columns=120) as terminal:
        terminal.wait_for("Create the first admin")
        terminal.wait_until_still()
        terminal.type(f"{PASSWORD}\t{PASSWORD}\r")
        terminal.wait_for("Other users can write")
        assert not list(folder.iterdir())
        assert not (tmp_path / "data").exists()
        folder.chmod(0o700)
        terminal.wait_until_still()
        terminal.send("shift+tab")
        terminal.type(f"{PASSWORD}\t{PASSWORD}\r")
        terminal.wait_for("The administrator admin was created")
