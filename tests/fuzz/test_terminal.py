"""No bytes sent through a real pty end the application.

A failing run prints its seed; CWTUI_SOAK_SECONDS sets the duration.
"""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.cwtui_terminal import PASSWORD
from tests.console.terminal import NotSeenError, Terminal
from tests.soak import seconds
from tests.ui.terminal_answers import ANSWERS
from tests.ui.test_terminal_input import FRAGMENTS

QUIT_KEYS = (b"\x11", b"113;5u", b"q", b"Q", b"113u", b"81u")
KEYS = [
    b"\t", b"\x1b[Z", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[5~", b"\x1b[6~", b"\r",
    b"\x1bOP", b"\x1bOQ", b"\x1bOR", b"\x1b", b"\x10", b"\x0c", b"\x7f", b"/", b" ", b"\x15",
]  # fmt: skip
SIZES = [(80, 24), (80, 24), (1, 1), (60, 20), (80, 19), (200, 60), (0, 0), (65535, 65535)]
MOST_MEMORY = 160 << 20


def chunk(chance: random.Random) -> bytes:
    """What a terminal, a noisy line or an attacker sends, except the keys that quit."""
    number, place = chance.randrange(1 << 17), f"{chance.randrange(300)};{chance.randrange(90)}"
    ways: list[Callable[[], bytes]] = [
        lambda: chance.choice(FRAGMENTS),
        lambda: chance.choice(list(ANSWERS.values())),
        lambda: chance.choice(KEYS),
        lambda: chance.randbytes(chance.randrange(1, 60)),
        f"\x1b[{number};{chance.randrange(300)}{chance.choice('u~ABHPS')}".encode,
        f"\x1b[<{chance.randrange(256)};{place}{chance.choice('Mm')}".encode,
        lambda: b"\x1b[200~" + chance.randbytes(20) + b"\x1b[201~",
        lambda: "".join(chr(chance.randrange(0x20, 0xD800)) for _ in range(8)).encode(),
        lambda: chance.choice(KEYS) * chance.randrange(1, 40),
    ]
    parts = chance.choice(ways)()
    for quits in QUIT_KEYS:
        parts = parts.replace(quits, b"")
    return parts


def answers(terminal: Terminal) -> None:
    """Ctrl+L redraws any screen."""
    terminal._child.setwinsize(24, 80)
    terminal.send_bytes(b"\x1b[201~")
    terminal.wait_until_still(timeout=180)
    before = len(terminal.raw)
    terminal.send_bytes(b"\x0c")
    terminal.wait_until(lambda: len(terminal.raw) > before, what="an answer to Ctrl+L")


def attack(terminal: Terminal, chance: random.Random, until: float) -> int:
    """Send input for so long, and return how many bytes. The application must still answer."""
    sent = 0
    while time.monotonic() < until:
        for _ in range(20):
            sent += terminal.flood(chunk(chance))
            if chance.random() < 0.05:
                columns, rows = chance.choice(SIZES)
                terminal._child.setwinsize(rows, columns)
        answers(terminal)
        assert terminal.peak_memory < MOST_MEMORY
    terminal.kill(signal.SIGTERM)
    assert terminal.wait_exit(10) == 1
    return sent


def has_quit(terminal: Terminal, home: Path) -> bool:
    """Whether the application ended because the keys chose Quit in the command palette."""
    return (
        not terminal.alive
        and terminal.wait_exit() == 0
        and cwtui.last_event(home)["event"] == "session.sign_out"
    )


@pytest.mark.parametrize("signed_in", [False, True], ids=["login screen", "signed in"])
def test_no_terminal_input_ends_the_application(tmp_path: Path, signed_in: bool) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)  # noqa: S311  to be repeated, not secret
    until = time.monotonic() + seconds(4.5)
    home = cwtui.with_admin(tmp_path, PASSWORD)
    while time.monotonic() < until:
        with cwtui.forked(home) as terminal:
            terminal.wait_for("Sign in to Your Account")
            terminal.wait_until_still()
            if signed_in:
                terminal.type(f"admin\t{PASSWORD}\r")
                terminal.wait_for("Multi-Factor Authentication")
            try:
                sent = attack(terminal, chance, until)
            except (AssertionError, NotSeenError) as failure:
                if not has_quit(terminal, home):
                    raise AssertionError(f"seed {seed}:\n{terminal.text}") from failure
            else:
                print(f"{sent} bytes")  # noqa: T201  shown by `make soak -s`
    assert not list(tmp_path.rglob("crash-*.txt")), f"seed {seed}"
