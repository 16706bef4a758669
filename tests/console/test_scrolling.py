"""Terminals scroll rows as the painter expects: they show what they show without scrolling."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from PIL import Image, ImageChops
from pyte.screens import Char
from rich.color import ColorSystem
from textual._compositor import LayoutUpdate
from textual.geometry import Size

from cwtui.ui.painted import Painted
from cwtui.ui.spelling.abilities import Abilities
from tests.console.emulator import Emulator
from tests.console.seen import seen
from tests.console.xserver import x_server
from tests.programs import require
from tests.ui.moving_pictures import update

SIZE: Final = Size(40, 9)
ALL_AT_ONCE: Final = 10**6
SECONDS: Final = 60
CLEAR: Final = "\x1b[?25l\x1b[m\x1b[H\x1b[2J"
PLACES: Final = {0: "xterm", 300: "urxvt"}
"""Terminals by where their windows are, in pixels from the top."""
FEW: Final = 20
"""Pixels that may differ. xterm draws bold text twice, a pixel further to the right, so pixels
between letters depend on the pieces in which the text arrived. A wrong letter has more."""
WIDTH: Final = 500
HEIGHT: Final = 300
FIRST_ROWS: Final = (0, 1, 3, 8, 7, 2, 30, 29)
"""In each picture, the row of the list at the top."""


def picture(first: int) -> LayoutUpdate:
    rows = [(number + first, 3 * (number // 3 % 2)) for number in range(SIZE.height)]
    return update(rows, 0, SIZE)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What leads to the last picture: by scrolling, and without anything before."""
    folder = tmp_path_factory.mktemp("pictures")
    scrolled, whole = folder / "scrolled", folder / "whole"
    painted = Painted(Abilities(scrolls=True))
    text = CLEAR
    for first in FIRST_ROWS:
        painted.take(picture(first), SIZE)
        text += painted.written(ColorSystem.EIGHT_BIT, ALL_AT_ONCE)
    assert text.count("\x1b[r") >= 4
    assert "\x1bD" in text
    assert "\x1bM" in text
    scrolled.write_text(text)
    painted = Painted(Abilities())
    painted.take(picture(FIRST_ROWS[-1]), SIZE)
    whole.write_text(CLEAR + painted.written(ColorSystem.EIGHT_BIT, ALL_AT_ONCE))
    return scrolled, whole


def command(file: Path) -> list[str]:
    return ["sh", "-c", f"cat {file}; exec sleep {SECONDS}"]


def test_a_terminal_with_a_window_scrolls_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    """All at once, since one waits longest for pictures that do not change any more."""
    with x_server(tmp_path) as x, ExitStack() as stack:
        for place, name in PLACES.items():
            for column, file in enumerate(files):
                at = f"{SIZE.width}x{SIZE.height}+{column * WIDTH}+{place}"
                terminal = [require(name), "-geometry", at, "+sb", "-e", *command(file)]
                stack.enter_context(x.shown(terminal, tmp_path))
        differing = [*PLACES.values()]
        for shown in x.pictures():
            differing = [name for place, name in PLACES.items() if not _are_same(shown, place)]
            if not differing:
                break
    assert not differing


def _are_same(shown: Image.Image, place: int) -> bool:
    """Whether both windows of this terminal show the same, and more than their background."""
    scrolled, whole = (
        shown.crop((column * WIDTH, place, (column + 1) * WIDTH, place + HEIGHT))
        for column in range(2)
    )
    is_drawn = len(whole.getcolors() or ()) > len(PLACES)
    differing = ImageChops.difference(scrolled, whole).convert("L").histogram()[1:]
    return is_drawn and sum(differing) <= FEW


def test_tmux_scrolls_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    shown = []
    for number, file in enumerate(files):
        tmux = [require("tmux"), "-S", str(tmp_path / f"{number}"), "-f", "/dev/null"]
        run(*tmux, "new-session", "-d", "-x", f"{SIZE.width}", "-y", "24", *command(file))
        shown.append(still(partial(run, *tmux, "capture-pane", "-p", "-e", "-N")))
        run(*tmux, "kill-server")
    assert "user-" in shown[0]
    scrolled, whole = map(looks, shown)
    assert scrolled == whole


def looks(captured: str) -> list[list[Char]]:
    """How each cell looks: the colour of a blank's ink does not count."""
    terminal = Emulator(SIZE.width, 25)
    terminal.feed(captured.replace("\n", "\r\n").encode())
    return seen(terminal.screen)


def test_screen_scrolls_rows(files: tuple[Path, Path], tmp_path: Path) -> None:
    """It tells its text only, without colours."""
    environ = {**os.environ, "SCREENDIR": str(tmp_path / "sockets"), "LANG": "C.UTF-8"}
    (tmp_path / "sockets").mkdir(mode=0o700)
    shown = []
    for number, file in enumerate(files):
        screen = [require("screen"), "-c", "/dev/null", "-U", "-S", f"{number}"]
        copy = tmp_path / f"{number}"
        run(*screen, "-d", "-m", *command(file), env=environ)

        def look(screen: list[str] = screen, copy: Path = copy) -> str:
            run(*screen, "-X", "hardcopy", str(copy), env=environ)
            return copy.read_text(errors="replace") if copy.exists() else ""

        shown.append(still(look))
        run(*screen, "-X", "quit", env=environ)
    assert "user-" in shown[0]
    assert shown[0] == shown[1]


def run(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, env=env)
    return done.stdout


def still(look: Callable[[], str]) -> str:
    """What is seen once something is seen, and does not change any more."""
    before, give_up_at = "", time.monotonic() + SECONDS
    while time.monotonic() < give_up_at:
        now = look()
        if now.strip() and now == before:
            return now
        before = now
        time.sleep(0.1)
    raise AssertionError(f"it does not come to rest:\n{before}")
