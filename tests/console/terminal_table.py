"""Tries the application on each type of terminal, and writes the table for the manual.

    python -m tests.console.terminal_table

Each row is what was seen, with an emulator that understands the sequences of xterm and its
relatives, and with the keys that terminfo names for the type.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyotp

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import zbar, zxing
from tests.console.picture import DARK, LINUX_CONSOLE, paint
from tests.console.terminal import NotSeenError, Terminal
from tests.programs import require

PAGE: Final = Path(__file__).parents[2] / "cwtui" / "help" / "terminals.md"
TABLE: Final = re.compile(r"(^\|.*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Kind:
    """A type of terminal as the variables say it, and its size."""

    name: str
    term: str
    colorterm: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    size: tuple[int, int] = (80, 24)


ASCII: Final = (("LANG", "C"), ("LC_ALL", "POSIX"))
KINDS: Final = (
    Kind("xterm, true colour", "xterm-256color", "truecolor"),
    Kind("xterm-256color", "xterm-256color"),
    Kind("linux (console)", "linux"),
    Kind("vt220", "vt220"),
    Kind("vt100", "vt100"),
    Kind("screen", "screen-256color"),
    Kind("tmux", "tmux-256color"),
    Kind("PuTTY", "putty-256color"),
    Kind("NO_COLOR", "xterm-256color", env=(("NO_COLOR", "1"),)),
    Kind("no UTF-8", "vt220", env=ASCII),
    Kind("60x20", "xterm-256color", size=(60, 20)),
    Kind("500x200", "xterm-256color", size=(500, 200)),
)
COLUMNS: Final = ("Terminal", "Sign in", "QR code", "Key by hand", "Keys", "Resize")


def row(home: Path, number: int) -> tuple[str, ...]:
    """One row of the table, in the order of COLUMNS. The home is that of `prepared`."""
    return (KINDS[number].name, *_tried(home, KINDS[number], number))


def prepared(home: Path, numbers: Iterable[int] = range(len(KINDS))) -> Path:
    """A home in which one person for each of these kinds must enrol."""
    cwtui.with_admin(home, cwtui.PASSWORD)
    for number in numbers:
        name = user(number)
        cwtui.run(home, "user", "add", name, "--password-stdin", "--mfa-required", typed=INITIAL)
    return home


INITIAL: Final = "initial word of many"
OWN: Final = "correct horse battery staple"


def user(number: int) -> str:
    return f"user{number}"


def _tried(home: Path, kind: Kind, number: int) -> tuple[str, ...]:
    columns, lines = kind.size
    with cwtui.opened(
        home,
        forked=not kind.env,
        columns=columns,
        rows=lines,
        term=kind.term,
        colorterm=kind.colorterm,
        env=dict(kind.env),
    ) as terminal:
        cwtui.sign_in(terminal, user(number), INITIAL)
        terminal.wait_for("Choose a new password")
        terminal.type(f"{OWN}\t{OWN}\r")
        terminal.wait_for("Register Device")
        terminal.wait_until_still()
        keys = _seen(lambda: _press(terminal, kind.term))
        resize = _seen(lambda: _resize(terminal, kind))
        scanned = _scanned(terminal, kind)
        by_hand = _seen(lambda: _register(terminal))
    return "yes", scanned, by_hand, keys, resize


def _seen(act: Callable[[], None]) -> str:
    try:
        act()
    except NotSeenError:
        return "no"
    return "yes"


def _press(terminal: Terminal, term: str) -> None:
    """Open help with F1, move in it, and close it, with the keys of this type."""
    keys = _keys(term)
    terminal.type(keys.get("kf1", "\x1bOP"))
    terminal.wait_for("authentication app", timeout=5)
    terminal.type(keys.get("kcud1", "\x1b[B"))
    terminal.wait_until_still()
    terminal.send("escape")
    terminal.wait_for("Register Device", timeout=5)
    terminal.wait_until_still()


def _keys(term: str) -> dict[str, str]:
    """What the keys of this type send, by the names of terminfo(5)."""
    listed = subprocess.run(
        [require("infocmp"), "-1", term], capture_output=True, text=True, check=False
    ).stdout
    found = re.findall(r"\b(k\w+)=([^,]+),", listed)
    return {name: value.replace("\\E", "\x1b").replace("^H", "\b") for name, value in found}


def _resize(terminal: Terminal, kind: Kind) -> None:
    terminal.resize(70, 22)
    terminal.wait_until_still()
    terminal.wait_for("Register Device", timeout=5)
    terminal.resize(*kind.size)
    terminal.wait_until_still()
    terminal.wait_for("Register Device", timeout=5)
    terminal.wait_until_still()


def _scanned(terminal: Terminal, kind: Kind) -> str:
    """Which drawing a decoder reads: the first, one after F5, or none."""
    palette = LINUX_CONSOLE if kind.term == "linux" else DARK
    too_small = False
    for presses in range(4):
        too_small = too_small or "does not fit" in terminal.text
        image = paint(terminal.screen, palette)
        if zxing(image) or zbar(image):
            return "with F5" if presses else "yes"
        terminal.send("f5")
        terminal.wait_until_still()
    return "larger window" if too_small else "no"


def _register(terminal: Terminal) -> None:
    """Enter the key by hand in the app, and its code here."""
    key = cwtui.shown_key(terminal)[-32:]
    terminal.type(pyotp.TOTP(key).now())
    terminal.wait_for("backup codes", timeout=10)


def table(found: list[tuple[str, ...]]) -> str:
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *found]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = prepared(Path(folder))
        found = [row(home, number) for number in range(len(KINDS))]
    PAGE.write_text(TABLE.sub(table(found), PAGE.read_text(), count=1))
    sys.stdout.write(table(found))


if __name__ == "__main__":
    main()
