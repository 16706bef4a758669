"""A window that changes its size faster than cwtui draws."""

from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.terminal import Terminal
from tests.console.test_leaving import PASSWORD
from tests.soak import times

# Each on the other side of the limit of 60x20 than the one before, so that styles change, too.
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


def is_complete(terminal: Terminal) -> bool:
    """Whether it shows what it shows when all is written again."""
    terminal.wait_until_still()
    before = terminal.text
    terminal.screen.reset()
    terminal.send("ctrl+l")
    terminal.wait_until_still()
    return before == terminal.text


def test_it_rests_after_many_sizes_at_login(home: Path) -> None:
    with cwtui.opened(home) as terminal:
        arrive(terminal)
        storm(terminal, "a")
        terminal.type("\x15adm")
        terminal.wait_until(lambda: cwtui.typed_username(terminal) == "adm", what="adm")
        assert is_complete(terminal)


def test_what_a_smaller_window_cut_off_is_shown_again(home: Path) -> None:
    with cwtui.opened(home) as terminal:
        arrive(terminal)
        before = terminal.text
        terminal.resize(70, 20)
        terminal.resize(80, 24)
        terminal.wait_until(lambda: terminal.text == before, what="all of it again")
