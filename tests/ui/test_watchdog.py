"""The watchdog thread that ends the process cannot be stopped.

Each test runs a watchdog in a separate process, which the watchdog ends.
"""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.console.terminal import ROOT
from tests.soak import seconds

WATCHED = """
import signal, sys, threading, time
from cwtui.ui.terminal.watchdog import Watchdog
signal.signal(signal.SIGWINCH, lambda *_: None)
def leave(reason):
    print("left:", reason, flush=True)
    {leave}
Watchdog({terminal}, leave, lambda: print("let go", flush=True),
         lambda: print("restored", flush=True)).start()
thread = next(each for each in threading.enumerate() if each.name == "watchdog")
print("watches", flush=True)
{then}
while True:
    time.sleep(1)
"""
FLOOD = """
until = time.monotonic() + {seconds}
while time.monotonic() < until:
    signal.pthread_kill(thread.ident, signal.SIGWINCH)
print("flooded", flush=True)
"""


@contextmanager
def watched(terminal: int, leave: str = "pass", then: str = "") -> Iterator[subprocess.Popen[str]]:
    code = WATCHED.format(terminal=terminal, leave=leave, then=then)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        pass_fds=[terminal],
        cwd=ROOT,
    )
    with process:
        try:
            until(process, "watches")
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == f"{line}\n"


def ends(process: subprocess.Popen[str], *lines: str) -> None:
    """Wait until it ends with status 1 after restoring the terminal."""
    out, _ = process.communicate(timeout=20)
    assert list(dict.fromkeys(out.splitlines())) == [*lines, "restored"]
    assert process.returncode == 1


@pytest.fixture
def terminal() -> Iterator[int]:
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


def test_other_signals_do_not_stop_the_watchdog(terminal: int) -> None:
    """Each second they may interrupt its wait just as the time runs out."""
    with watched(terminal, then=FLOOD.format(seconds=seconds(2))) as process:
        until(process, "flooded")
        process.send_signal(signal.SIGTERM)
        ends(process, "left: terminated", "let go")


def test_the_watchdog_continues_after_a_stop(terminal: int) -> None:
    with watched(terminal) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.2)  # longer than one of its waits
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGHUP)
        ends(process, "left: hang-up", "let go")


def test_the_process_ends_if_the_watchdog_fails(terminal: int) -> None:
    with watched(terminal, leave="raise RuntimeError('broken')") as process:
        process.send_signal(signal.SIGTERM)
        ends(process, "left: terminated")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGALRM, signal.SIGXCPU])
def test_any_ending_signal_restores_the_terminal(terminal: int, number: signal.Signals) -> None:
    with watched(
        terminal, leave="import os; print('restored', flush=True); os._exit(1)"
    ) as process:
        process.send_signal(number)
        ends(process, "left: signal")
