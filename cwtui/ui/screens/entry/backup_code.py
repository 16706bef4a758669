"""Sign-in: a backup code instead of a one-time code."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts import sign_in, sign_in_progress
from cwtui.accounts.sign_in_states import CodeNeeded
from cwtui.language import N_, _
from cwtui.ui.screens.entry.entry_step import EntryStep
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.fields import Field


class BackupCodeScreen(EntryStep):
    TITLE_TEXT = N_("Sign in with a backup code")
    PRIMARY = N_("Sign In")
    HELP = N_("""\
Backup codes were displayed when you set up multi-factor authentication. Each has 16 letters and \
digits in four groups. Upper or lower case does not matter, and you can leave out the hyphens. \
Codes that were imported from google-authenticator have 8 digits.

You can use each backup code only once.

No backup codes left? Ask a Connectware admin to disable your multi-factor authentication.""")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4", "use_one_time_code", N_("Use one-time code"))
    ]

    def __init__(self, state: CodeNeeded) -> None:
        super().__init__(state.progress.username)
        self._state = state

    def question(self) -> ComposeResult:
        yield Static(_("You can use each backup code only once."), classes="text", markup=False)
        yield Field(
            "backup_code", _("Backup Code"), CodeInput("XXXX-XXXX-XXXX-XXXX", at_backup_code="")
        )

    def on_mount(self) -> None:
        self.show_wait(
            lambda ports: sign_in_progress.code_wait(ports, self._state.progress, "backup_code")
        )

    def ways_out(self) -> ComposeResult:
        yield Button(_("Use one-time code"), id="use-code", classes="way-out", compact=True)

    def pressed(self, button: str) -> None:
        if button == "use-code":
            self.action_use_one_time_code()
        else:
            super().pressed(button)

    def action_use_one_time_code(self) -> None:
        if self.may_act:
            self.state_reached(self._state)

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_in_thread(
            lambda ports: sign_in.with_code(ports, self._state, code, "backup_code"),
            self.state_reached,
            _("Checking the backup code"),
        )
