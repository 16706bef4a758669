"""Sign-in: the person never confirmed that the backup codes of the last enrolment are saved."""

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import sign_in
from cwtui.ui.screens.entry.entry_screen import EntryStep
from cwtui.ui.widgets.buttons import Button


class UnacknowledgedScreen(EntryStep):
    TITLE_TEXT = "Your backup codes were not saved"
    PRIMARY = "Show New Backup Codes"
    AUTO_FOCUS = "#primary"
    HELP = """\
When you set up multi-factor authentication, the connection ended before you confirmed that you \
had saved your backup codes. Without them you cannot sign in if you lose your device.

New codes replace the old ones."""

    def __init__(self, state: sign_in.BackupCodesUnacknowledged) -> None:
        super().__init__()
        self._state = state

    def question(self) -> ComposeResult:
        yield Static(
            "Your last session ended before you confirmed that you had saved your backup codes. "
            "Without them you cannot sign in if you lose your device.\n\n"
            "New codes replace the old ones.",
            classes="text",
            markup=False,
        )

    def ways_out(self) -> ComposeResult:
        yield Button("I have the old codes", id="keep", classes="way-out", compact=True)

    def pressed(self, button: str) -> None:
        if button == "keep":
            self.run_in_thread(
                lambda ports: sign_in.keep_old_backup_codes(ports, self._state),
                self.state_reached,
                "Signing in",
            )
        else:
            super().pressed(button)

    def submit(self) -> None:
        self.run_in_thread(
            lambda ports: sign_in.make_new_backup_codes(ports, self._state),
            self.state_reached,
            "Creating new backup codes",
        )
