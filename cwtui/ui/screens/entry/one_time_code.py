"""Sign-in: the one-time code, with a way to use a backup code instead."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts import sign_in, sign_in_progress
from cwtui.accounts.sign_in_states import CodeNeeded
from cwtui.language import N_, _
from cwtui.ui.messages import UseBackupCode
from cwtui.ui.screens.entry.entry_step import EntryStep
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.countdown import CodeCountdown
from cwtui.ui.widgets.fields import Field


class OneTimeCodeScreen(EntryStep):
    TITLE_TEXT = N_("One-time code")
    PRIMARY = N_("Sign In")
    HELP = N_("""\
Open the authentication app and select your Connectware account. Enter the one-time 6-digit code \
displayed on the authentication app. The sixth digit submits it.

No access to your authentication app? Use a backup code (you can also type it here and press \
Enter), or ask a Connectware admin to disable your multi-factor authentication.

Every code is refused? The clock of your phone or of this host may be wrong. The second wrong code \
shows the time of this host and, if both codes fit the same other time, how far the phone is \
off.""")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4", "use_backup_code", N_("Use backup code"))
    ]

    def __init__(self, state: CodeNeeded) -> None:
        super().__init__(state.progress.username)
        self._state = state

    def question(self) -> ComposeResult:
        yield Static(
            _(
                "Open the authentication app and enter the 6-digit code for your Connectware "
                "account."
            ),
            classes="text",
            markup=False,
        )
        entry = CodeInput(at_backup_code=_("For a backup code, press Enter when it is complete."))
        yield Field("code", _("One-time code"), entry)
        yield CodeCountdown()

    def on_mount(self) -> None:
        self.show_wait(
            lambda ports: sign_in_progress.code_wait(ports, self._state.progress, "code")
        )

    def ways_out(self) -> ComposeResult:
        yield Button(_("Use backup code"), id="use-backup-code", classes="way-out", compact=True)

    def pressed(self, button: str) -> None:
        if button == "use-backup-code":
            self.action_use_backup_code()
        else:
            super().pressed(button)

    def action_use_backup_code(self) -> None:
        # Not while a code is checked, which may complete the sign-in.
        if self.may_act:
            self.lead_away(UseBackupCode(self._state))

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_in_thread(
            lambda ports: sign_in.with_code(ports, self._state, code, "code"),
            self.state_reached,
            _("Checking the code"),
        )
