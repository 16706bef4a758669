"""User Management > Users and Roles: the list."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from cwtui.accounts import administration
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.listing import AccountRow, Listing, select, typed
from cwtui.accounts.text import counted
from cwtui.ui.messages import OpenSubPage
from cwtui.ui.screens.pages.list_page import ListPage
from cwtui.ui.sections import SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.user_table import UserTable

_NOTHING: Final = "No user matches this filter. Press Esc to clear it."


class UsersPage(ListPage):
    SECTION = "users"
    MANUAL = "admin"
    TITLE_TEXT = "Users and Roles"
    HELP = """\
Each line is an account: its origin (where the password is checked), roles, multi-factor \
authentication (enabled, required but not set up yet, or none), status and last sign-in.

Up and Down move, and Enter opens the account's page. / filters by username and display name, or \
by origin:ldap, mfa:none or role:minimum-access. Esc clears the filter. N creates a user, and R \
reloads the list.

In a narrow window, columns that say the same of all users are left out, and roles are short: \
admin +1 means connectware-admin and one more. The account's page shows everything.

locked ⚠: the user has to wait after failed attempts. Unlock on the account's page ends the wait.

ldap ✗: this user is no longer in the directory. local ⚠: the directory also has a user of this \
name, who cannot sign in while this account exists."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "create", "Create User"),
        Binding("r", "read_new", "Reload", show=False),
    ]

    def __init__(self, listing: Listing, filter_text: str = "", username: str = "") -> None:
        super().__init__(filter_text)
        self._listing = listing
        self._username = username

    def on_mount(self) -> None:
        if self._listing.problem is not None:
            self.refuse(self._listing.problem)

    def content(self) -> ComposeResult:
        with Horizontal(id="tools"):
            yield TextInput(self._filter_text, placeholder="/ filter, or origin:ldap")
            rows = self._found(self._filter_text)
            yield Static(self._counted(len(rows)), id="count", markup=False)
            yield Button("Create User", id="create", compact=True)
        yield UserTable(rows, self._listing, self._username, _NOTHING, self.context.zone)

    def _counted(self, shown: int) -> str:
        users = counted(len(self._listing.rows), "user")
        return users if shown == len(self._listing.rows) else f"{shown:,} of {users}"

    def _found(self, filter_text: str) -> list[AccountRow]:
        return select(self._listing.rows, typed(filter_text), self._listing.settings)

    def filter(self, filter_text: str) -> None:
        rows = self._found(filter_text)
        self.query_one(UserTable).show_rows(rows)
        self.query_one("#count", Static).update(self._counted(len(rows)))

    def action_create(self) -> None:
        if self.may_act:
            self.lead_away(OpenSubPage(SubPage.CREATE_USER))

    def pressed(self, button: str) -> None:
        del button  # there is one
        self.action_create()

    def on_virtual_table_opened(self, message: UserTable.Opened[AccountRow]) -> None:
        if self.may_act:
            self._come_back_to(message.row.username)
            self.open_account(message.row.username)

    def action_read_new(self) -> None:
        table = self.query_one(UserTable)
        self._come_back_to(table.rows[table.cursor].username if table.rows else "")
        self.open_users()

    def _come_back_to(self, username: str) -> None:
        self.context.users_filter = self.query_one(TextInput).value
        self.context.users_row = username

    def on_virtual_table_window_moved(self, message: UserTable.WindowMoved) -> None:
        seen = self.query_one(UserTable).rows[message.first : message.end]
        self._read_last_sign_ins([row.username for row in seen])

    @work(exclusive=True, group="last sign-ins")
    async def _read_last_sign_ins(self, usernames: Sequence[str]) -> None:
        session = self.context.session
        if session is None:
            return
        try:
            ports = await self.context.connected()
            found = await asyncio.to_thread(administration.last_sign_ins, ports, session, usernames)
        except AccountsError as error:
            if self.is_up:
                self.refuse(error)
            return
        # The page may be gone by now.
        for table in self.query(UserTable):
            table.show_last_sign_ins(found)
