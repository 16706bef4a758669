"""The application's largest QR code, read from every kind of terminal."""

import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import assert_each_read, assert_read, one_time_code, photographed, zxing
from tests.console.picture import (
    DARK,
    LIGHT,
    LINUX_CONSOLE,
    SOLARIZED_DARK,
    SOLARIZED_LIGHT,
    Gap,
    paint,
)
from tests.console.terminal import Terminal

USERNAME = "the.name-of_an@account+that.has.as.many.characters.as.it.may-have"[:64]
ISSUER = "Connectware (plant-7)"
PASSWORD = "correct horse battery"

TERMINALS: dict[str, dict[str, Any]] = {
    "truecolour": {"term": "xterm-256color", "colorterm": "truecolor"},
    "256": {"term": "xterm-256color", "colorterm": None},
    "16": {"term": "xterm", "colorterm": None},
    "linux": {"term": "linux", "colorterm": None},
    "NO_COLOR": {"no_color": True},
}


def at_enrolment(terminal: Terminal) -> None:
    cwtui.sign_in(terminal, USERNAME, PASSWORD)
    terminal.wait_for("Enable Multi-Factor Authentication")
    terminal.wait_until_still()
    terminal.send("tab", "enter")


@pytest.fixture(scope="module")
def before_enrolment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = cwtui.with_admin(tmp_path_factory.mktemp("home"), PASSWORD, USERNAME)
    cwtui.run(home, "settings", "set", "issuer", ISSUER)
    return home


@pytest.fixture
def home(before_enrolment: Path, tmp_path: Path) -> Path:
    return shutil.copytree(before_enrolment, tmp_path / "home")


@pytest.mark.parametrize("kind", TERMINALS)
def test_the_longest_name_can_be_scanned_at_80x24(home: Path, kind: str) -> None:
    assert len(USERNAME) == 64
    with cwtui.forked(home, **TERMINALS[kind]) as terminal:
        at_enrolment(terminal)
        uri = cwtui.scanned(terminal)
        secret = cwtui.secret_of(uri)
        label = f"{quote(ISSUER, safe='()')}:{quote(USERNAME, safe='@')}"
        assert uri == f"otpauth://totp/{label}?secret={secret}"
        assert cwtui.shown_key(terminal) == secret
        palettes = [DARK, LIGHT, SOLARIZED_DARK, SOLARIZED_LIGHT]
        shown = {
            # Terminals with line spacing fill it with the background of the cell above.
            (number, pixels): paint(terminal.screen, palette, gap=Gap(below=pixels))
            for number, palette in enumerate([LINUX_CONSOLE] if kind == "linux" else palettes)
            for pixels in range(5)
        }
        assert_each_read(dict.fromkeys(shown, uri), shown)
        spaced = [image for (_, pixels), image in shown.items() if pixels]
        assert {zxing(photographed(image)) for image in spaced} == {uri}


def test_the_longest_name_enrols_in_any_window_and_signs_in(home: Path) -> None:
    """A QR code that does not fit says what it needs."""
    with cwtui.forked(home) as terminal:
        at_enrolment(terminal)
        uri = cwtui.scanned(terminal)
        terminal.send("f5")
        terminal.wait_until_still()
        assert zxing(paint(terminal.screen, LIGHT)) is not None
        terminal.send("f5")
        terminal.wait_for("Cannot scan any QR code? One")
        terminal.resize(140, 60)
        terminal.wait_for("Cannot scan any QR code? Enter the")
        terminal.send("f5", "f5", "f5")
        terminal.wait_until(lambda: zxing(paint(terminal.screen, LIGHT)) is not None)
        terminal.wait_until_still()
        gaps = (Gap(), Gap(below=4), Gap(above=2, below=2), Gap(below=8))
        images = [paint(terminal.screen, LIGHT, gap=gap) for gap in gaps]
        shown = zxing(images[0])
        assert shown is not None
        assert_read(shown, *images)
        terminal.send("f5")
        terminal.resize(60, 20)
        terminal.wait_for("In your app, add")
        assert cwtui.shown_key(terminal) == cwtui.secret_of(uri)
        terminal.resize(59, 19)
        terminal.wait_for("at least 60x20")
        terminal.resize(80, 24)
        terminal.send("f5")
        assert cwtui.scanned(terminal) == uri
        secret, now = cwtui.secret_of(uri), time.time()
        terminal.type(one_time_code(secret, now))
        cwtui.keep_codes(terminal)
        terminal.wait_for("10 unused backup codes left")
        cwtui.sign_out(terminal)
        cwtui.sign_in(terminal, USERNAME, PASSWORD)
        terminal.wait_for("Use backup code")
        terminal.wait_until_still()
        terminal.type(one_time_code(secret, now + 30))
        terminal.wait_for("10 unused backup codes left")
