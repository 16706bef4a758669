"""User Management > Users and Roles > Create User."""

import asyncio
from collections.abc import Sequence
from typing import Final

from textual import events, work
from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import administration, roles
from cwtui.accounts.errors import AccountsError, ConfirmationNeeded, InvalidInput
from cwtui.accounts.new_account import NewAccount, WithInitialPassword
from cwtui.language import N_, _
from cwtui.ui.messages import OpenSubPage
from cwtui.ui.screens.dialogs.invitation import handing_over
from cwtui.ui.screens.pages.page import PageBelow, row
from cwtui.ui.sections import SubPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import RoleChoice
from cwtui.ui.widgets.choices import Choice
from cwtui.ui.widgets.fields import Field, TextInput

_PASSWORD_NEXT: Final = N_("The user gets a one-time initial password. The password is shown next.")
_CODE_NEXT: Final = N_(
    "The user gets a one-time code, and chooses a password with it. The code is shown next."
)


class CreateUserPage(PageBelow):
    SECTION = "users"
    MANUAL = "admin"
    TITLE_TEXT = N_("Users and Roles > Create User")
    HELP = N_("""\
The new user gets a one-time initial password. It is shown to you once, and the user must change \
it at the first sign-in. You cannot choose passwords for others. Ctrl+N, or Create \
Another beside the password, opens this page again.

If the username looks like an existing one, such as a1ice and alice, or is that of a Unix user of \
this host with power over it, such as a member of sudo, or if the user becomes an admin, you are \
asked first.

Invitation: instead of a password, the user gets a one-time code, and chooses a password at the \
first sign-in. You see until when the code is valid.

MFA (Required): the user must set up multi-factor authentication at the first sign-in.""")

    def __init__(self, grantable: Sequence[str]) -> None:
        super().__init__()
        self._grantable = grantable

    def content(self) -> ComposeResult:
        yield Field("username", _("Username"), TextInput())
        yield Field("display_name", _("Display name (optional)"), TextInput())
        yield row(_("Roles"), RoleChoice((roles.MINIMUM,), self._grantable), gap=True)
        yield row(_("MFA (Required)"), Choice(_("Enable"), id="mfa-required"), gap=True)
        invite = Choice(_("A code instead of a password"), id="invite")
        yield row(_("Invitation"), invite, gap=True)
        yield Static(
            _(_PASSWORD_NEXT),
            id="what-next",
            classes="text",
            markup=False,
        )
        yield Button(_("Create User"), id="primary", variant="primary", compact=True)

    def action_back(self) -> None:
        self.leave(self.open_users)

    def unsaved(self) -> str:
        is_begun = any(field.entry.value.strip() for field in self.query(Field))
        return _("what you entered for the new user") if is_begun else ""

    def submit(self) -> None:
        new = NewAccount(
            self.query_one("#username", Field).entry.value,
            display_name=self.query_one("#display_name", Field).entry.value,
            roles=self.query_one(RoleChoice).chosen,
            mfa_required=self.query_one("#mfa-required", Choice).value,
            invited=self.query_one("#invite", Choice).value,
        )
        self.run_confirmed(
            lambda ports, session, agreed: administration.create_user(
                ports, session, new, agreed=agreed
            ),
            self._created,
            _("Creating the user"),
        )

    def _created(self, created: WithInitialPassword) -> None:
        username = created.account.username

        def handed_over(create_another: bool | None) -> None:
            if create_another:
                self.lead_away(OpenSubPage(SubPage.CREATE_USER))
            else:
                self.open_account(username)

        self.app.push_screen(
            handing_over(created, self.context.zone, then=_("Create Another")), handed_over
        )

    def on_checkbox_changed(self, event: Choice.Changed) -> None:
        if event.checkbox.id == "invite":
            self.show_text("#what-next", _(_CODE_NEXT if event.value else _PASSWORD_NEXT))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        field = self.query_one("#username", Field)
        if event.widget is field.entry and field.entry.value and self.may_act:
            self._check_username(field.entry.value)

    @work(exclusive=True, group="check username")
    async def _check_username(self, typed: str) -> None:
        """Say what is wrong with the username when its field is left, before it is submitted."""
        session = self.context.session
        if session is None:
            return
        try:
            ports = await self.context.connected()
            await asyncio.to_thread(administration.check_new_username, ports, session, typed)
        except (InvalidInput, ConfirmationNeeded) as problem:
            for field in self.query("#username").results(Field):
                # Meanwhile it may have been changed or submitted.
                if self.may_act and field.entry.value == typed:
                    field.show_error(str(problem))
        except AccountsError:
            return  # submitting will say it
