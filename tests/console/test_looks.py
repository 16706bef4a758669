"""Light or dark as the terminal is, and what terminals get that have less."""

import re
from pathlib import Path

import pytest

from cwtui.ui import theme
from cwtui.ui.background import PATIENCE, QUESTION
from tests.console import cwtui_terminal as cwtui
from tests.console.cwtui_terminal import PASSWORD
from tests.console.terminal import Terminal

ANSWER = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("background"), PASSWORD)


def has_theme(terminal: Terminal, background: str | None) -> bool:
    """Whether the corner of the screen has this colour."""
    return bool(terminal.screen.buffer[0][0].bg == (background or "").removeprefix("#"))


def asked(terminal: Terminal) -> bool:
    return QUESTION.encode() in terminal.raw


def test_a_light_terminal_gets_the_light_theme(home: Path) -> None:
    with cwtui.forked(home) as terminal:
        terminal.wait_until(lambda: asked(terminal), what="the question")
        terminal.send_bytes(ANSWER[:9], ANSWER[9:], gap=0.05)
        terminal.wait_for("Sign in to Your Account")
        terminal.wait_until(lambda: has_theme(terminal, theme.LIGHT.background), what="light")
        terminal.type("adm")
        terminal.wait_until(lambda: cwtui.typed_username(terminal) == "adm", what="adm")
        assert terminal.raw.count(QUESTION.encode()) == 1


def test_a_late_answer_changes_nothing_and_is_not_typed(home: Path) -> None:
    with cwtui.forked(home) as terminal:
        # It is drawn though there is no answer.
        terminal.wait_for("Sign in to Your Account")
        terminal.watch(PATIENCE)
        terminal.send_bytes(ANSWER + b"adm")
        terminal.wait_until(lambda: cwtui.typed_username(terminal) == "adm", what="adm")
        assert has_theme(terminal, theme.DARK.background)


def test_a_linux_console_is_not_asked_and_gets_the_language_of_its_locale(home: Path) -> None:
    locale = {"LANG": "de_DE.UTF-8", "LC_ALL": ""}
    with cwtui.opened(home, term="linux", colorterm=None, env=locale) as terminal:
        terminal.wait_for("Bei Ihrem Konto anmelden")
        terminal.wait_until_still()
        assert not asked(terminal)


def test_a_terminal_without_utf_8_and_colours_gets_neither(home: Path) -> None:
    locale = {"LANG": "de_DE.US-ASCII", "LC_ALL": ""}
    with cwtui.opened(home, term="vt220", colorterm=None, env=locale) as terminal:
        terminal.wait_for("Bei Ihrem Konto anmelden")
        terminal.type("adm")
        terminal.wait_until(lambda: "adm" in terminal.text, what="adm")
        terminal.send("f3", "f3", "f1")
        terminal.wait_for("+------")
        terminal.wait_for("Strg+U              Alles vor dem Cursor loeschen")
        assert terminal.raw.isascii()
        assert not re.search(
            rb"\x1b\[(?:\d+;)*(?:[34][0-8]|9[0-7]|10[0-7])(?:;\d+)*m", terminal.raw
        )
