"""A list that draws only its visible rows, however many there are."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cwtui.language import N_
from cwtui.ui.widgets.columns import Column, Shown, fitted_columns

R = TypeVar("R")
S = TypeVar("S")


class VirtualTable(ScrollView, Generic[R], can_focus=True):
    """A table that takes the same time for any number of rows.

    Textual's DataTable takes ten seconds for 100,000 rows. Subclasses say what a row looks like:
    `columns`, `sentence` and `is_muted`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("Up or down"), show=False),
        Binding("down,j", "move(1)", N_("Up or down"), show=False),
        Binding("pageup", "page(-1)", N_("A page up or down"), show=False),
        Binding("pagedown", "page(1)", N_("A page up or down"), show=False),
        Binding("home", "move(-1000000000)", N_("First or last"), show=False),
        Binding("end", "move(1000000000)", N_("First or last"), show=False),
        Binding("enter", "open", N_("Open")),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor", "table--muted"}
    DEFAULT_CSS = """
    VirtualTable {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .table--head { color: $text-muted; }
        & > .table--muted { color: $text-muted; }
        & > .table--cursor { background: $surface; color: $foreground; text-style: bold; }
        &:focus > .table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
    }
    """

    MARKS: ClassVar[int] = 0
    """How many cells at the left are kept for the marks of rows."""

    cursor: reactive[int] = reactive(0)
    # Other rows do not need another layout of the whole page, which takes longer than drawing them.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    class Opened(Message, Generic[S]):
        """Enter or a click on a row. It holds the row itself, because positions may change."""

        def __init__(self, row: S) -> None:
            super().__init__()
            self.row = row

    class WindowMoved(Message):
        """The visible rows have changed: now from `first` up to, but not including, `end`."""

        def __init__(self, first: int, end: int) -> None:
            super().__init__()
            self.first = first
            self.end = end

    class TopReached(Message):
        """A key moved to the first row, or tried to move above it."""

    class BottomReached(Message):
        """A key tried to move this many rows below the last one."""

        def __init__(self, beyond: int) -> None:
            super().__init__()
            self.beyond = beyond

    class HeadClicked(Message):
        """A click on the heading of a column that the list can be sorted by."""

        def __init__(self, sorts: str) -> None:
            super().__init__()
            self.sorts = sorts

    def __init__(self, rows: Sequence[R], nothing: str = "") -> None:
        super().__init__()
        self.rows = rows
        self.nothing = nothing
        """The text shown if there are no rows: why, and what to do."""
        self._height = 0
        """How many lines it had when it was last laid out."""
        self._had_rows = bool(rows)
        """Whether the footer was told that a row can be opened."""
        self._fitted: tuple[int, tuple[Shown[R], ...]] | None = None
        """The columns as they are shown, and the room that they were fitted to."""

    # What a row looks like

    def columns(self) -> tuple[Column[R], ...]:
        """Return the columns. Texts of cells are made visible."""
        raise NotImplementedError

    def equal_columns(self) -> frozenset[str]:
        """Return the titles of columns that say the same in all rows."""
        return frozenset()

    def order(self) -> tuple[str, bool]:
        """Return what the list is sorted by, and whether that is in descending order."""
        return "", False

    def sentence(self, row: R) -> str | None:
        """Return a text that takes the whole row instead of cells, if it has one."""
        del row
        return None

    def is_muted(self, row: R) -> bool:
        """Whether the row is less important."""
        del row
        return False

    def mark(self, row: R) -> str:
        """Return the mark at the left of the row; empty if it has none."""
        del row
        return ""

    def name_of(self, row: R) -> object:
        """Return what tells the row from all others, even after it has changed."""
        return row

    # Which rows there are

    def show_rows(self, rows: Sequence[R], cursor: int = 0) -> None:
        """Replace the rows, and put the cursor on the given one."""
        self.rows = rows
        self._fitted = None
        if cursor == 0:
            self.scroll_to(0, 0, animate=False)
        self._resize()
        self.cursor = cursor

    def renew_rows(self, rows: Sequence[R]) -> None:
        """Replace the rows by what they are now. The cursor and what is in view stay.

        Only if the first row is in view, new rows before it come into view.
        """
        first, cursor, height = round(self.scroll_y), self.cursor, self.size.height - 1
        is_in_view = first <= cursor < first + height
        place = self._place_in(rows, cursor)
        stays, where = (cursor, place) if is_in_view else (first, self._place_in(rows, first))
        self.rows = rows
        self._fitted = None
        self._resize()
        self.set_reactive(VirtualTable.cursor, self.validate_cursor(place))
        if first:
            first += where - stays
        if is_in_view:
            first = max(first, self.cursor - height + 1)
        self.scroll_target_y = self.scroll_y = first
        self.refresh()

    def _place_in(self, rows: Sequence[R], position: int) -> int:
        """Return where the row at this position is in other rows; the same if it is gone."""
        if position >= len(self.rows):
            return position
        name = self.name_of(self.rows[position])
        found = (place for place, row in enumerate(rows) if self.name_of(row) == name)
        return next(found, position)

    def add_rows(self, rows: Sequence[R]) -> None:
        """Add rows at the bottom."""
        self.rows = [*self.rows, *rows]
        self._fitted = None
        self._resize()

    def on_resize(self) -> None:
        first = round(self.scroll_y)
        had_cursor = first <= self.cursor < first + self._height - 1
        self._resize()
        self._height = self.size.height
        if had_cursor:
            self._scroll_to_cursor()

    def _resize(self) -> None:
        if self._had_rows is not bool(self.rows):
            self._had_rows = bool(self.rows)
            self.refresh_bindings()
        # The headings take one line.
        self.virtual_size = Size(self.row_width, len(self.rows) + 1)
        if self.show_vertical_scrollbar is (self.virtual_size.height > self.container_size.height):
            self.vertical_scrollbar.window_virtual_size = self.virtual_size.height
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
            self.refresh()
        else:
            self.refresh(layout=True)
        self._tell_window()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._tell_window()

    @property
    def in_view(self) -> Sequence[R]:
        """The rows that are visible."""
        first, end = self._window
        return self.rows[first:end]

    @property
    def _window(self) -> tuple[int, int]:
        first = round(self.scroll_y)
        return first, min(len(self.rows), first + max(0, self.size.height - 1))

    def _tell_window(self) -> None:
        self.post_message(self.WindowMoved(*self._window))

    # The cursor

    @property
    def cursor_y(self) -> int:
        """In which of its own rows the cursor is; the first one is the heading."""
        return self.cursor - round(self.scroll_y) + 1

    def watch_cursor(self) -> None:
        self._scroll_to_cursor()
        self.refresh()

    def _scroll_to_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True)

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.rows) - 1))

    def action_move(self, rows: int) -> None:
        beyond = self.cursor + rows - (len(self.rows) - 1)
        self.cursor += rows
        if beyond > 0:
            self.post_message(self.BottomReached(beyond))
        if rows < 0 and self.cursor == 0:
            self.post_message(self.TopReached())

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 2))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open":
            return bool(self.rows)  # the footer offers only what does something
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        if self.rows:
            self.post_message(self.Opened(self.rows[self.cursor]))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self._click_head(event.x)
        position = round(self.scroll_y) + event.y - 1
        if event.y > 0 and position < len(self.rows):
            self.clicked(position, event)

    def clicked(self, position: int, event: events.Click) -> None:
        """Handle a click on the row at this position."""
        del event
        self.cursor = position
        self.action_open()

    def _click_head(self, x: int) -> None:
        end = self.MARKS
        for column in self.shown:
            end += column.width + 1
            if x < end:
                if column.sorts:
                    self.post_message(self.HeadClicked(column.sorts))
                return

    # How it is drawn

    @property
    def row_width(self) -> int:
        """The width of a row in cells, without the scrollbar if there is one."""
        return self.scrollable_content_region.width

    @property
    def _text_width(self) -> int:
        return self.row_width - self.MARKS

    @property
    def shown(self) -> tuple[Shown[R], ...]:
        """The columns as they are shown in this window."""
        room = self._text_width
        if self._fitted is None or self._fitted[0] != room:
            self._fitted = room, fitted_columns(self.columns(), room, self.equal_columns())
        return self._fitted[1]

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return self._strip(" ".join(map(self._head, self.shown)), "table--head")
        position = round(self.scroll_y) + y - 1
        if not self.rows and y == 1:
            return self._strip(self.nothing, "table--muted")
        if position >= len(self.rows):
            return Strip.blank(self.row_width, self.rich_style)
        row = self.rows[position]
        name = "table--muted" if self.is_muted(row) else None
        if position == self.cursor:
            name = "table--cursor"
        return self._strip(self._text(row), name, self.mark(row))

    def _head(self, column: Shown[R]) -> str:
        sorts, is_descending = self.order()
        if not column.sorts or column.sorts != sorts:
            return fitted(column.title, column.width)
        mark = "↓" if is_descending else "↑"
        title = f"{column.title} {mark}"
        if cell_len(title) > column.width:
            # The arrow takes the last letter. With a … before it, more of the title would be lost.
            title = set_cell_size(column.title, column.width - 1) + mark
        return set_cell_size(title, column.width)

    def _text(self, row: R) -> str:
        sentence = self.sentence(row)
        if sentence is not None:
            return fitted(sentence, self._text_width)
        return " ".join(fitted(column.cell(row), column.width) for column in self.shown)

    def _strip(self, text: str, name: str | None, mark: str = "") -> Strip:
        style = self.get_component_rich_style(name) if name is not None else self.rich_style
        drawn = [Segment(set_cell_size(text, self._text_width), style)]
        if self.MARKS:
            drawn.insert(0, Segment(set_cell_size(mark, self.MARKS), self.rich_style))
        return Strip(drawn, self.row_width)


def fitted(text: str, width: int) -> str:
    """Return the text in exactly that many cells. A … marks text that was cut off."""
    cell = set_cell_size(text, width)
    if cell.rstrip() == text.rstrip():
        return cell
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)
