"""Settings: the pages that ask for a one-time code before something is done."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import self_service
from cwtui.accounts.errors import AccountsError, ProofNeeded
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.ui.messages import BackupCodesMade
from cwtui.ui.screens.pages.page import PageBelow
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.countdown import CodeCountdown
from cwtui.ui.widgets.fields import CodeInput, Field


class ConfirmCodePage(PageBelow):
    """Asks for the code. The last digit submits it, as on all screens."""

    EXPLANATION: ClassVar[str] = ""
    HELP = """\
Open the authentication app and select your Connectware account. Enter the one-time 6-digit code \
displayed on the authentication app. The sixth digit submits it.

If you do not have access to your authentication app, ask a Connectware admin to disable your \
multi-factor authentication."""

    def content(self) -> ComposeResult:
        yield Static(self.EXPLANATION, classes="text", markup=False)
        yield Field("code", "One-time 6-digit code", CodeInput())
        yield CodeCountdown()
        yield Button(self.TITLE_TEXT, id="primary", variant="primary", compact=True)

    def on_mount(self) -> None:
        session = self.session
        self.show_wait(lambda ports: self_service.wait(ports, session, {"code_attempts": "code"}))

    def action_back(self) -> None:
        self.open_settings()

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, ProofNeeded):
            # The code would be too old by then, and count as a failed attempt.
            self._retry_after_proof = self._ask_for_new_code
        super().refuse(error)

    def _ask_for_new_code(self) -> None:
        field = self.query_one(Field)
        field.show_hint("Enter the code that your app shows now.")
        field.entry.focus()


class DisableMfaPage(ConfirmCodePage):
    TITLE_TEXT = "Disable Multi-Factor Authentication"
    EXPLANATION = (
        "You must have access to your authentication app to disable multi-factor authentication. "
        "You then sign in with your password alone. Your device and your backup codes will no "
        "longer work."
    )

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_as_session(
            lambda ports, session: self_service.disable_mfa(ports, session, code),
            self._disabled,
            "Checking the code",
        )

    def _disabled(self, session: Session) -> None:
        self.context.renew_session(session)
        self.done("Multi-factor authentication was disabled.")
        self.open_settings()


class RegenerateBackupCodesPage(ConfirmCodePage):
    TITLE_TEXT = "Regenerate Backup Codes"
    EXPLANATION = (
        "You must have access to your authentication app to regenerate multi-factor authentication "
        "backup codes. You get new backup codes. The old ones no longer work."
    )

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_as_session(
            lambda ports, session: self_service.regenerate_backup_codes(ports, session, code),
            self._regenerated,
            "Creating new backup codes",
        )

    def _regenerated(self, result: tuple[Session, tuple[Secret, ...]]) -> None:
        session, codes = result
        self.context.renew_session(session)
        self.lead_away(BackupCodesMade(codes, "Your backup codes were regenerated."))
