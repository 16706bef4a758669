"""Quitting works soon even if the store hangs, as on a dead network disk."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.cwtui_terminal import last_event
from tests.console.terminal import Terminal

PASSWORD = "correct horse battery"
SOON = 6.0
"""Seconds: twice the allowed time, for a busy machine."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("prepared"), PASSWORD)


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "home")


def opened(home: Path, hanging: str) -> Terminal:
    config = str(home / "cwtui.toml")
    program = [sys.executable, "-m", "tests.console.hanging_cwtui", hanging]
    return Terminal([*program, "--config", config], home, forked=True)


def test_quitting_works_while_a_password_check_hangs(home: Path) -> None:
    with opened(home, "cwtui.accounts.sign_in:with_password") as terminal:
        cwtui.sign_in(terminal, "admin", PASSWORD)
        terminal.wait_for("Checking your password")
        terminal.send("ctrl+q")
        assert terminal.wait_exit(SOON) == 1
        assert not terminal.screen.alternate
        assert not terminal.screen.has_private_mode(1000)


def test_quitting_a_session_works_while_a_page_hangs(home: Path) -> None:
    with opened(home, "cwtui.accounts.user_list:first_page") as terminal:
        cwtui.sign_in(terminal, "admin", PASSWORD)
        terminal.wait_for("Enable Multi-Factor Authentication")
        terminal.wait_until_still()
        terminal.send("escape")
        terminal.wait_until_still()
        terminal.send("down", "enter")
        terminal.wait_for("Loading")
        terminal.send("ctrl+q")
        terminal.wait_for("Press Y")
        terminal.send("y")
        assert terminal.wait_exit(SOON) == 0
        assert not terminal.screen.alternate
    event = last_event(home)
    assert (event["event"], event["actor"]) == ("session.sign_out", "admin")


def test_quitting_works_while_recording_the_end_hangs(home: Path) -> None:
    with opened(home, "cwtui.accounts.session:sign_out") as terminal:
        cwtui.sign_in(terminal, "admin", PASSWORD)
        terminal.wait_for("Enable Multi-Factor Authentication")
        terminal.wait_until_still()
        terminal.send("ctrl+q")
        terminal.wait_for("Press Y")
        terminal.send("y")
        assert terminal.wait_exit(SOON) == 0
        assert "cwtui: The end of your session could not be recorded" in terminal.text
