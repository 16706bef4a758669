"""A window that is resized faster than cwtui can draw."""

from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.cwtui_terminal import PASSWORD, without_time
from tests.console.terminal import Terminal
from tests.soak import times

# The sizes alternate around the limit of 60x20, so that the styles change too.
STORM = [
    size
    for number in range(times(8, 100))
    for size in ((20 + number % 39, 3 + number % 16), (81 + number, 25 + number))
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("resizing"), PASSWORD)


def arrive(terminal: Terminal) -> None:
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()


def storm(terminal: Terminal, key: str) -> None:
    for columns, rows in STORM:
        terminal.resize(columns, rows)
        terminal.send(key)
        terminal.watch(0.01)
    terminal.resize(80, 24)
    terminal.wait_until_still()


def check_complete(terminal: Terminal) -> None:
    """Wait until the screen equals a complete redraw, which may take a while on a busy host."""
    terminal.wait_until_still()
    before = without_time(terminal)
    terminal.screen.reset()
    terminal.send("ctrl+l")
    terminal.wait_until(lambda: without_time(terminal) == before, what=f"again:\n{before}")


def test_the_login_screen_is_complete_after_many_resizes(home: Path) -> None:
    with cwtui.forked(home) as terminal:
        arrive(terminal)
        storm(terminal, "a")
        terminal.type("\x15adm")
        terminal.wait_until(lambda: cwtui.typed_username(terminal) == "adm", what="adm")
        check_complete(terminal)


def test_content_cut_off_by_a_smaller_window_returns(home: Path) -> None:
    with cwtui.forked(home) as terminal:
        arrive(terminal)
        before = without_time(terminal)
        terminal.resize(70, 20)
        terminal.resize(80, 24)
        terminal.wait_until(lambda: without_time(terminal) == before, what="all of it again")
