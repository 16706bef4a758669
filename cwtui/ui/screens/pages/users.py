"""User Management > Users and Roles: the list."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from cwtui.accounts.account_words import Facts, account_words
from cwtui.accounts.filter_language import Vocabulary
from cwtui.accounts.listing import AccountRow, View
from cwtui.accounts.roles import Permission
from cwtui.language import N_, _
from cwtui.ui.messages import OpenSubPage
from cwtui.ui.screens.pages.reading_users import NO_MATCH, ReadingUsersPage
from cwtui.ui.sections import SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.user_table import UserTable


class UsersPage(ReadingUsersPage):
    """Shows the list, sorts it, and leads to accounts and to new ones."""

    SECTION = "users"
    MANUAL = "admin"
    TITLE_TEXT = N_("Users and Roles")
    HELP = N_("""\
Each line is an account: its origin (where the password is checked), roles, multi-factor \
authentication (enabled, required but not set up yet, or none), status and last sign-in.

Up and Down move, and Enter opens the account's page. What others change appears within seconds, \
and R reads it at once.""")
    HELP_WITH: ClassVar[Mapping[str, str]] = {
        "#create": N_("N creates a user."),
        "SelectionBar": N_("""\
To change many users at once, select them: Space for one, Shift+Up and Shift+Down for a range, A \
for all that match the filter. A click before a name does the same as Space. Then press C."""),
        "UserTable": N_("""\
S sorts by the next column, and Shift+S in the other direction. You can also click the headings. \
The arrow in a heading shows the order.

{filter}

In a narrow window, columns that are the same for all users are left out, and roles are shortened: \
admin +1 means connectware-admin and one more. The account's page shows everything.

locked ⚠: the user has to wait after failed attempts. The account's page says until when.

ldap ✗: this user is no longer in the directory, or disabled there. local ⚠: the directory also \
has a user with this name, who cannot sign in while this account exists."""),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "create", N_("Create User")),
        Binding("s", "sort", N_("Sort by the next column"), show=False),
        Binding("S", "reverse", N_("Sort the other way"), show=False),
        Binding("r", "read_new", N_("Reload"), show=False),
    ]

    def head(self) -> Iterable[Widget]:
        return [Static(self.counted(self.page.matching), id="count", markup=False)]

    def content(self) -> ComposeResult:
        with Horizontal(id="tools"):
            yield TextInput(self.view.filter, placeholder=_("/ filter, such as mfa:none"))
            if Permission.MANAGE_USERS in self.session.permissions:
                yield Button(_("Create User"), id="create", compact=True)
        yield from self.selection_bar()
        selection = self.selection if self.may_select else None
        nothing, zone = _(NO_MATCH), self.context.zone
        yield UserTable(self.page, self.view, self.start, nothing, zone, selection)

    def vocabulary(self) -> Vocabulary[AccountRow]:
        return account_words(Facts(self.page.listing.settings))

    # What is listed

    def filter(self, filter_text: str) -> None:
        self.read(View(filter_text, self.view.column, self.view.is_descending))

    def action_sort(self) -> None:
        """Sort by the next column that is shown."""
        columns = [column.sorts for column in self.query_one(UserTable).shown]
        here = columns.index(self.view.column) if self.view.column in columns else -1
        self._sort(columns[(here + 1) % len(columns)], is_descending=False)

    def action_reverse(self) -> None:
        self._sort(self.view.column, is_descending=not self.view.is_descending)

    def on_virtual_table_head_clicked(self, message: UserTable.HeadClicked) -> None:
        is_same = message.sorts == self.view.column
        self._sort(message.sorts, is_descending=is_same and not self.view.is_descending)

    def _sort(self, column: str, *, is_descending: bool) -> None:
        self.read(View(self.view.filter, column, is_descending))

    def action_read_new(self) -> None:
        self.read(self.view, keep_place=True)

    # Other pages

    def action_create(self) -> None:
        if self.may_act:
            self.remember()
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
