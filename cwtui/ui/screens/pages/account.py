"""User Management > Users and Roles > the page of one account."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from cwtui.accounts import (
    account_state,
    administration,
    expiry,
    unlocking,
    user_mfa,
    user_ssh_keys,
    wording,
)
from cwtui.accounts.account_state import Status
from cwtui.accounts.administration import Details, Updated
from cwtui.accounts.errors import AccountsError, Agreed, UnknownAccount
from cwtui.accounts.may import May
from cwtui.accounts.new_account import WithInitialPassword
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Session
from cwtui.accounts.text import visible
from cwtui.accounts.times import full_minute
from cwtui.accounts.updates import Update
from cwtui.language import N_, _
from cwtui.ui.messages import OpenReport, OpenUserSessions
from cwtui.ui.screens.dialogs.disabling import DisableScreen
from cwtui.ui.screens.dialogs.invitation import handing_over
from cwtui.ui.screens.dialogs.resetting import ResetPasswordScreen
from cwtui.ui.screens.pages import account_parts
from cwtui.ui.screens.pages.page import PageBelow, row, save_row, value
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import RoleChoice
from cwtui.ui.widgets.fields import Field

T = TypeVar("T")


class AccountPage(PageBelow):
    # Enter there changes nothing as long as nothing was changed here.
    AUTO_FOCUS = "#primary, #open-sessions"
    LABELS = wording.FIELDS
    SECTION = "users"
    MANUAL = "admin"
    HELP = N_("Status: whether the user can sign in or, if not, why.")
    HELP_WITH: ClassVar[Mapping[str, str]] = {
        "#mfa-required": N_(
            "To make multi-factor authentication mandatory for this user: in the MFA (Required) "
            "row, press Enable, then press Update."
        ),
        "RoleChoice": N_("You are asked before somebody becomes an admin."),
        f".{account_parts.REMOVES_DEVICE}": N_(
            "Remove Device is for users who lost one of several devices."
        ),
        "#disable-mfa": N_(
            "Disable MFA is for users who lost their only device. They then sign in with their "
            "password alone. If MFA is required, they must set it up again. Anybody who knows the "
            "password could do that instead, so make sure who is asking you."
        ),
        "#open-sessions": N_("Sessions: where the user is signed in now."),
        f".{account_parts.REMOVES_SSH_KEY}": N_(
            "Remove SSH Key: the key no longer lets anybody in."
        ),
        "#expires": N_(
            "Expires: the last day of the account as YYYY-MM-DD, such as 2027-03-31, or never. The "
            "day ends at midnight UTC. After it, the user cannot sign in. The last admin account "
            "has no such day."
        ),
        "#reset-password": N_(
            "Reset Password creates a new one-time initial password, or an invitation."
        ),
        "#enabled": N_(
            "Disable Account asks for a reason, which the user reads at the next sign-in. New "
            "roles, a password reset and disabling end the user's sessions at their next action. "
            "To lock out LDAP users, disable their accounts: the directory may accept an old "
            "password for up to an hour."
        ),
        "#unlock": N_(
            "Unlock clears failed attempts: the user can try again immediately. Otherwise each "
            "wait ends by itself, after a day at most."
        ),
    }

    def __init__(self, details: Details, may: May) -> None:
        super().__init__()
        self._may = may
        self._details = details
        self._account, self._record = details.account, details.record
        self._settings = details.settings
        self._required = self._account.mfa_required
        self._is_gone = False

    def heading(self) -> str:
        return _("Users and Roles > {name}", name=visible(self._account.username))

    def head(self) -> Iterable[Widget]:
        return [row(_("Status"), value(account_parts.status(self._details, self.context.zone)))]

    def content(self) -> ComposeResult:
        account = self._account
        zone, may = self.context.zone, self._may
        if not may.manage:
            yield Static(account_parts.allowed(may), classes="text", markup=False)
        yield from account_parts.name_and_roles(account, may)
        yield account_parts.expiry_row(account, may)
        yield account_parts.required_row(may)
        yield Static("", id="mfa-required-note", classes="under-row", markup=False)
        factor = account.second_factor
        yield row(_("MFA"), value(account_parts.mfa(self._details, zone)))
        yield from account_parts.device_rows(self._details, zone, may)
        if factor is not None:
            yield row(_("Backup codes"), value(wording.unused_codes(factor)))
        yield from account_parts.ssh_key_rows(account, zone, may)
        yield from account_parts.password_rows(self._details, zone)
        yield row(_("Origin"), value(account_parts.origin(account, zone)))
        yield row(_("Last sign-in"), value(full_minute(self._record.last_sign_in, zone)))
        yield from account_parts.attempts_row(self._record, may)
        if may.manage:
            yield from save_row(_("Update"))
        yield from account_parts.buttons(account, may, can_be_enabled=self._can_be_enabled)

    @property
    def _can_be_enabled(self) -> bool:
        return self._details.status in {Status.DISABLED, Status.UNUSED}

    def on_mount(self) -> None:
        self._show_required()

    def _show_required(self) -> None:
        for button in self.query("#mfa-required").results(Button):
            button.label = _("Disable") if self._required else _("Enable")
            # Textual would keep the width of the previous label.
            button.refresh(layout=True)
        chosen = self._account.changed(mfa_required=self._required)
        requirement = account_state.requirement(chosen, self._settings)
        state = account_parts.required(requirement)
        if self._required != self._account.mfa_required:
            state = _("{state}, press Update", state=state)
        self.query_one("#mfa-required-state", Static).update(state)
        note = self.query_one("#mfa-required-note", Static)
        why = wording.why_required(requirement)
        note.update(why)
        note.display = bool(why)
        self.show_pending()

    def pending(self) -> list[str]:
        return [_(self.LABELS[name]) for name in self._entered().given]

    def action_back(self) -> None:
        self.leave(self.open_users)

    def open_users(self) -> None:
        """Go back to where the person came from: the report of a batch, or the list of users."""
        if self.context.batch is not None:
            self.lead_away(OpenReport(self.context.batch))
        else:
            super().open_users()

    def unsaved(self) -> str:
        if self._is_gone or not self._is_changed:
            return ""
        return _("your changes to {name}", name=self._account.username)

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, UnknownAccount):
            # Nothing can be done here any more. The list shows who is there.
            self._is_gone = True
            self.notify(visible(error.gone), severity="error", markup=False)
            self.open_users()
        else:
            super().refuse(error)

    def pressed(self, button: str) -> None:
        name = self._account.username
        if button not in {"primary", "mfa-required"} and self._is_changed:
            refusal = _("Your changes are not saved yet. Press Update first.")
            self.say(f"✗ {refusal}", wrong=True)
            return
        match button:
            case "primary":
                self.submit()
            case "mfa-required":
                self._required = not self._required
                self._show_required()
            case "open-sessions":
                self.lead_away(OpenUserSessions(name))
            case "enabled" if not self._can_be_enabled:
                self._ask_to_disable()
            case "enabled":
                done = _("The account {name} was enabled.", name=name)
                self._save(Update(enabled=True), done)
            case "unlock":
                self._change(
                    lambda ports, session, _: unlocking.unlock(ports, session, name),
                    lambda unlocked: wording.unlocked(name, unlocked),
                )
            case "remove":
                self.confirm(
                    account_parts.before_account_is_removed(self._account),
                    _("Remove"),
                    self._remove,
                )
            case _:
                self._reset(button)

    def _reset(self, button: str) -> None:
        name = self._account.username
        match button:
            case "reset-password":
                self._ask_to_reset_password()
            case "disable-mfa":
                self.confirm(
                    account_parts.before_mfa_is_disabled(self._account, self._settings),
                    _("Disable MFA"),
                    lambda: self._change(
                        lambda ports, session, agreed: user_mfa.disable_mfa(
                            ports, session, name, agreed=agreed, seen=self._account
                        ),
                        lambda _result: _(
                            "Multi-factor authentication was disabled for {name}.", name=name
                        ),
                    ),
                )
            case _ if button.startswith(account_parts.SSH_KEY):
                self._remove_ssh_key(int(button.removeprefix(account_parts.SSH_KEY)))
            case _:
                self._remove_device(int(button.removeprefix(account_parts.DEVICE)))

    def submit(self) -> None:
        done = _("{name} was updated.", name=self._account.username)
        self._save(self._entered(), done)

    def run_as_session(
        self, call: Callable[[Ports, Session], T], handle: Callable[[T], None], waiting: str
    ) -> None:
        """Run the call, unless the name belongs to another account now."""
        seen = self._account

        def call_for_this_account(ports: Ports, session: Session) -> T:
            administration.check_is_still_there(ports, session, seen)
            return call(ports, session)

        super().run_as_session(call_for_this_account, handle, waiting)

    def _entered(self) -> Update:
        """Return only what was changed here: others may have changed the rest meanwhile."""
        shown, update = self._account, Update()
        if self._required != shown.mfa_required:
            update = replace(update, mfa_required=self._required)
        for field in self.query("#display_name").results(Field):
            if field.entry.value != visible(shown.display_name):
                update = replace(update, display_name=field.entry.value)
        for field in self.query("#expires").results(Field):
            if field.entry.value != expiry.last_day_shown(shown.expires_at):
                update = replace(update, expires=field.entry.value)
        for choice in self.query(RoleChoice):
            if set(choice.chosen) != set(shown.roles):
                update = replace(update, roles=choice.chosen)
        return update

    @property
    def _is_changed(self) -> bool:
        return self._entered() != Update()

    def _save(self, update: Update, outcome: str) -> None:
        """Like `_change`, for an update, which may change nothing, because all is so already."""
        name, seen = self._account.username, self._account

        def updated(result: Updated) -> None:
            nothing = _("Nothing was changed for {name}.", name=name)
            self.done(outcome if result.changed else nothing)
            self.open_account(name, resume=True)

        self.run_confirmed(
            lambda ports, session, agreed: administration.update_user(
                ports, session, name, update, agreed=agreed, seen=seen
            ),
            updated,
            _("Saving"),
        )

    def _change(
        self, call: Callable[[Ports, Session, Agreed], T], outcome: Callable[[T], str]
    ) -> None:
        """Run the change, say what was done, and show the account as it is afterwards."""

        def changed(result: T) -> None:
            self.done(outcome(result))
            self.open_account(self._account.username, resume=True)

        self.run_confirmed(call, changed, _("Saving"))

    def _ask_to_disable(self) -> None:
        name = self._account.username

        def answered(reason: str | None) -> None:
            if reason is not None:
                done = _("The account {name} was disabled.", name=name)
                self._save(Update(enabled=False, disabled_reason=reason), done)

        if self.context.session is not None:
            self.app.push_screen(DisableScreen(name), answered)

    def _ask_to_reset_password(self) -> None:
        if self.context.session is not None:
            screen = ResetPasswordScreen(
                account_parts.before_password_is_reset(self._account.username)
            )
            self.app.push_screen(screen, self._reset_password)

    def _reset_password(self, invited: bool | None) -> None:
        if invited is None:
            return
        name = self._account.username
        self.run_confirmed(
            lambda ports, session, agreed: administration.reset_password(
                ports, session, name, invited=invited, agreed=agreed, seen=self._account
            ),
            self._show_handed_over,
            _("Resetting the password"),
        )

    def _show_handed_over(self, reset: WithInitialPassword) -> None:
        self.app.push_screen(
            handing_over(reset, self.context.zone),
            lambda _: self.open_account(reset.account.username, resume=True),
        )

    def _remove_device(self, number: int) -> None:
        name, factor = self._account.username, self._account.second_factor
        if factor is None:
            return
        device = factor.devices[number]
        self.confirm(
            account_parts.before_device_is_removed(name, device),
            _("Remove Device"),
            lambda: self._change(
                lambda ports, session, _: user_mfa.remove_device(ports, session, name, device),
                lambda removed: wording.device_removed(*removed),
            ),
        )

    def _remove_ssh_key(self, number: int) -> None:
        name, key = self._account.username, self._account.ssh_keys[number]
        self.confirm(
            account_parts.before_ssh_key_is_removed(name, key),
            _("Remove SSH Key"),
            lambda: self._change(
                lambda ports, session, _: user_ssh_keys.remove(ports, session, name, key),
                lambda removed: wording.ssh_key_removed(removed.name),
            ),
        )

    def _remove(self) -> None:
        name = self._account.username

        def removed(_nothing: None) -> None:
            self.done(_("The account {name} was removed.", name=name))
            self.open_users()

        self.run_confirmed(
            lambda ports, session, agreed: administration.remove_user(
                ports, session, name, agreed=agreed, seen=self._account
            ),
            removed,
            _("Removing"),
        )
