"""The page with the QR code in terminals with a window, read from what stands on their screen."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import soak
from tests.accounts.world import PASSWORD
from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import zbar, zxing
from tests.console.xserver import STILL, XServer, x_server
from tests.programs import require

COMPLETE: Final = re.compile(
    r"otpauth://totp/Connectware:admin\?secret=[A-Z2-7]{32}(&issuer=Connectware)?"
)
F5: Final = "\x1b[15~"
TERMINALS: Final = {
    "xterm": ["xterm", "-geometry", "80x24"],
    "urxvt, 3 pixels between lines": ["urxvt", "-geometry", "80x24", "-lsp", "3"],
}
"""Command lines without -e."""
MORE: Final = {
    "st": ["st", "-g", "80x24"],
    "zutty": ["zutty", "-geometry", "80x24"],
    "alacritty": [
        *("alacritty", "-o", "window.dimensions.columns=80", "-o", "window.dimensions.lines=24")
    ],
    "kitty": [
        *("kitty", "-o", "remember_window_size=no"),
        *("-o", "initial_window_width=80c", "-o", "initial_window_height=24c"),
    ],
}
"""Terminals that are tried only in a soak, because they take long to install and to start."""


@pytest.fixture(scope="module")
def x(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XServer]:
    with x_server(tmp_path_factory.mktemp("x")) as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whoever signs in must enrol a device."""
    made = cwtui.with_admin(tmp_path_factory.mktemp("home"), PASSWORD)
    cwtui.run(made, "settings", "set", "mfa", "required")
    return made


def enrolling(home: Path, keys: str) -> list[str]:
    """The command that shows the page, and types these keys there."""
    return [sys.executable, "-m", "tests.console.typist", str(home), keys, PASSWORD]


@pytest.mark.parametrize("name", [*TERMINALS, *(MORE if soak.times(0, 1) else ())])
def test_each_reader_reads_one_of_the_drawings_at_80x24(x: XServer, name: str, home: Path) -> None:
    """The first drawing, or the one that F5 shows next."""
    [program, *arguments] = {**TERMINALS, **MORE}[name]
    unread = {zxing, zbar}
    for keys in ("", F5):
        with x.shown([require(program), *arguments, "-e", *enrolling(home, keys)], home):
            for picture in x.pictures(STILL):
                unread = {one for one in unread if not COMPLETE.fullmatch(one(picture) or "")}
                if not unread:
                    return
    pytest.fail(f"not read by {[reader.__name__ for reader in unread]}")


def test_zxing_reads_higher_lines_and_f5_leads_to_the_key(x: XServer, home: Path) -> None:
    """zbar reads neither drawing of most keys there, because gaps cross the code."""
    font = ("-fa", "DejaVu Sans Mono", "-fs", "11", "-xrm", "XTerm*scaleHeight: 1.1")
    terminal = [require("xterm"), "-geometry", "80x24", *font, "-e"]
    with x.shown([*terminal, *enrolling(home, "")], home):
        assert any(COMPLETE.fullmatch(zxing(picture) or "") for picture in x.pictures())
    transcript = home / "transcript"
    transcript.touch()
    with x.shown([*terminal, *enrolling(home, F5 + F5), str(transcript)], home):
        for _ in x.pictures():
            if "In your app, add" in transcript.read_text(errors="replace"):
                return
    pytest.fail("no key is offered")
