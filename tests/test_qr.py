"""Drawing QR codes: size, quiet zone, shortened labels and readability."""

import subprocess
import sys
from functools import cache
from itertools import islice, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.Image import Resampling

from cwtui import qr
from cwtui.accounts.credentials.totp import uris
from cwtui.accounts.secret import Secret
from cwtui.qr import Drawing, DrawingStyle, Size, TooSmall, fit
from tests.console.decoders import assert_each_read, assert_read, photographed, zbar, zxing
from tests.console.emulator import Emulator, Screen
from tests.console.picture import (
    DARK,
    LIGHT,
    LINUX_CONSOLE,
    SOLARIZED_DARK,
    SOLARIZED_LIGHT,
    Gap,
    paint,
)
from tests.soak import times

HALF, UPPER, WHOLE = DrawingStyle
BESIDE_THE_KEY = Size(47, 24)
WIDE = Size(200, 100)
SECRET = Secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
ISSUER = "Connectware (plant-7)"

TRUE_COLOURS = ("38;2;0;0;0;48;2;255;255;255", "38;2;255;255;255;48;2;0;0;0")
SIXTEEN_COLOURS = ("30;107", "97;40")


def texts(username: str) -> list[Secret]:
    return list(uris(SECRET, username, ISSUER))


@cache
def drawn(username: str, room: Size = WIDE, style: DrawingStyle = HALF) -> Drawing:
    found = fit(texts(username), room, style)
    assert isinstance(found, Drawing)
    return found


def screen(drawing: Drawing, colours: tuple[str, str] = TRUE_COLOURS) -> Screen:
    """The drawing alone in a terminal with two columns and one row to spare on each side."""
    emulator = Emulator(drawing.size.columns + 4, drawing.size.rows + 2)
    for row, line in enumerate(drawing.lines, start=2):
        runs = "".join(f"\x1b[{colours[run.inverted]}m{run.text}\x1b[0m" for run in line)
        emulator.feed(f"\x1b[{row};3H{runs}".encode())
    return emulator.screen


def modules(drawing: Drawing) -> list[list[bool]]:
    """Which modules of a half block drawing are black, read off its glyphs."""
    grid: list[list[bool]] = []
    for line in drawing.lines:
        cells = [(glyph, run.inverted) for run in line for glyph in run.text]
        grid.append([(glyph == "▀") != inverted for glyph, inverted in cells])
        grid.append([(glyph == "▄") != inverted for glyph, inverted in cells])
    return grid


def test_a_large_terminal_gets_full_quiet_zone_and_full_text() -> None:
    drawing = drawn("alice")
    assert (drawing.quiet_zone, drawing.choice) == (4, 0)
    assert drawing.size == Size(49, 25)
    assert zxing(paint(screen(drawing))) == texts("alice")[0].reveal()


