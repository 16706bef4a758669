"""Asks people to confirm their identity before a change."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts import self_service
from cwtui.accounts.errors import ProofNeeded
from cwtui.accounts.session import Session
from cwtui.accounts.throttle import Tries
from cwtui.language import N_, _
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.screens.password_form import PasswordForm
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.fields import Field, SecretInput

_FIELDS: Final[dict[Tries, str]] = {"password_attempts": "password", "code_attempts": "code"}


class ProofScreen(EntryScreen, PasswordForm):
    TITLE_TEXT = N_("Confirm your identity")
    PRIMARY = N_("Confirm")
    HELP = N_("""\
You last signed in or confirmed your identity more than ten minutes ago, or the clock of this host \
was set back since then. You are asked again so that nobody else can change anything at a terminal \
that you left open.

Enter your password and, if multi-factor authentication is enabled for your account, the one-time \
6-digit code from your authentication app or one of your backup codes. Your change is then made. \
Esc goes back without changing anything; what you entered is kept.""")

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", N_("Back"))]

    def __init__(self, session: Session, needed: ProofNeeded, retry: Callable[[], None]) -> None:
        super().__init__()
        self._session = session
        self._needed = needed
        self._retry = retry

    def question(self) -> ComposeResult:
        yield Static(
            _(
                "Confirm your identity to make this change. You will not be asked again for "
                "10 minutes."
            ),
            classes="text",
            markup=False,
        )
        if self._needed.password:
            yield Field("password", _("Password"), SecretInput())
        if self._needed.code:
            yield Field("code", _("One-time code or backup code"), CodeInput("", at_backup_code=""))

    def on_mount(self) -> None:
        asked = {"password": self._needed.password, "code": self._needed.code}
        fields = {tries: field for tries, field in _FIELDS.items() if asked[field]}
        self.show_wait(lambda ports: self_service.wait(ports, self._session, fields))

    def action_back(self) -> None:
        if self.may_act:
            self.dismiss()

    def submit(self) -> None:
        password = next(iter(self.take_passwords()), None)
        code = self.query_one(CodeInput).take() if self._needed.code else None
        self.run_in_thread(
            lambda ports: self_service.prove(ports, self._session, password, code),
            self._proved,
            _("Checking"),
        )

    def _proved(self, session: Session) -> None:
        self.context.renew_session(session)
        self.dismiss_with_all_above()
        self.app.call_later(self._retry)
