"""Leaving ends session and process, however it happens (DESIGN 4.6)."""

import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code
from tests.running import wait_gone

LEAVE = b"\x1b[?1049l"
STYLE = re.compile(rb"\x1b\[([\d;]*)m")


@pytest.fixture(scope="module")
def with_admin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("leaving"), cwtui.PASSWORD)


@pytest.fixture
def home(with_admin: Path, tmp_path: Path) -> Path:
    return shutil.copytree(with_admin, tmp_path / "home")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "hang-up"),
        (signal.SIGINT, "interrupted"),
        (signal.SIGQUIT, "quit"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_signal_ends_the_session_and_restores_the_terminal(
    home: Path, number: signal.Signals, reason: str
) -> None:
    with cwtui.forked(home) as terminal:
        cwtui.signed_in(terminal)
        assert terminal.screen.alternate
        terminal.kill(number)
        assert terminal.wait_exit(5) == 1
        assert not terminal.screen.alternate
        assert not terminal.screen.has_private_mode(1000)
        painted, _, after = bytes(terminal.raw).rpartition(LEAVE)
        assert STYLE.findall(painted)[-1] == b"0", "the shell would get our colours"
        assert not STYLE.search(after)
    event = cwtui.last_event(home)
    assert (event["event"], event["reason"]) == ("session.end", reason)


def test_a_dropped_connection_leaves_no_process_behind(home: Path) -> None:
    with cwtui.forked(home) as terminal:
        cwtui.signed_in(terminal)
        pid = terminal.pid
        terminal.hang_up()
        wait_gone(pid, 10)
        assert terminal.wait_exit(10) == 1
    event = cwtui.last_event(home)
    assert (event["event"], event["reason"]) == ("session.end", "hang-up")


def test_a_dropped_connection_ends_it_even_if_sighup_is_ignored(home: Path) -> None:
    """As under nohup: no signal arrives, the terminal is simply gone."""
    command = [
        "/bin/sh",
        "-c",
        'trap "" HUP; exec setsid --wait -- "$0" "$@" <"$(tty)" >"$(tty)" 2>&1',
    ]
    with cwtui.opened(home, before=command) as terminal:
        cwtui.signed_in(terminal)
        (pid,) = children(terminal.pid)
        terminal.hang_up()
        wait_gone(pid, 10)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def test_new_backup_codes_are_offered_after_a_dropped_connection(home: Path) -> None:
    """The connection drops before they are saved; the next sign-in offers different ones."""
    with cwtui.forked(home) as terminal:
        cwtui.signed_in(terminal)
        terminal.send("tab", "enter")
        secret = cwtui.secret_of(cwtui.scanned(terminal))
        now = time.time()
        terminal.type(one_time_code(secret, now))
        terminal.wait_for("I have saved my backup codes")
        terminal.wait_until_still()
        old = cwtui.shown_codes(terminal)
        pid = terminal.pid
        terminal.hang_up()
        wait_gone(pid, 10)
    with cwtui.forked(home) as terminal:
        cwtui.sign_in(terminal, "admin", cwtui.PASSWORD)
        terminal.wait_for("Use backup code")
        terminal.wait_until_still()
        terminal.type(one_time_code(secret, now + 30))
        terminal.wait_for("Did you save your backup codes?")
        terminal.wait_until_still()
        terminal.send("tab", "enter")
        assert not set(cwtui.keep_codes(terminal)) & set(old)
        terminal.wait_for("10 unused backup codes left")


def test_ctrl_q_quits_the_first_screen_and_creates_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with cwtui.forked(tmp_path) as terminal:
            terminal.wait_for("Create the first admin")
            terminal.wait_until_still()
            terminal.send("ctrl+q")
            assert terminal.wait_exit() == 1
            assert not terminal.screen.alternate
    assert not list(tmp_path.rglob("accounts.json"))


def test_serial_flow_control_does_not_quit(home: Path) -> None:
    """Repeated XOFF and XON bytes, while signed in and while codes are shown."""
    with cwtui.forked(home) as terminal:
        cwtui.signed_in(terminal)
        for _ in range(3):
            terminal.type("\x13\x11")
        terminal.wait_for("Sign out and quit?")
        terminal.wait_until_still()
        terminal.type("\x13\x11\x13\x11\r")
        terminal.wait_until(lambda: "Sign out and quit?" not in terminal.text)
        terminal.send("tab", "enter")
        secret = cwtui.secret_of(cwtui.scanned(terminal))
        terminal.type(one_time_code(secret, time.time()))
        terminal.wait_for("I have saved my backup codes")
        terminal.wait_until_still()
        terminal.type("\x13\x11\x13\x11")
        terminal.wait_for("Quit without saving your backup codes?")
        terminal.wait_until_still()
        terminal.type("\x13\x11\x1b")
        terminal.wait_until(lambda: "Quit without" not in terminal.text)
        terminal.wait_until(lambda: len(set(cwtui.shown_codes(terminal))) == 10)
        terminal.send("ctrl+q")
        terminal.wait_for("Press Y")
        terminal.send("y")
        assert terminal.wait_exit() == 0
        assert not terminal.screen.alternate
