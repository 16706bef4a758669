"""The list of users: a window of rows, however many there are."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import MfaState
from cwtui.accounts.text import visible

_MFA_MARKS = {MfaState.ENABLED: "●", MfaState.REQUIRED: "◐", MfaState.NONE: "○"}
_WIDE = 90
"""Columns from which marks stand beside the words, and dates are whole."""


class UserTable(ScrollView, can_focus=True):
    """DataTable takes ten seconds for 100,000 rows; this one draws only those that are seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000000)", "First", show=False),
        Binding("end", "move(1000000000)", "Last", show=False),
        Binding("enter", "open", "Open"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--head", "table--cursor", "table--muted"}
    DEFAULT_CSS = """
    UserTable {
        height: 1fr;
        scrollbar-size-vertical: 1;
        & > .table--head { color: $text-muted; }
        & > .table--muted { color: $text-muted; }
        & > .table--cursor { background: $surface; color: $foreground; text-style: bold; }
        &:focus > .table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
    }
    """

    cursor: reactive[int] = reactive(0)

    class Opened(Message):
        """Enter or a click on a row."""

        def __init__(self, username: str) -> None:
            super().__init__()
            self.username = username

    class WindowMoved(Message):
        """Other rows are seen now."""

        def __init__(self, usernames: tuple[str, ...]) -> None:
            super().__init__()
            self.usernames = usernames

    def __init__(self, rows: Sequence[AccountRow], username: str = "") -> None:
        super().__init__()
        self._rows = rows
        self._username = username
        self._last_sign_ins: Mapping[str, str] = {}

    def on_mount(self) -> None:
        """Begin at the row of the username given, if it is there."""
        for position, row in enumerate(self._rows) if self._username else ():
            if row.username == self._username:
                self.call_after_refresh(setattr, self, "cursor", position)

    def show_rows(self, rows: Sequence[AccountRow]) -> None:
        """List these, from the top."""
        self._rows = rows
        self.cursor = 0
        self.scroll_to(0, 0, animate=False)
        self._resize()

    def show_last_sign_ins(self, shown: Mapping[str, str]) -> None:
        self._last_sign_ins = shown
        self.refresh()

    def on_resize(self) -> None:
        self._resize()

    def _resize(self) -> None:
        # The head takes a line of the window.
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self.refresh()
        self._tell_window()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._tell_window()

    def _tell_window(self) -> None:
        first = round(self.scroll_y)
        seen = self._rows[first : first + max(0, self.size.height - 1)]
        self.post_message(self.WindowMoved(tuple(row.username for row in seen)))

    def watch_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True)
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self._rows) - 1))

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        self.cursor += pages * max(1, self.size.height - 2)

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self._rows[self.cursor].username))

    def on_click(self, event: events.Click) -> None:
        position = round(self.scroll_y) + event.y - 1
        if event.y > 0 and position < len(self._rows):
            self.cursor = position
            self.action_open()

    def render_line(self, y: int) -> Strip:
        if y == 0:
            style = self.get_component_rich_style("table--head")
            return self._strip(self._head(), style)
        position = round(self.scroll_y) + y - 1
        if position >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        row = self._rows[position]
        name = "table--cursor" if position == self.cursor else None
        if name is None and not row.enabled:
            name = "table--muted"
        style = self.get_component_rich_style(name) if name else self.rich_style
        return self._strip(self._cells(row), style)

    def _strip(self, cells: tuple[str, ...], style: object) -> Strip:
        text = " ".join(
            fitted(cell, width) for cell, width in zip(cells, self._widths(), strict=True)
        )
        return Strip([Segment(set_cell_size(text, self.size.width), style)], self.size.width)  # type: ignore[arg-type]

    def _head(self) -> tuple[str, ...]:
        last = "Last sign-in" if self.is_wide else "Last"
        return ("Username", "Origin", "Roles", "MFA", "Status", last)

    def _cells(self, row: AccountRow) -> tuple[str, ...]:
        mfa = row.mfa_state.value
        status = "enabled" if row.enabled else "disabled"
        if self.is_wide:
            mfa = f"{_MFA_MARKS[row.mfa_state]} {mfa}"
            status = f"{'●' if row.enabled else '✗'} {status}"
        last = self._last_sign_ins.get(row.username, "…")
        name, roles = visible(row.username), ", ".join(row.roles)
        return (name, row.origin.value, roles, mfa, status, last)

    def _widths(self) -> tuple[int, ...]:
        origin, mfa, status, last = (6, 10, 10, 16) if self.is_wide else (6, 8, 8, 6)
        rest = self.size.width - (origin + mfa + status + last) - 5
        name = max(8, rest * 3 // 5)
        return (name, origin, max(4, rest - name), mfa, status, last)

    @property
    def is_wide(self) -> bool:
        return self.size.width >= _WIDE


def fitted(text: str, width: int) -> str:
    """The text in exactly that many cells; what is cut off is marked by …"""
    cell = set_cell_size(text, width)
    if cell.rstrip() == text.rstrip():
        return cell
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)
