"""User Management > Users and Roles: the list."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from cwtui.accounts import user_list, wording
from cwtui.accounts.account_words import Facts, account_words
from cwtui.accounts.errors import AccountsError, UnknownAccount
from cwtui.accounts.filter_language import Vocabulary
from cwtui.accounts.listing import BY_USERNAME, AccountRow, Listing, View
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.accounts.session import Session
from cwtui.accounts.user_list import FirstPage, UserSearch
from cwtui.language import N_, _, grouped
from cwtui.ui.messages import OpenSubPage
from cwtui.ui.screens.pages.searching import SOON, watched
from cwtui.ui.screens.pages.selecting import SelectingPage
from cwtui.ui.sections import SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.user_table import UserTable

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports

T = TypeVar("T")

_NOTHING: Final = N_("No user matches this filter. Press Esc to clear it.")
_FULL: Final = N_(
    "The list shows {number} users at most. To see others, type a filter, or press Shift+S for "
    "the other order."
)
WINDOW: Final = 500
"""Rows that are read at once."""
MOST_LISTED: Final = 20_000
"""Rows that are kept. Others are found with a filter, or in another order."""


class UsersPage(SelectingPage):
    """Lists the first users, and reads more when the last of them is almost in view."""

    SECTION = "users"
    MANUAL = "admin"
    TITLE_TEXT = N_("Users and Roles")
    HELP = N_("""\
Each line is an account: its origin (where the password is checked), roles, multi-factor \
authentication (enabled, required but not set up yet, or none), status and last sign-in.

Up and Down move, and Enter opens the account's page. N creates a user. What \
others change appears within seconds, and R reads it at once.

To change many users at once, select them: Space for one, Shift+Up and Shift+Down for a range, A \
for all that match the filter. A click before a name does the same as Space. Then press C.

S sorts by the next column, and Shift+S in the other direction. You can also click the headings. \
The arrow in a heading shows the order.

{filter}

In a narrow window, columns that are the same for all users are left out, and roles are shortened: \
admin +1 means connectware-admin and one more. The account's page shows everything.

locked ⚠: the user has to wait after failed attempts. Unlock on the account's page ends the wait.

