"""Skipping unchanged cells when drawing never changes what is seen."""

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

SIZE = Size(8, 3)
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=8)
STYLES = (Style(color="red"), Style(bgcolor="blue"), Style(bold=True))


def update(x: int, y: int, cells: list[tuple[str, int]]) -> LayoutUpdate:
    """One row of styled letters from (x, y), cut at the edge."""
    cells = cells[: SIZE.width - x]
    strip = Strip([Segment(letter, STYLES[style]) for letter, style in cells])
    return LayoutUpdate([[strip]], Region(x, y, len(cells), 1))


UPDATES = st.lists(
    st.builds(
        update,
        st.integers(0, 7),
        st.integers(0, 2),
        st.lists(st.tuples(st.sampled_from("ab "), st.integers(0, 2)), min_size=1, max_size=8),
    ),
    max_size=20,
)


@given(UPDATES)
def test_the_screen_equals_one_drawn_completely(updates: list[LayoutUpdate]) -> None:
    whole, spared = Emulator(*SIZE), Emulator(*SIZE)
    painted = Painted()
    for one in updates:
        whole.feed(one.render_segments(CONSOLE).encode())
        spared.feed(painted.changes(one, SIZE).render_segments(CONSOLE).encode())
        assert spared.screen.buffer == whole.screen.buffer


@given(UPDATES)
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
