"""Settings: the pages that ask for a code before something is done."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import own_devices, self_service, wording
from cwtui.accounts.devices import DeviceState
from cwtui.accounts.errors import AccountsError, ProofNeeded
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.messages import BackupCodesMade, OpenDevicePage
from cwtui.ui.screens.pages.page import PageBelow
from cwtui.ui.sections import DeviceTask
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.countdown import CodeCountdown
from cwtui.ui.widgets.fields import Field


class AsksForCode(PageBelow):
    """Asks for a one-time code of any device or, if `TAKES_BACKUP_CODE`, a backup code instead."""

    TAKES_BACKUP_CODE: ClassVar[bool] = True

    def code_field(self) -> Field:
        if not self.TAKES_BACKUP_CODE:
            return Field("code", _("One-time 6-digit code"), CodeInput())
        hint = _("For a backup code, press Enter when it is complete.")
        entry = CodeInput(at_backup_code=hint)
        return Field("code", _("One-time code or backup code"), entry)

    def on_mount(self) -> None:
        session = self.session
        self.show_wait(lambda ports: self_service.wait(ports, session, {"code_attempts": "code"}))

    def refuse(self, error: AccountsError) -> None:
        if isinstance(error, ProofNeeded) and self.query("#code"):
            # The code would be too old by then, and count as a failed attempt.
            self._retry_after_proof = self._ask_for_new_code
        super().refuse(error)

    def _ask_for_new_code(self) -> None:
        field = self.query_one("#code", Field)
        field.show_hint(_("Enter the code that your app shows now."))
        field.entry.focus()


class ConfirmCodePage(AsksForCode):
    """Asks only for the code. The last digit submits it, as on all screens."""

    EXPLANATION: ClassVar[str] = ""
    HELP = N_("""\
Open the authentication app and select your Connectware account. Enter the one-time 6-digit code \
displayed on the authentication app, or one of your backup codes. The sixth digit of a one-time \
code submits it.

A backup code works only once. Each of your devices gives one-time codes that work here.""")

    def content(self) -> ComposeResult:
        yield Static(self.explanation(), classes="text", markup=False)
        yield self.code_field()
        yield CodeCountdown()
        yield Button(_(self.TITLE_TEXT), id="primary", variant="primary", compact=True)

    def explanation(self) -> str:
        return _(self.EXPLANATION)

    def action_back(self) -> None:
        self.open_settings()


class DisableMfaPage(ConfirmCodePage):
    TAKES_BACKUP_CODE = False
    HELP = N_("""\
Open the authentication app and select your Connectware account. Enter the one-time 6-digit code \
displayed on the authentication app. The sixth digit submits it.

If you do not have access to your authentication app, replace your device in Settings: that takes \
a backup code. Or ask a Connectware admin to disable your multi-factor authentication.""")
    TITLE_TEXT = N_("Disable Multi-Factor Authentication")
    EXPLANATION = N_(
        "You must have access to your authentication app to disable multi-factor authentication. "
        "You then sign in with your password alone. Your devices and your backup codes will no "
        "longer work."
    )

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_as_session(
            lambda ports, session: self_service.disable_mfa(ports, session, code),
            self._disabled,
            _("Checking the code"),
        )

    def _disabled(self, session: Session) -> None:
        self.context.renew_session(session)
        self.done(_("Multi-factor authentication was disabled."))
        self.open_settings()


class RegenerateBackupCodesPage(ConfirmCodePage):
    TITLE_TEXT = N_("Regenerate Backup Codes")
    EXPLANATION = N_(
        "You must have access to your authentication app or one of your backup codes to regenerate "
        "multi-factor authentication backup codes. You get new backup codes. The old ones no "
        "longer work."
    )

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_as_session(
            lambda ports, session: self_service.regenerate_backup_codes(ports, session, code),
            self._regenerated,
            _("Creating new backup codes"),
        )

    def _regenerated(self, result: tuple[Session, tuple[Secret, ...]]) -> None:
        session, codes = result
        self.context.renew_session(session)
        self.lead_away(BackupCodesMade(codes, _("Your backup codes were regenerated.")))


class RemoveDevicePage(ConfirmCodePage):
    TITLE_TEXT = N_("Remove Device")

    def __init__(self, device: DeviceState) -> None:
        super().__init__()
        self._device = device

    def heading(self) -> str:
        return _("Remove {name}", name=visible(self._device.name))

    def explanation(self) -> str:
        return _(
            "Codes of {name} will no longer sign you in. To remove it, enter a one-time code of "
            "any of your devices, or one of your backup codes.",
            name=visible(self._device.name),
        )

    def action_back(self) -> None:
        self.lead_away(OpenDevicePage(DeviceTask.SHOW, self._device.id))

    def submit(self) -> None:
        code, id_ = self.query_one(CodeInput).take(), self._device.id
        self.run_as_session(
            lambda ports, session: own_devices.remove(ports, session, id_, code),
            self._removed,
            _("Checking the code"),
        )

    def _removed(self, session: Session) -> None:
        self.context.renew_session(session)
        self.done(wording.own_device_removed(self._device.name))
        self.open_settings()
