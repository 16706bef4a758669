"""Applications in a terminal, brought to the screen to be measured, which is still."""

from pathlib import Path
from typing import Any, Final

import pyotp

from tests.bench.measuring import BARE, CWTUI
from tests.bench.people import NEWCOMER, PASSWORD, TOTP_SECRET
from tests.console.terminal import Terminal

SLOW: Final[dict[str, Any]] = {"before": ("sh", "-c", 'stty 9600; exec "$0" "$@"'), "term": "linux"}
"""As on a serial line of 9600 baud. Options of the functions below."""


def bare(home: Path, colorterm: str | None = "truecolor") -> Terminal:
    terminal = Terminal(BARE, home, colorterm=colorterm)
    _still(terminal, "Sign In")
    return terminal


def login(
    home: Path,
    colorterm: str | None = "truecolor",
    *,
    before: tuple[str, ...] = (),
    **options: Any,
) -> Terminal:
    terminal = Terminal((*before, *CWTUI), home, colorterm=colorterm, **options)
    _still(terminal, "Sign In")
    return terminal


def one_time_code(home: Path, username: str, *arguments: Any, **options: Any) -> Terminal:
    terminal = login(home, *arguments, **options)
    terminal.type(f"{username}\t{PASSWORD}\r")
    _still(terminal, "One-time code", "Use backup code")
    return terminal


def settings(home: Path, username: str, *arguments: Any, **options: Any) -> Terminal:
    """Signed in. A username works once, because its one-time code is used up for 30 seconds."""
    terminal = one_time_code(home, username, *arguments, **options)
    terminal.type(pyotp.TOTP(TOTP_SECRET).now())
    _still(terminal, "Change Password")
    return terminal


def users(home: Path, admin: str, *arguments: Any, **options: Any) -> Terminal:
    terminal = settings(home, admin, *arguments, **options)
    terminal.send("escape")
    terminal.wait_until_still()
    terminal.send("down", "enter")
    _still(terminal, "Create User", "Username")
    return terminal


def enrolment(home: Path, *arguments: Any, **options: Any) -> tuple[Terminal, bytes]:
    """The screen with the QR code, and all bytes written to get there from the login screen."""
    terminal = login(home, *arguments, **options)
    before = len(terminal.raw)
    terminal.type(f"{NEWCOMER}\t{PASSWORD}\r")
    _still(terminal, "Register Device")
    return terminal, bytes(terminal.raw[before:])


def _still(terminal: Terminal, *texts: str) -> None:
    for text in texts:
        terminal.wait_for(text, timeout=60)
    # The countdown of a one-time code is drawn every second.
    terminal.wait_until_still(quiet=0.5, timeout=60)
