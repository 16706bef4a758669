"""A list of users that reads its rows: the first ones, more of them, and what others changed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from textual import work
from textual.worker import Worker

from cwtui.accounts import user_list, wording
from cwtui.accounts.errors import AccountsError, UnknownAccount
from cwtui.accounts.listing import BY_USERNAME, AccountRow, Listing, View
from cwtui.accounts.roles import CustomRoles
from cwtui.accounts.session import Session
from cwtui.accounts.user_list import FirstPage, UserSearch
from cwtui.language import N_, _, grouped
from cwtui.ui.screens.pages.searching import SOON, watched
from cwtui.ui.screens.pages.selecting import SelectingPage
from cwtui.ui.widgets.user_table import UserTable

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports

T = TypeVar("T")

NO_MATCH: Final = N_("No user matches this filter. Press Esc to clear it.")
_FULL: Final = N_(
    "The list shows {number} users at most. To see others, type a filter, or press Shift+S for "
    "the other order."
)
WINDOW: Final = 500
"""Rows that are read at once."""
MOST_LISTED: Final = 20_000
"""Rows that are kept. Others are found with a filter, or in another order."""


class ReadingUsersPage(SelectingPage):
    """Reads the first users, and more when the last of them is almost in view."""

    def __init__(self, page: FirstPage, view: View, row: tuple[str, int] = ("", 0)) -> None:
        super().__init__(view.filter)
        self.page = page
        self.matching = page.matching
        self.view = view
        self.start = row
        """The user at whom the cursor begins, and the position if that user is gone."""
        self._has_more = page.listing.has_more
        """Whether there are rows after those in the table."""
        self._is_reading_more = False
        self._is_searching = False
        """Whether a list is being read that replaces the one in the table."""

    def on_mount(self) -> None:
        self._say_outcome()

    def custom_roles(self) -> CustomRoles:
        return self.page.listing.settings.custom_roles

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, UnknownAccount):
            # Its row should not stay in the list.
            self.read(self.view, keep_place=True, problem=error.gone)
        else:
            super().refuse(error)

    def read(self, view: View, *, keep_place: bool = False, problem: str = "") -> None:
        """Replace the list, and say why if that is because of a problem."""
        self.workers.cancel_group(self, "count users")
        is_other_filter, self.view = view.filter != self.view.filter, view
        if is_other_filter:
            self.forget_view()
        self._is_searching, self._is_reading_more = True, False
        table, search, begun = self.query_one(UserTable), UserSearch(), False

        def show_progress(seconds: float) -> None:
            nonlocal begun
            if not self.is_up:
                return
            page = None if keep_place else search.so_far()
            if page is None and not begun and seconds > SOON:
                is_sorting = view.column != BY_USERNAME.column
                self.show_count(_("sorting …") if is_sorting else _("searching …"))
                # Rows that do not match must not stay. Rows in another order do.
                nothing = replace(self.page.listing, rows=[])
                page = replace(self.page, listing=nothing) if is_other_filter else None
            elif page is not None and not begun:
                self._show_matching(None)
            if page is not None:
                self.page = page
                table.nothing = _("Searching …")
                search.hold()
                table.show_page(page, view, has_begun=begun)
                self.call_after_refresh(search.go_on)
                begun = begun or bool(page.listing.rows)

        def replace_list(page: FirstPage) -> None:
            self.page, self._has_more = page, page.listing.has_more
            self._is_searching = False
            table.nothing = _(NO_MATCH)
            table.show_page(page, view, keep_place=keep_place, has_begun=begun)
            self.remember()
            self._show_matching(page.matching)
            self._say_outcome()
            if problem:
                self.say(f"✗ {problem}", wrong=True)

        self._load_first(replace_list, search, show_progress, keep_place=keep_place)

    # What others have changed

    @property
    def may_show_news(self) -> bool:
        return super().may_show_news and not (self._is_searching or self._is_reading_more)

    async def show_news(self) -> None:
        ports = await self.context.connected()
        version = await asyncio.to_thread(user_list.version, ports)
        if not self.may_show_news:
            return
        if version != self.page.version:
            await self._read_news().wait()
        else:
            self._read_last_sign_ins(self.query_one(UserTable).in_view)

    def _read_news(self) -> Worker[None]:
        table = self.query_one(UserTable)

        def show(page: FirstPage) -> None:
            if not self.may_show_news:
                return
            self.page, self._has_more = page, page.listing.has_more
            table.show_page(page, self.view, keep_place=True)
            if page.matching is not None:
                self._show_matching(page.matching)
            self._go_on()

        return self._load_first(show, UserSearch(), keep_place=True)

    def _read_more(self, beyond: int = 0) -> None:
        """Read rows after those in the table, and move the cursor this many rows further."""
        if self._is_searching or not self._has_more:
            return
        view, zone, search = self.view, self.context.zone, UserSearch()
        rows = self.query_one(UserTable).rows
        last, room = rows[-1], MOST_LISTED - len(rows)
        if room <= 0:
            if beyond:
                self.say(_(_FULL, number=grouped(len(rows))))
            return
        limit = min(WINDOW if beyond <= WINDOW else MOST_LISTED, room)
        self._is_reading_more = True

        def add(more: Listing) -> None:
            table = self.query_one(UserTable)
            listed = {row.username for row in table.rows}
            # An account that somebody has changed may be further down now.
            table.add_rows([row for row in more.rows if row.username not in listed])
            self._has_more, self._is_reading_more = more.has_more, False
            table.cursor += beyond

        self._load(
            lambda ports, session: user_list.list_users(
                ports, session, view, last, limit, zone, search
            ),
            add,
            search,
        )

    def _load_first(
        self,
        handle: Callable[[FirstPage], None],
        search: UserSearch,
        show_progress: Callable[[float], None] | None = None,
        *,
        keep_place: bool,
    ) -> Worker[None]:
        """Read the list from its beginning: as many rows as are there to keep the place in it."""
        view, zone = self.view, self.context.zone
        limit = max(WINDOW, len(self.query_one(UserTable).rows)) if keep_place else WINDOW
        return self._load(
            lambda ports, session: user_list.first_page(ports, session, view, limit, zone, search),
            handle,
            search,
            show_progress,
        )

    # Exclusive, because another list makes the rows that are being read useless.
    @work(exclusive=True, group="users")
    async def _load(
        self,
        call: "Callable[[Ports, Session], T]",
        handle: Callable[[T], None],
        search: UserSearch,
        show_progress: Callable[[float], None] | None = None,
    ) -> None:
        session = self.context.session
        if session is None:
            return
        try:
            ports = await self.context.connected()
            found = await watched(asyncio.to_thread(call, ports, session), search, show_progress)
        except AccountsError as error:
            if self._is_searching:
                self._has_more = False  # the rows are not those that were asked for
            self._is_searching = self._is_reading_more = False
            if self.is_up:
                self.refuse(error)
        else:
            if self.is_up:
                handle(found)

    def _say_outcome(self) -> None:
        self.say_about_filter()
        self._go_on()

    def _go_on(self) -> None:
        """Say what the list lacks, and count the users if that was not done."""
        if self.page.listing.problem is not None:
            self.refuse(self.page.listing.problem)
        if self.page.matching is None:
            # First draw the rows, because the thread that counts would slow it down.
            self.call_after_refresh(self._count)

    @work(exclusive=True, group="count users")
    async def _count(self) -> None:
        """Count the users that match. The list is there before."""
        session, view, zone = self.context.session, self.view, self.context.zone
        if session is None:
            return
        search = UserSearch()
        try:
            ports = await self.context.connected()
            counting = asyncio.to_thread(user_list.count_users, ports, session, view, zone, search)
            matching = await watched(counting, search)
        except AccountsError as error:
            if self.is_up:
                self.refuse(error)
            return
        if view == self.view:
            self._show_matching(matching)

    def _show_matching(self, matching: int | None) -> None:
        self.matching = matching
        self.show_count(self.counted(matching))
        self.show_selection()

    def counted(self, matching: int | None) -> str:
        is_filtered = bool(self.view.filter.strip())
        return wording.users_counted(matching, self.page.total, is_filtered=is_filtered)

    def on_virtual_table_window_moved(self, message: UserTable.WindowMoved) -> None:
        table = self.query_one(UserTable)
        self._read_last_sign_ins(table.in_view)
        screenful = message.end - message.first
        is_near_end = message.end + screenful >= len(table.rows)
        if is_near_end and not self._is_reading_more:
            self._read_more()

    def on_virtual_table_bottom_reached(self, message: UserTable.BottomReached) -> None:
        self._read_more(message.beyond)

    @work(exclusive=True, group="last sign-ins")
    async def _read_last_sign_ins(self, seen: Sequence[AccountRow]) -> None:
        session = self.context.session
        if session is None:
            return
        try:
            ports = await self.context.connected()
            names = [row.username for row in seen]
            found = await asyncio.to_thread(user_list.last_sign_ins, ports, session, names)
        except AccountsError as error:
            if self.is_up:
                self.refuse(error)
            return
        # The page may be gone by now.
        for table in self.query(UserTable):
            table.show_last_sign_ins(found)

    # What is kept for the way back

    def remember(self) -> None:
        """Remember what is shown, for when the person comes back."""
        table = self.query_one(UserTable)
        self.context.users_filter = self.view.filter
        self.context.users_order = (self.view.column, self.view.is_descending)
        self.context.users_row = (table.username, table.cursor)
        self.context.users_shown = len(table.rows)

    def wait_to_be_left(self, waiting: str) -> None:
        self.remember()
        super().wait_to_be_left(waiting)
