"""Skipping unchanged cells when drawing never changes what is seen."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from cwtui.ui.painted import Painted
from tests.console.terminal import Emulator

SIZE = Size(40, 3)
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=40)
LETTERS = ("a", "b", " ", "●", "-" * 12, "漢", "e\N{COMBINING ACUTE ACCENT}")
STYLES = (Style(color="red"), Style(bgcolor="blue"), Style(bold=True))


def update(x: int, y: int, cells: list[tuple[str, int]]) -> LayoutUpdate:
    """One row of styled letters from (x, y), cut at the edge."""
    segments = [Segment(letter, STYLES[style]) for letter, style in cells]
    strip = Strip(segments).crop(0, SIZE.width - x)
    return LayoutUpdate([[strip]], Region(x, y, strip.cell_length, 1))


def updates_of(letters: Sequence[str]) -> st.SearchStrategy[list[LayoutUpdate]]:
    cells = st.lists(st.tuples(st.sampled_from(letters), st.integers(0, 2)), min_size=1, max_size=8)
    starts = st.sampled_from([0, 0, 0, 1, 7, 30])
    return st.lists(st.builds(update, starts, st.integers(0, 2), cells), max_size=12)


UPDATES = updates_of(LETTERS)
WITHOUT_ACCENTS = updates_of(LETTERS[:-1])


@given(UPDATES)
def test_the_screen_equals_one_drawn_completely(updates: list[LayoutUpdate]) -> None:
    whole, spared = Emulator(*SIZE), Emulator(*SIZE)
    painted = Painted()
    for one in updates:
        whole.feed(one.render_segments(CONSOLE).encode())
        spared.feed(painted.changes(one, SIZE).render_segments(CONSOLE).encode())
        assert spared.screen.buffer == whole.screen.buffer


@given(WITHOUT_ACCENTS)
def test_unchanged_cells_are_not_written_again(updates: list[LayoutUpdate]) -> None:
    painted = Painted()
    for one in updates:
        painted.changes(one, SIZE)
        assert painted.changes(one, SIZE).render_segments(CONSOLE) == ""


@given(UPDATES)
def test_after_a_resize_everything_is_written(updates: list[LayoutUpdate]) -> None:
    painted = Painted()
    for one in updates:
        painted.changes(one, SIZE)
    for one in updates[:1]:
        assert painted.changes(one, Size(9, 3)).render_segments(CONSOLE)


def written(painted: Painted, *cells: tuple[str, int]) -> str:
    found = painted.changes(update(0, 0, list(cells)), SIZE)
    return found.render_segments(CONSOLE)


def test_only_the_cells_that_differ_are_written() -> None:
    painted = Painted()
    written(painted, ("It changes in 10 s, and then again.", 1))
    assert written(painted, ("It changes in  9 s, and then again.", 1)) == "\x1b[1;15H 9"
    assert written(painted, ("At changes in  9 s, and then again!", 1)) == "\x1b[1;1HA\x1b[1;35H!"
    assert written(painted, ("A few", 1)) == "\x1b[1;2H few"


def test_a_style_is_written_only_where_it_changes() -> None:
    painted = Painted()
    assert written(painted, ("a", 0), ("b", 1)) == "\x1b[1;1H\x1b[0;31ma\x1b[0;44mb"
    assert written(painted, ("a", 0), ("c", 1)) == "\x1b[1;2Hc"
    assert written(painted, ("d", 0), ("c", 1)) == "\x1b[1;1H\x1b[0;31md"
    assert written(Painted(), ("d", 0)).endswith("\x1b[0;31md")