@pytest.mark.parametrize("style", DrawingStyle)
def test_the_largest_fitting_quiet_zone_is_drawn_never_clipped(
    style: DrawingStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = [Secret("x" * 78)]  # 33 modules
    # Whatever they are: making a code takes far longer than fitting it into a room.
    black = [[True] * 33 for _ in range(33)]
    monkeypatch.setattr(qr, "_modules", lambda _: black)
    needed = {HALF: Size(35, 18), UPPER: Size(37, 19), WHOLE: Size(74, 37)}
    for rows in (1, *range(16, 22), *range(34, 42), 99):
        for columns in (1, 34, 35, 37, 40, 41, 69, 70, 75, 82, 199):
            found = fit(text, Size(columns, rows), style)
            cells = (columns // 2, rows) if style is WHOLE else (columns, rows * 2)
            zone = min(4, *((modules - 33) // 2 for modules in cells))
            if zone < style.least_quiet_zone:
                assert found == TooSmall(needed[style])
                continue
            assert isinstance(found, Drawing)
            assert found.quiet_zone == zone
            assert found.size.columns <= columns
            assert found.size.rows <= rows
            assert len(found.lines) == found.size.rows
            widths = {sum(len(run.text) for run in line) for line in found.lines}
            assert widths == {found.size.columns}


def test_the_quiet_zone_is_white_and_fills_spare_rows() -> None:
    found = fit([Secret("x" * 78)], Size(80, 18), HALF)
    assert isinstance(found, Drawing)
    assert found.quiet_zone == 1
    assert found.size == Size(41, 18)
    grid = modules(found)
    assert not any(grid[0]) and not any(grid[-1]) and not any(grid[-2])  # noqa: PT018  three edges of one frame
    assert all(not any(row[:4]) and not any(row[-4:]) for row in grid)
    assert grid[1][4:11] == [True] * 7


def test_the_prefix_is_dropped_only_for_a_larger_quiet_zone() -> None:
    prefixed, bare = Secret("x" * 134), Secret("y" * 106)  # 41 and 37 modules
    cases = {Size(80, 30): (0, 4), Size(80, 24): (1, 4), Size(39, 24): (1, 1), Size(80, 20): (1, 1)}
    for room, expected in cases.items():
        found = fit([prefixed, bare], room, HALF)
        assert isinstance(found, Drawing)
        assert (found.choice, found.quiet_zone) == expected
    same = fit([prefixed, Secret("y" * 130)], Size(80, 24), HALF)
    assert isinstance(same, Drawing)
    assert same.choice == 0


def test_a_label_is_shortened_no_more_than_needed() -> None:
    candidates = [Secret("x" * length) for length in (230, 192, 170, 154, 134, 78)]
    found = fit(candidates, BESIDE_THE_KEY, HALF)
    assert isinstance(found, Drawing)
    assert (found.choice, found.quiet_zone) == (3, 1)
    assert fit(candidates, Size(34, 24), HALF) == TooSmall(Size(35, 18))


def test_no_shortened_label_is_made_if_a_full_one_fits() -> None:
    made = iter(texts("a" * 40))
    fit(made, WIDE, HALF)
    assert next(made).reveal() == texts("a" * 40)[2].reveal()


@settings(deadline=None, max_examples=times(20, in_a_soak=60))
@given(st.from_regex(r"[a-z0-9][a-z0-9._@-]{63}", fullmatch=True))
def test_every_64_character_name_fits_beside_the_key(username: str) -> None:
    drawing = drawn(username, BESIDE_THE_KEY)
    assert drawing.choice <= 1
    assert drawing.size.columns <= BESIDE_THE_KEY.columns
    assert drawing.size.rows <= BESIDE_THE_KEY.rows
    assert zxing(paint(screen(drawing))) == texts(username)[drawing.choice].reveal()


@settings(deadline=None, max_examples=times(10, in_a_soak=30))
@given(st.text("aé日+ñ", min_size=64, max_size=64))
def test_wide_letters_shorten_only_the_label(username: str) -> None:
    drawing = drawn(username, BESIDE_THE_KEY)
    text = texts(username)[drawing.choice].reveal()
    assert zxing(paint(screen(drawing))) == text
    assert "secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" in text
    assert text.startswith("otpauth://totp/Connectware%20(plant-7):")


PALETTES = {
    "dark": DARK,
    "light": LIGHT,
    "linux": LINUX_CONSOLE,
    "solarized-dark": SOLARIZED_DARK,
    "solarized-light": SOLARIZED_LIGHT,
}
USERNAMES = ["al", "alice.longername@plant-7.example.com", "a" * 64]


@pytest.mark.parametrize("style", DrawingStyle)
@pytest.mark.parametrize("username", USERNAMES)
def test_both_decoders_read_it_in_every_palette(username: str, style: DrawingStyle) -> None:
    drawing = drawn(username, BESIDE_THE_KEY if style is HALF else WIDE, style)
    expected = texts(username)[drawing.choice].reveal()
    screens = [screen(drawing, colours) for colours in (TRUE_COLOURS, SIXTEEN_COLOURS)]
    painted = {
        (number, name): paint(shown, palette, (1, 2))
        for number, shown in enumerate(screens)
        for name, palette in PALETTES.items()
    }
    every = product(painted.items(), (8, 9, 10))  # the width of a cell
    # Every second one, so that each two of the three occur together. A soak tries all.
    images = {
        (*what, pixels): image.resize(
            (image.width * pixels, image.height * pixels), Resampling.NEAREST
        )
        for (what, image), pixels in islice(every, 0, None, times(2, in_a_soak=1))
    }
    assert_each_read(dict.fromkeys(images, expected), images)


@pytest.mark.parametrize("pixels", [1, 2, 3, 4])
@pytest.mark.parametrize("username", USERNAMES)
def test_half_blocks_can_be_read_despite_line_spacing(username: str, pixels: int) -> None:
    drawing = drawn(username, BESIDE_THE_KEY)
    expected = texts(username)[drawing.choice].reveal()
    shown = screen(drawing)
    split = paint(shown, gap=Gap(above=pixels // 2, below=(pixels + 1) // 2))
    images = [paint(shown, gap=gap) for gap in (Gap(below=pixels), Gap(above=pixels))]
    assert_read(expected, *images, photographed(split))


@pytest.mark.parametrize("pixels", [2, 4, 8])
@pytest.mark.parametrize("username", USERNAMES)
def test_whole_cells_can_be_read_despite_any_spacing(username: str, pixels: int) -> None:
    drawing = drawn(username, style=WHOLE)
    expected = texts(username)[drawing.choice].reveal()
    shown = screen(drawing)
    gaps = (Gap(below=pixels), Gap(above=pixels), Gap(pixels // 2, pixels // 2))
    assert_read(expected, *(paint(shown, gap=gap) for gap in gaps))


def test_the_test_decoders_do_not_read_white_on_black() -> None:
    image = paint(screen(drawn("alice"), colours=(TRUE_COLOURS[1], TRUE_COLOURS[0])))
    assert zxing(image) is None
    assert zbar(image) is None


def test_an_upper_case_key_takes_less_room_than_lower_case() -> None:
    upper, lower = Secret("a" * 120 + "A" * 33), Secret("a" * 120 + "a" * 33)
    rows = [
        found.size.rows
        for text in (upper, lower, Secret("a" * 155))
        if isinstance(found := fit([text], WIDE, HALF), Drawing)
    ]
    assert rows[0] <= rows[1] < rows[2]
    mixed = fit([Secret("a" * 124 + "A" * 32)], WIDE, HALF)
    assert isinstance(mixed, Drawing)
    assert mixed.size.columns == 45 + 8


def test_neighbouring_runs_differ_to_save_bytes() -> None:
    for line in drawn("alice").lines:
        assert all(one.inverted != other.inverted for one, other in pairwise(line))


def test_the_widget_alone_does_not_load_the_qr_library() -> None:
    program = "import sys, cwtui.ui.widgets.qr_code; sys.exit('qrcode' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_repr_shows_the_text_or_the_code() -> None:
    drawing = drawn("alice")
    shown = repr(drawing) + repr(drawing.lines) + repr(fit(texts("alice"), Size(9, 9), HALF))
    assert "otpauth" not in shown
    assert "JBSW" not in shown
    assert not set("▀▄") & set(shown)
    assert "True" not in shown
