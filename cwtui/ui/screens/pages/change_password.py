"""Settings > Change Password."""

from typing import Final

from textual.app import ComposeResult

from cwtui.accounts import self_service
from cwtui.accounts.session import Session
from cwtui.accounts.throttle import Tries
from cwtui.language import N_, _
from cwtui.ui.screens.pages.page import PageBelow
from cwtui.ui.screens.password_form import PasswordForm
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import Field, SecretInput
from cwtui.ui.widgets.strength import NewPasswordField, StrengthMeter

_FIELDS: Final[dict[Tries, str]] = {"password_attempts": "current_password"}


class ChangePasswordPage(PageBelow, PasswordForm):
    TITLE_TEXT = N_("Change Password")
    HELP = N_("""\
In the Current Password field, enter your current password. In the New Password and Confirm \
Password fields, enter your new password. Then press Save New Password.

Your other sessions end when the password changes. F2 shows what you type.""")

    def __init__(self, username: str, rules: str) -> None:
        super().__init__()
        self._username = username
        self._rules = rules

    def content(self) -> ComposeResult:
        yield Field("current_password", _("Current Password"), SecretInput())
        yield NewPasswordField(_("New Password"), self._rules)
        yield StrengthMeter("new_password", lambda: self._username)
        yield Field("confirm_password", _("Confirm Password"), SecretInput())
        yield Button(_("Save New Password"), id="primary", variant="primary", compact=True)

    def on_mount(self) -> None:
        session = self.session
        self.show_wait(lambda ports: self_service.wait(ports, session, _FIELDS))

    def action_back(self) -> None:
        self.open_settings()

    def submit(self) -> None:
        session = self.session
        current, new, confirmation = self.take_passwords()
        self.run_in_thread(
            lambda ports: self_service.change_password(ports, session, current, new, confirmation),
            self._changed,
            _("Saving your new password"),
        )

    def _changed(self, session: Session) -> None:
        self.context.renew_session(session)
        self.context.password_changed = True
        self.done(_("Your password was changed."))
        self.open_settings()
