"""Stopping and continuing the process, and terminals in unusual modes."""

import ctypes
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from cwtui.ui.terminal.driver import TOO_MUCH
from tests.console import cwtui_terminal as cwtui
from tests.console.cwtui_terminal import PASSWORD, login, shows, still_works, without_time
from tests.console.terminal import Terminal
from tests.running import stat_of
from tests.soak import seconds

NON_BLOCKING = [
    sys.executable,
    "-c",
    "import os, sys; os.set_blocking(0, False); os.execv(sys.argv[1], sys.argv[1:])",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("stopping"), PASSWORD)


def stop(terminal: Terminal, number: signal.Signals) -> None:
    terminal.kill(number)
    stat = Path(f"/proc/{terminal.pid}/stat")
    terminal.wait_until(lambda: stat_of(stat)[0] == "T", what="a stopped process")
    terminal.watch(0.1)


def go_on(terminal: Terminal) -> None:
    terminal.screen.reset()  # the shell and other programs wrote here
    terminal.kill(signal.SIGCONT)
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()


def share_of_processor(terminal: Terminal) -> float:
    """The processor share during one idle second."""

    def used() -> float:
        stat = stat_of(Path(f"/proc/{terminal.pid}/stat"))
        return (int(stat[11]) + int(stat[12])) / 100

    begun, before = time.monotonic(), used()
    terminal.watch(1)
    return (used() - before) / (time.monotonic() - begun)


def threads(terminal: Terminal) -> int:
    return len(list(Path(f"/proc/{terminal.pid}/task").iterdir()))


def is_for_typing(terminal: Terminal) -> bool:
    """Whether a shell could use the terminal, with echo and line mode on."""
    local = termios.tcgetattr(terminal._child.fileno())[3]
    return bool(local & termios.ECHO and local & termios.ICANON)


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=["SIGTSTP", "SIGSTOP"])
def test_it_continues_normally_after_being_stopped(home: Path, number: signal.Signals) -> None:
    with login(home, forked=True) as terminal:
        before = threads(terminal)
        for _ in range(3):
            stop(terminal, number)
            if number is signal.SIGTSTP:
                assert is_for_typing(terminal)
                assert not terminal.screen.alternate
            go_on(terminal)
            assert terminal.screen.alternate
        assert threads(terminal) == before
        assert share_of_processor(terminal) < 0.3
        still_works(terminal)
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_exit(10) == 1
        assert is_for_typing(terminal)
        assert not terminal.screen.alternate


def test_it_continues_whichever_thread_gets_the_signal(home: Path) -> None:
    with login(home, forked=True) as terminal:
        reading = max(int(task.name) for task in Path(f"/proc/{terminal.pid}/task").iterdir())
        assert reading != terminal.pid
        terminal.screen.reset()
        assert ctypes.CDLL(None).tgkill(terminal.pid, reading, signal.SIGCONT) == 0
        terminal.wait_for("Sign in to Your Account", 8)  # a timer would wake it up later
        still_works(terminal)


def test_a_signal_sent_while_stopped_ends_it(home: Path) -> None:
    with login(home, forked=True) as terminal:
        stop(terminal, signal.SIGTSTP)
        terminal.kill(signal.SIGTERM)
        terminal.kill(signal.SIGCONT)
        assert terminal.wait_exit(10) == 1
        assert is_for_typing(terminal)
        assert not terminal.screen.alternate


def test_very_fast_resizing_does_not_delay_quitting(home: Path) -> None:
    with login(home, forked=True) as terminal:
        count = 0
        while count < seconds(2) * 1500:
            for _ in range(10):
                terminal._child.setwinsize(24 + count % 2, 80 + count % 3)
                count += 1
            terminal._read(0)
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_exit(10) == 1, terminal.text


def test_a_slow_non_blocking_terminal_shows_everything(home: Path) -> None:
    with login(home, before=NON_BLOCKING) as terminal:
        terminal.resize(200, 60)
        for _ in range(4):
            # Nobody reads meanwhile, and it is more than the terminal buffers.
            terminal.send_bytes(b"\x1bOR\x0c")
            time.sleep(0.3)
        still_works(terminal)
        seen = without_time(terminal)
        terminal.send_bytes(b"\x0c")
        terminal.wait_until_still()
        assert without_time(terminal) == seen
        terminal.send("ctrl+q")
        assert terminal.wait_exit(10) == 1


def test_successive_floods_are_reported_once(home: Path) -> None:
    with login(home, forked=True) as terminal:
        for _ in range(4):
            terminal.flood(b"\x1b[12~" * 400)
            terminal.watch(0.4)
        terminal.wait_until(lambda: shows(terminal, TOO_MUCH), what=TOO_MUCH)
        terminal.wait_until_still()
        assert terminal.text.count("Too much") == 1
