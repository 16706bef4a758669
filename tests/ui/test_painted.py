"""Skipping unchanged cells when drawing never changes what is seen."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from cwtui.ui.painted import Painted
from cwtui.ui.spelling.abilities import Abilities
from cwtui.ui.spelling.cells import cells_of
from tests.console.emulator import Emulator
from tests.console.seen import seen
from tests.fuzz.mutations import many
from tests.ui import moving_pictures
from tests.ui.moving_pictures import moving

SIZE = Size(40, 3)
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=40)
LETTERS = ("a", "b", " ", " " * 9, "●", "-" * 12, "漢", "e\N{COMBINING ACUTE ACCENT}")
STYLES = (
    Style(color="red"),
    Style(bgcolor="blue"),
    Style(bold=True),
    Style(reverse=True),
    Style(color="color(16)", bgcolor="color(231)"),
    Style(color="color(231)", bgcolor="color(16)", italic=True),
    Style(color="#102030", bgcolor="#405060", underline=True),
    Style(color="#405060", bgcolor="#102030"),
)


def update(x: int, y: int, cells: list[tuple[str, int]]) -> LayoutUpdate:
    """One row of styled letters from (x, y), cut at the edge."""
    segments = [Segment(letter, STYLES[style]) for letter, style in cells]
    strip = Strip(segments).crop(0, SIZE.width - x)
    return LayoutUpdate([[strip]], Region(x, y, strip.cell_length, 1))


def updates_of(letters: Sequence[str]) -> st.SearchStrategy[list[LayoutUpdate]]:
    styled = st.tuples(st.sampled_from(letters), st.integers(0, len(STYLES) - 1))
    cells = st.lists(styled, min_size=1, max_size=8)
    starts = st.sampled_from([0, 0, 0, 1, 7, 30])
    return st.lists(st.builds(update, starts, st.integers(0, 2), cells), max_size=12)


UPDATES = updates_of(LETTERS)


CAN = st.builds(Abilities, st.booleans(), st.booleans(), st.booleans(), st.booleans())
SLOW = 10**6
"""As on a slow line, but all at once."""


def written(painted: Painted, one: LayoutUpdate, size: Size = SIZE) -> str:
    painted.take(one, size)
    return painted.written(ColorSystem.TRUECOLOR)


@given(UPDATES, CAN)
def test_the_screen_looks_like_one_drawn_completely(
    updates: list[LayoutUpdate], can: Abilities
) -> None:
    whole, spared = Emulator(*SIZE), Emulator(*SIZE)
    painted = Painted(can)
    for one in updates:
        whole.feed(one.render_segments(CONSOLE).encode())
        spared.feed(written(painted, one).encode())
        assert seen(spared.screen) == seen(whole.screen)


@given(UPDATES, CAN, st.lists(st.integers(0, 40), max_size=30))
def test_output_written_in_parts_ends_with_the_newest_state(
    updates: list[LayoutUpdate], can: Abilities, parts: list[int]
) -> None:
    """As on a slow line, where much may change before there is room for more."""
    whole, spared = Emulator(*SIZE), Emulator(*SIZE)
    painted = Painted(can)
    for one in updates:
        whole.feed(one.render_segments(CONSOLE).encode())
        painted.take(one, SIZE)
        if parts:
            spared.feed(painted.written(ColorSystem.TRUECOLOR, parts.pop(), first=[2]).encode())
    spared.feed(painted.written(ColorSystem.TRUECOLOR).encode())
    assert painted.is_done
    assert seen(spared.screen) == seen(whole.screen)


@given(UPDATES, CAN)
def test_a_move_after_writing_leads_where_it_should(
    updates: list[LayoutUpdate], can: Abilities
) -> None:
    terminal = Emulator(*SIZE)
    painted = Painted(can)
    for one in updates:
        terminal.feed((written(painted, one) + painted.cursor(7, 1)).encode())
        assert (terminal.screen.cursor.x, terminal.screen.cursor.y) == (7, 1)


@many(40)
@given(moving(), CAN, st.lists(st.integers(0, 200), max_size=30))
def test_rows_that_moved_are_scrolled_to_where_they_should_be(
    pictures: list[LayoutUpdate], can: Abilities, parts: list[int]
) -> None:
    """In parts, of which some are cut off by the next picture."""
    spared = Emulator(*moving_pictures.SIZE)
    painted = Painted(can)
    for one in pictures:
        whole = Emulator(*moving_pictures.SIZE)
        whole.feed(one.render_segments(CONSOLE).encode())
        painted.take(one, moving_pictures.SIZE)
        if parts:
            spared.feed(painted.written(ColorSystem.TRUECOLOR, parts.pop(), first=[2]).encode())
        if not parts:
            spared.feed(painted.written(ColorSystem.TRUECOLOR, SLOW).encode())
            assert painted.is_done
            assert seen(spared.screen) == seen(whole.screen)


@many(40)
@given(moving())
def test_scrolling_never_takes_more_bytes(pictures: list[LayoutUpdate]) -> None:
    ours, plain = Painted(Abilities(scrolls=True)), Painted(Abilities())
    for one in pictures[:2]:
        ours.take(one, moving_pictures.SIZE)
        plain.take(one, moving_pictures.SIZE)
        most = len(plain.written(ColorSystem.TRUECOLOR, SLOW).encode())
        assert len(ours.written(ColorSystem.TRUECOLOR, SLOW).encode()) <= most


def test_a_list_that_moves_by_a_row_writes_only_the_new_one() -> None:
    size = moving_pictures.SIZE
    terminal, painted = Emulator(*size), Painted(Abilities(scrolls=True))
    rows = [(4 * number, 3) for number in range(size.height + 3)]
    for first, length in ((0, None), (1, 100), (3, 170), (0, 250)):
        one = moving_pictures.update(rows[first : first + size.height])
        painted.take(one, size)
        text = painted.written(ColorSystem.TRUECOLOR, SLOW)
        terminal.feed(text.encode())
        assert length is None or len(text) < length
        assert f"{4 * first}. user-{4 * first:05}" in terminal.screen.display[0]
        assert f"{4 * first + 32}. user-" in terminal.screen.display[-1]


@pytest.mark.parametrize(
    ("can", "most"), [(Abilities(scrolls=True), None), (Abilities(), SLOW)], ids=["fast", "unknown"]
)
def test_fast_lines_and_unknown_terminals_get_the_rows_again(
    can: Abilities, most: int | None
) -> None:
    size = moving_pictures.SIZE
    rows = [(4 * number, 3) for number in range(size.height + 1)]
    painted = Painted(can)
    painted.take(moving_pictures.update(rows[:-1]), size)
    painted.written(ColorSystem.TRUECOLOR, most)
    painted.take(moving_pictures.update(rows[1:]), size)
    text = painted.written(ColorSystem.TRUECOLOR, most)
    assert "\x1bD" not in text
    assert "\x1b[r" not in text
    assert len(text) > 100


@given(UPDATES)
def test_unchanged_cells_are_not_written_again(updates: list[LayoutUpdate]) -> None:
    painted = Painted(Abilities())
    for one in updates:
        written(painted, one)
        assert written(painted, one) == ""


@given(UPDATES)
def test_after_a_resize_everything_is_written(updates: list[LayoutUpdate]) -> None:
    painted = Painted(Abilities())
    for one in updates:
        written(painted, one)
    for one in updates[:1]:
        assert written(painted, one, Size(9, 3))


def drawn(painted: Painted, *cells: tuple[str, int]) -> str:
    return written(painted, update(0, 0, list(cells)))


def test_only_the_cells_that_differ_are_written() -> None:
    painted = Painted(Abilities())
    drawn(painted, ("It changes in 10 s, and then again.", 1))
    assert drawn(painted, ("It changes in  9 s, and then again.", 1)) == "\x1b[1;15H 9"
    assert drawn(painted, ("At changes in  9 s, and then again!", 1)) == "\x1b[1HA\x1b[33C!"
    assert drawn(painted, ("A few", 1)) == "\x1b[1;2H few"


def test_a_style_is_written_only_where_it_changes() -> None:
    painted = Painted(Abilities())
    assert drawn(painted, ("a", 0), ("b", 1)) == "\x1b[1H\x1b[0;31ma\x1b[0;44mb"
    assert drawn(painted, ("a", 0), ("c", 1)) == "\x1b[1;2Hc"
    assert drawn(painted, ("d", 0), ("c", 1)) == "\x1b[1H\x1b[0;31md"
    assert drawn(Painted(Abilities()), ("d", 0)).endswith("\x1b[0;31md")


def test_blanks_are_erased_where_the_terminal_can() -> None:
    blanks = (("a", 0), (" " * 30, 1), ("b", 0))
    assert drawn(Painted(Abilities(erases=True)), *blanks).count(" ") == 30
    can = Abilities(erases=True, in_colour=True, switches_off=True)
    assert drawn(Painted(can), *blanks).endswith("ma\x1b[44m\x1b[30X\x1b[30C\x1b[49mb")
    assert drawn(Painted(Abilities()), ("a", 0), (" " * 39, 0)).endswith("ma\x1b[K")


def test_a_style_that_names_the_own_colours_of_the_terminal_looks_like_one_that_names_none() -> (
    None
):
    own = Style(color="default", bgcolor="default")
    for style in (Style(reverse=True), Style(bold=True, color="red"), Style()):
        named = cells_of(Strip([Segment("a ", own + style)]))
        assert named == cells_of(Strip([Segment("a ", style)]))
