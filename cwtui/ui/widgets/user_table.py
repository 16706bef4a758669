"""The list of users."""

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from cwtui.accounts import account_state, wording
from cwtui.accounts.account_state import MfaState, OriginNote, Status
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.listing import AccountRow, View
from cwtui.accounts.text import visible
from cwtui.accounts.times import ago, minute, place
from cwtui.accounts.user_list import FirstPage
from cwtui.language import N_, _
from cwtui.ui.context import context_of
from cwtui.ui.widgets.columns import Column, Short, equal_columns
from cwtui.ui.widgets.virtual_table import VirtualTable

ORIGIN_MARKS = {OriginNote.GONE: "✗", OriginNote.HIDES_LDAP_USER: "⚠"}
STATUS_MARKS = {
    Status.ENABLED: "●",
    Status.LOCKED: "⚠",
    Status.UNUSED: "✗",
    Status.EXPIRED: "✗",
    Status.DISABLED: "✗",
}
_MFA_MARKS = {MfaState.ENABLED: "●", MfaState.REQUIRED: "◐", MfaState.NONE: "○"}


class UserTable(VirtualTable[AccountRow]):
    """A row for each account. Last sign-ins are filled in later, for the visible rows.

    Rows can be selected if there is a `selection`, which the page replaces.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", N_("Select, or not"), show=False),
        Binding("shift+up", "extend(-1)", N_("Select up to there"), show=False),
        Binding("shift+down", "extend(1)", N_("Select up to there"), show=False),
        Binding("shift+home", "extend(-1000000000)", N_("Select up to there"), show=False),
        Binding("shift+end", "extend(1000000000)", N_("Select up to there"), show=False),
    ]
    MARKS = 1

    class Selected(Message):
        """The person has changed what is selected."""

        def __init__(self, selection: Selection) -> None:
            super().__init__()
            self.selection = selection

    def __init__(
        self,
        page: FirstPage,
        view: View,
        start: tuple[str, int] = ("", 0),
        nothing: str = "",
        zone: tzinfo = UTC,
        selection: Selection | None = None,
    ) -> None:
        super().__init__(page.listing.rows, nothing)
        self._selection = selection
        self.keeps_selection = False
        """Whether nobody can change now what is selected."""
        self._range: tuple[int, int, Selection, Selection] | None = None
        """Where the last range begins and ends, and what was selected with and without it."""
        self._page = page
        self._view = view
        self._zone = zone
        self._start = start
        """The username and the position of the row to start at."""
        self._last_sign_ins: Mapping[str, float | None] = {}
        mfa, status = _longest(MfaState), _longest(Status)
        self._columns: tuple[Column[AccountRow], ...] = (
            Column(
                _("Username"),
                24,
                lambda row: visible(row.username),
                least=12,
                most=64,
                sorts="username",
            ),
            Column(
                _("Display name"),
                16,
                lambda row: visible(row.display_name),
                least=12,
                most=40,
                value=lambda row: row.display_name,
                optional=True,
                sorts="display_name",
            ),
            Column(
                _("Origin"),
                max(7, cell_len(_("Origin"))),
                _origin,
                value=lambda row: (row.origin, _origin(row)),
                sorts="origin",
            ),
            Column(
                _("Roles"),
                33,
                lambda row: visible(", ".join(row.roles)),
                short=Short(8, lambda row: visible(wording.short_roles(row.roles))),
                value=lambda row: row.roles,
                sorts="roles",
            ),
            Column(
                _("MFA"),
                2 + mfa,
                lambda row: f"{_MFA_MARKS[self._mfa(row)]} {_(self._mfa(row).value)}",
                short=Short(mfa, lambda row: _(self._mfa(row).value)),
                value=self._mfa,
                sorts="mfa",
            ),
            Column(
                _("Status"),
                2 + status,
                lambda row: f"{STATUS_MARKS[self._status(row)]} {_(self._status(row).value)}",
                short=Short(status, lambda row: _(self._status(row).value)),
                # Not the status, which would take longer for all rows of a long list.
                value=lambda row: (row.enabled, row.expires_at, row.is_unused, row.locked_until),
                sorts="status",
            ),
            Column(
                _("Last sign-in") if zone is UTC else _("Last ({zone})", zone=place(zone)),
                16,
                lambda row: self._last_sign_in(row, wide=True),
                short=Short(6, lambda row: self._last_sign_in(row, wide=False), title=_("Last")),
                sorts="last_sign_in",
            ),
        )
        self._equal: frozenset[str] | None = None

    def columns(self) -> tuple[Column[AccountRow], ...]:
        return self._columns

    def equal_columns(self) -> frozenset[str]:
        """Compare all users, not only those that match the filter, so that columns stay."""
        if self._equal is None:
            self._equal = equal_columns(self._columns, self._page.everyone)
        return self._equal

    def name_of(self, row: AccountRow) -> str:
        return row.username

    def order(self) -> tuple[str, bool]:
        return self._view.column, self._view.is_descending

    def on_mount(self) -> None:
        """Start at the given row or, if that user is gone, at the row in its place."""
        if self._start[0]:
            self.call_after_refresh(self._go_to, *self._start)

    def _go_to(self, username: str, position: int) -> None:
        # A filter may have been typed meanwhile, so search for the row as it is now.
        is_same_list = self.rows is self._page.listing.rows and not self.cursor
        self.cursor = self._position(username, position if is_same_list else self.cursor)

    def _position(self, username: str, otherwise: int) -> int:
        """Return where the user is in the list, or the other position if they are not there."""
        names = (row.username for row in self.rows)
        found = (position for position, name in enumerate(names) if name == username)
        return next(found, otherwise)

    @property
    def username(self) -> str:
        """The user in the row of the cursor; empty if there is none."""
        return self.rows[self.cursor].username if self.rows else ""

    def show_page(
        self, page: FirstPage, view: View, *, keep_place: bool = False, has_begun: bool = False
    ) -> None:
        """Replace the rows. With `keep_place`, stay at the user of the cursor.

        With `has_begun`, the first of the rows are shown already.
        """
        self._page, self._view, self._equal = page, view, None
        if has_begun:
            if more := page.listing.rows[len(self.rows) :]:
                self.add_rows(more)
            return
        self._range = None  # it has positions
        if keep_place:
            self.renew_rows(page.listing.rows)
        else:
            self.show_rows(page.listing.rows)

    def show_last_sign_ins(self, times: Mapping[str, float | None]) -> None:
        if times != self._last_sign_ins:
            self._last_sign_ins = times
            self.refresh()

    def _last_sign_in(self, row: AccountRow, *, wide: bool) -> str:
        if row.username not in self._last_sign_ins:
            return "…"
        at = self._last_sign_ins[row.username]
        return minute(at, self._zone) if wide else ago(at, context_of(self).clock())

    def _mfa(self, row: AccountRow) -> MfaState:
        return account_state.mfa_state(row, self._page.listing.settings)

    def _status(self, row: AccountRow) -> Status:
        return row.status(self._page.listing.now)

    def is_muted(self, row: AccountRow) -> bool:
        return self._status(row) in account_state.CLOSED or row.gone_since is not None

    # What is selected

    def select(self, selection: Selection) -> None:
        """Show what is selected, and tell the page."""
        self._selection = selection
        self.refresh()
        self.post_message(self.Selected(selection))

    def mark(self, row: AccountRow) -> str:
        return "✓" if self._selection is not None and self._selection.has(row.username) else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in {"select", "extend"}:
            return self._selection is not None and not self.keeps_selection
        return super().check_action(action, parameters)

    def action_select(self) -> None:
        """Select the row, or not any more, and go on to the next one."""
        self._select_row(self.cursor)
        self.action_move(1)

    def action_extend(self, rows: int) -> None:
        begin = self.cursor
        self.action_move(rows)
        self._select_range(begin, self.cursor)

    def clicked(self, position: int, event: events.Click) -> None:
        is_selecting = event.x < self.MARKS or event.ctrl or event.shift
        if self._selection is None or not is_selecting:
            super().clicked(position, event)
            return
        begin, self.cursor = self.cursor, position
        if event.shift:
            self._select_range(begin, position)
        else:
            self._select_row(position)

    def _select_row(self, position: int) -> None:
        if self._selection is not None and self.rows and not self.keeps_selection:
            self.select(self._selection.with_changed(self.rows[position].username))

    def _select_range(self, begin: int, end: int) -> None:
        """Select the rows up to `end`, from where the range began."""
        if self._selection is None or not self.rows or self.keeps_selection:
            return
        start, before = begin, self._selection
        if self._range is not None and self._range[1:3] == (begin, self._selection):
            start, before = self._range[0], self._range[3]
        first, last = sorted((start, end))
        these = (row.username for row in self.rows[first : last + 1])
        selection = before.with_these(these)
        self._range = start, end, selection, before
        self.select(selection)


def _origin(row: AccountRow) -> str:
    """Return the origin, with a mark if something needs attention. The account's page says what."""
    note = account_state.origin_note(row)
    origin = _(row.origin.value)
    return origin if note is None else f"{origin} {ORIGIN_MARKS[note]}"


def _longest(words: Iterable[StrEnum]) -> int:
    """Return how many cells the longest of these words takes in the person's language."""
    return max(cell_len(_(word.value)) for word in words)
