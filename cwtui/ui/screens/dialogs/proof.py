"""Over a page: who is there proves it again, before something is changed."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts import self_service
from cwtui.accounts.errors import ProofNeeded
from cwtui.accounts.session import Session
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.widgets.fields import AnyCodeInput, Field, SecretInput


class ProofScreen(EntryScreen):
    TITLE_TEXT = "Confirm that it is you"
    PRIMARY = "Confirm"
    HELP = """\
You signed in, or proved who you are, more than ten minutes ago, or the clock of this host was set \
back since. So that nobody else changes something at a terminal that you left open, you are asked \
again.

Enter your password and, if multi-factor authentication is enabled for your account, the one-time \
6-digit code of your authentication app, or one of your backup codes. What you were doing is then \
done. Esc goes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back")]

    def __init__(self, session: Session, needed: ProofNeeded, retry: Callable[[], None]) -> None:
        super().__init__()
        self._session = session
        self._needed = needed
        self._retry = retry

    def question(self) -> ComposeResult:
        yield Static(
            "To make this change, prove again who you are. A proof holds for 10 minutes.",
            classes="text",
            markup=False,
        )
        if self._needed.password:
            yield Field("password", "Password", SecretInput())
        if self._needed.code:
            yield Field("code", "One-time code, or a backup code", AnyCodeInput())

    def action_back(self) -> None:
        if self.may_act:
            self.dismiss()

    def submit(self) -> None:
        password = self.query_one(SecretInput).take() if self._needed.password else None
        code = self.query_one(AnyCodeInput).take() if self._needed.code else None
        self.run_in_thread(
            lambda ports: self_service.prove(ports, self._session, password, code),
            self._proved,
            "Checking",
        )

    def _proved(self, session: Session) -> None:
        self.context.renew_session(session)
        self.dismiss_with_all_above()
        self.app.call_later(self._retry)
