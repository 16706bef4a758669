"""The QR code as terminals show it and phones read it."""

import sys
from itertools import islice
from pathlib import Path

import pytest

from cwtui.accounts.credentials.totp import uris
from tests.console import qr_app
from tests.console.decoders import assert_read, photographed, zbar, zxing
from tests.console.emulator import Screen
from tests.console.picture import (
    DARK,
    LIGHT,
    LINUX_CONSOLE,
    SOLARIZED_DARK,
    SOLARIZED_LIGHT,
    Gap,
    Palette,
    paint,
)
from tests.console.terminal import NotSeenError, Terminal

URIS = uris(qr_app.SECRET, qr_app.USERNAME, qr_app.ISSUER)
COMPLETE = [uri.reveal() for uri in islice(URIS, 2)]


def opened(
    home: Path,
    *themes: str,
    style: str = "HALF_BLOCKS",
    columns: int = 80,
    rows: int = 24,
    term: str = "xterm-256color",
    colorterm: str | None = "truecolor",
    no_color: bool = False,
) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "tests.console.qr_app", style, *(themes or ["textual-dark"])],
        home,
        columns=columns,
        rows=rows,
        term=term,
        colorterm=colorterm,
        no_color=no_color,
        forked=True,
    )


@pytest.mark.parametrize("no_color", [False, True], ids=["colour", "NO_COLOR"])
@pytest.mark.parametrize(
    ("term", "colorterm", "palettes"),
    [
        ("xterm-256color", "truecolor", [DARK, LIGHT]),
        ("xterm-256color", None, [DARK, LIGHT]),
        ("xterm", None, [DARK, LIGHT, SOLARIZED_DARK, SOLARIZED_LIGHT]),
        ("linux", None, [LINUX_CONSOLE, DARK]),
    ],
    ids=["truecolour", "256", "16", "linux"],
)
def test_it_can_be_read_from_every_terminal_in_every_theme(
    tmp_path: Path,
    term: str,
    colorterm: str | None,
    palettes: list[Palette],
    no_color: bool,
) -> None:
    """Two applications, one after the other: starting Python takes longer than all the rest."""
    kinds = ("textual", "ansi")
    themes = [f"{kind}-dark" for kind in kinds]
    with opened(tmp_path, *themes, term=term, colorterm=colorterm, no_color=no_color) as terminal:
        for kind in kinds:
            terminal.wait_for("Scan the QR code")
            _check_both_themes(terminal, kind, palettes)
            terminal.send("q")
        assert terminal.wait_exit() == 0
        assert not terminal.screen.alternate
        assert not terminal.text.strip()


def _check_both_themes(terminal: Terminal, kind: str, palettes: list[Palette]) -> None:
    dark, light = f"{kind}-dark", f"{kind}-light"
    for theme in (dark, light):
        terminal.wait_until_still()
        images = [paint(terminal.screen, palette) for palette in palettes]
        expected = zxing(images[0])
        assert expected in COMPLETE
        assert_read(expected, *images)
        if theme == dark:
            terminal.send("t")
            terminal.wait_for(f"now {light}")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Screen:
    """The screen at rest."""
    with opened(tmp_path_factory.mktemp("home")) as terminal:
        terminal.wait_for("Scan the QR code")
        terminal.wait_until_still()
        return terminal.screen


@pytest.mark.parametrize("gap", [Gap(below=2), Gap(below=4), Gap(above=2), Gap(above=4)], ids=str)
def test_it_can_be_read_despite_line_spacing(shown: Screen, gap: Gap) -> None:
    image = paint(shown, DARK, gap=gap)
    assert zxing(image) in COMPLETE
    assert zbar(image) in COMPLETE


@pytest.mark.parametrize("gap", [Gap(above=1, below=1), Gap(above=2, below=2)], ids=str)
def test_a_camera_reads_it_despite_spacing_on_both_sides(shown: Screen, gap: Gap) -> None:
    image = photographed(paint(shown, DARK, gap=gap))
    assert zxing(image) in COMPLETE
    assert zbar(image) in COMPLETE


def test_whole_cells_can_be_read_despite_wide_spacing(tmp_path: Path) -> None:
    with opened(tmp_path, style="WHOLE_CELLS", columns=140, rows=50) as terminal:
        terminal.wait_for("Scan the QR code")
        terminal.wait_until_still()
        assert not set("▀▄") & set(terminal.text)
        image = paint(terminal.screen, DARK, gap=Gap(above=4, below=4))
        assert zxing(image) in COMPLETE
        assert zbar(image) in COMPLETE


def test_blanking_removes_it_and_it_can_be_shown_again(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        terminal.wait_for("Scan the QR code")
        terminal.send("b")
        terminal.wait_for("hidden")
        terminal.wait_until_still()
        assert not set("▀▄") & set(terminal.text)
        assert zxing(paint(terminal.screen, DARK)) is None
        cells = [terminal.screen.buffer[row] for row in range(terminal.screen.lines)]
        assert len({cells[row][79].bg for row in range(24)}) == 1
        terminal.send("s")
        terminal.wait_for("shown")
        terminal.wait_until_still()
        assert zxing(paint(terminal.screen, DARK)) in COMPLETE


def test_a_command_ignoring_sighup_ends_with_its_test(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGHUP, signal.SIG_IGN); print('ready')"
    command = [sys.executable, "-c", f"{stubborn}; time.sleep(60)"]
    with Terminal(command, tmp_path) as terminal:
        terminal.wait_for("ready")
        terminal.hang_up()
        with pytest.raises(NotSeenError):
            terminal.wait_exit(0.2)
    assert not terminal.alive