ldap ✗: this user is no longer in the directory, or disabled there. local ⚠: the directory also \
has a user with this name, who cannot sign in while this account exists.""")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "create", N_("Create User")),
        Binding("s", "sort", N_("Sort by the next column"), show=False),
        Binding("S", "reverse", N_("Sort the other way"), show=False),
        Binding("r", "read_new", N_("Reload"), show=False),
    ]

    def __init__(self, page: FirstPage, view: View, row: tuple[str, int] = ("", 0)) -> None:
        super().__init__(view.filter)
        self._page = page
        self.matching = page.matching
        self._view = view
        self._row = row
        self._has_more = page.listing.has_more
        """Whether there are rows after those in the table."""
        self._is_reading_more = False
        self._is_searching = False
        """Whether a list is being read that replaces the one in the table."""

    def head(self) -> Iterable[Widget]:
        return [Static(self._counted(self._page.matching), id="count", markup=False)]

    def content(self) -> ComposeResult:
        with Horizontal(id="tools"):
            yield TextInput(self._view.filter, placeholder=_("/ filter, such as mfa:none"))
            if Permission.MANAGE_USERS in self.session.permissions:
                yield Button(_("Create User"), id="create", compact=True)
        yield from self.selection_bar()
        selection = self.selection if self.may_select else None
        nothing, zone = _(_NOTHING), self.context.zone
        yield UserTable(self._page, self._view, self._row, nothing, zone, selection)

    def on_mount(self) -> None:
        self._say_outcome()

    def vocabulary(self) -> Vocabulary[AccountRow]:
        return account_words(Facts(self._page.listing.settings))

    def custom_roles(self) -> CustomRoles:
        return self._page.listing.settings.custom_roles

    # What is listed

    def listed(self) -> View:
        return self._view

    def filter(self, filter_text: str) -> None:
        self._read(View(filter_text, self._view.column, self._view.is_descending))

    def action_sort(self) -> None:
        """Sort by the next column that is shown."""
        columns = [column.sorts for column in self.query_one(UserTable).shown]
        here = columns.index(self._view.column) if self._view.column in columns else -1
        self._sort(columns[(here + 1) % len(columns)], is_descending=False)

    def action_reverse(self) -> None:
        self._sort(self._view.column, is_descending=not self._view.is_descending)

    def on_virtual_table_head_clicked(self, message: UserTable.HeadClicked) -> None:
        is_same = message.sorts == self._view.column
        self._sort(message.sorts, is_descending=is_same and not self._view.is_descending)

    def _sort(self, column: str, *, is_descending: bool) -> None:
        self._read(View(self._view.filter, column, is_descending))

    def action_read_new(self) -> None:
        self._read(self._view, keep_place=True)

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, UnknownAccount):
            # Its row should not stay in the list.
            self._read(self._view, keep_place=True, problem=error.gone)
        else:
            super().refuse(error)

    def _read(self, view: View, *, keep_place: bool = False, problem: str = "") -> None:
        """Replace the list, and say why if that is because of a problem."""
        self.workers.cancel_group(self, "count users")
        is_other_filter, self._view = view.filter != self._view.filter, view
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
                nothing = replace(self._page.listing, rows=[])
                page = replace(self._page, listing=nothing) if is_other_filter else None
            elif page is not None and not begun:
                self._show_matching(None)
            if page is not None:
                self._page = page
                table.nothing = _("Searching …")
                search.hold()
                table.show_page(page, view, has_begun=begun)
                self.call_after_refresh(search.go_on)
                begun = begun or bool(page.listing.rows)

        def replace_list(page: FirstPage) -> None:
            self._page, self._has_more = page, page.listing.has_more
            self._is_searching = False
            table.nothing = _(_NOTHING)
            table.show_page(page, view, keep_place=keep_place, has_begun=begun)
            self._remember()
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
        if version != self._page.version:
            await self._read_news().wait()
        else:
            self._read_last_sign_ins(self.query_one(UserTable).in_view)

    def _read_news(self) -> Worker[None]:
        table = self.query_one(UserTable)

        def show(page: FirstPage) -> None:
            if not self.may_show_news:
                return
            self._page, self._has_more = page, page.listing.has_more
            table.show_page(page, self._view, keep_place=True)
            if page.matching is not None:
                self._show_matching(page.matching)
            self._go_on()

        return self._load_first(show, UserSearch(), keep_place=True)

    def _read_more(self, beyond: int = 0) -> None:
        """Read rows after those in the table, and move the cursor this many rows further."""
        if self._is_searching or not self._has_more:
            return
        view, zone, search = self._view, self.context.zone, UserSearch()
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
        view, zone = self._view, self.context.zone
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
        if self._page.listing.problem is not None:
            self.refuse(self._page.listing.problem)
        if self._page.matching is None:
            # First draw the rows, because the thread that counts would slow it down.
            self.call_after_refresh(self._count)

    @work(exclusive=True, group="count users")
    async def _count(self) -> None:
        """Count the users that match. The list is there before."""
        session, view, zone = self.context.session, self._view, self.context.zone
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
        if view == self._view:
            self._show_matching(matching)

    def _show_matching(self, matching: int | None) -> None:
        self.matching = matching
        self.show_count(self._counted(matching))
        self.show_selection()

    def _counted(self, matching: int | None) -> str:
        is_filtered = bool(self._view.filter.strip())
        return wording.users_counted(matching, self._page.total, is_filtered=is_filtered)

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

    # Other pages

    def _remember(self) -> None:
        """Remember what is shown, for when the person comes back."""
        table = self.query_one(UserTable)
        self.context.users_filter = self._view.filter
        self.context.users_order = (self._view.column, self._view.is_descending)
        self.context.users_row = (table.username, table.cursor)
        self.context.users_shown = len(table.rows)

    def wait_to_be_left(self, waiting: str) -> None:
        self._remember()
        super().wait_to_be_left(waiting)

    def action_create(self) -> None:
        if self.may_act:
            self._remember()
            self.lead_away(OpenSubPage(SubPage.CREATE_USER))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "create":
            return Permission.MANAGE_USERS in self.session.permissions
        return super().check_action(action, parameters)

    def pressed(self, button: str) -> None:
        if button == "create":
            self.action_create()
        else:
            super().pressed(button)

    def on_virtual_table_opened(self, message: UserTable.Opened[AccountRow]) -> None:
        if self.may_act:
            self.open_account(message.row.username)
