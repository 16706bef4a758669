"""`--kiosk`, used by forced commands and systemd units, never offers to create an admin."""

import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.config.loading import load
from cwtui.ui.connection import open_services
from tests.cli.commands import Host, run
from tests.console.terminal import Terminal

KIOSK: Final = (sys.executable, "-I", "-m", "cwtui", "--kiosk")
SENTENCE: Final = "No accounts were found"


@pytest.mark.parametrize("env", [{}, {"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}])
def test_on_a_new_host_kiosk_explains_and_creates_nothing(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with Terminal(KIOSK, tmp_path, env=env) as terminal:
        assert terminal.wait_exit() == 3
        said = " ".join(terminal.text.split())
        assert SENTENCE in said
        assert "cwtui init --admin NAME" in said
        assert "Create the first administrator" not in terminal.raw.decode()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_environment_variables_are_ignored(host: Host, tmp_path: Path) -> None:
    """They could lead to an old store with accounts removed since."""
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text("")
    env = {"CWTUI_STORE": str(tmp_path / "no-store"), "CWTUI_CONFIG": str(elsewhere)}
    with Terminal((*KIOSK, "--config", str(host.config)), tmp_path, env=env) as terminal:
        terminal.wait_for("Sign in to Your Account")
        terminal.wait_until_still()
        terminal.send("ctrl+q")
        assert terminal.wait_exit() == 1


def test_a_store_that_disappeared_is_not_recreated(host: Host) -> None:
    config = load(str(host.config))
    shutil.rmtree(host.store)
    with pytest.raises(CannotCheck):
        open_services(config, create=False)
    assert not host.store.exists()


@pytest.mark.parametrize("command", [("--paths",), ("user", "list")])
def test_kiosk_accepts_no_other_command(command: tuple[str, ...]) -> None:
    result = run("--kiosk", *command)
    assert result.status == 2
    assert "--kiosk" in result.err


def test_without_kiosk_a_new_host_offers_setup_over_ssh(tmp_path: Path) -> None:
    env = {"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}
    with Terminal((sys.executable, "-m", "cwtui"), tmp_path, env=env) as terminal:
        terminal.wait_for("Create the first administrator")


def test_the_login_screen_over_ssh_times_out(host: Host, tmp_path: Path) -> None:
    """In a real terminal; one minute is the minimum, so the timer is sped up."""
    program = (
        "import sys\n"
        "from cwtui.ui import idle\n"
        "begin = idle.Idle.__init__\n"
        "def quickly(self, pump, seconds, act, *now):\n"
        "    begin(self, pump, seconds / 60 if act.__name__ == 'end_unused' else seconds, act)\n"
        "idle.Idle.__init__ = quickly\n"
        "from cwtui.__main__ import main\n"
        "sys.exit(main())\n"
    )
    with host.config.open("a") as config:
        config.write("[session]\nlogin_minutes = 1\n")
    command = (sys.executable, "-c", program, "--config", str(host.config))
    env = {"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}
    with Terminal(command, tmp_path, env=env) as terminal:
        terminal.wait_for("Sign in to Your Account")
        # Moving the pointer does not count as use.
        terminal.type("\x1b[<35;10;10M")
        assert terminal.wait_exit() == 1
        assert not terminal.screen.alternate
        assert "Closed because nobody signed in and no key was pressed for a minute." in " ".join(
            terminal.text.split()
        )


def test_make_run_shows_no_error_if_nobody_signed_in(tmp_path: Path) -> None:
    """It does show errors for wrong usage and failed checks."""
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    (line,) = [line for line in makefile.splitlines() if "$(BIN)/cwtui" in line]
    (tmp_path / "Makefile").write_text(f"BIN := .\nrun:\n{line}\n")
    program = tmp_path / "cwtui"
    shown = {}
    for status in (0, 1, 2, 3):
        program.write_text(f"#!/bin/sh\nexit {status}\n")
        program.chmod(0o755)
        with Terminal(("make", "run"), tmp_path, cwd=tmp_path) as terminal:
            shown[status] = (terminal.wait_exit(), "Error" in terminal.text)
    assert shown == {0: (0, False), 1: (0, False), 2: (2, True), 3: (2, True)}
