"""Sign-in: the person has not yet confirmed that the backup codes are saved."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import sign_in
from cwtui.accounts.ports import Ports
from cwtui.ui.screens.entry.entry_screen import EntryStep
from cwtui.ui.widgets.buttons import Button


class UnacknowledgedScreen(EntryStep):
    TITLE_TEXT = "Did you save your backup codes?"
    PRIMARY = "Show New Backup Codes"
    AUTO_FOCUS = "#later"  # Enter pressed unseen neither replaces codes nor confirms them
    HELP = """\
You have not confirmed yet that you saved your backup codes. Without them you cannot sign in if \
you lose your device.

Show New Backup Codes: new codes replace the old ones.

I have the old codes: they stay valid, and you are not asked again.

Ask me next time: nothing changes, and the next sign-in asks again."""

    def __init__(self, state: sign_in.BackupCodesUnacknowledged) -> None:
        super().__init__()
        self._state = state

    def question(self) -> ComposeResult:
        yield Static(
            "You have not confirmed yet that you saved your backup codes. Without them you cannot "
            "sign in if you lose your device.\n\n"
            "New codes replace the old ones.",
            classes="text",
            markup=False,
        )

    def ways_out(self) -> ComposeResult:
        yield Button("I have the old codes", id="keep", classes="way-out", compact=True)
        yield Button("Ask me next time", id="later", classes="way-out", compact=True)

    def pressed(self, button: str) -> None:
        match button:
            case "keep":
                self._sign_in(sign_in.keep_old_backup_codes)
            case "later":
                self._sign_in(sign_in.ask_about_backup_codes_later)
            case _:
                super().pressed(button)

    def _sign_in(
        self, answer: Callable[[Ports, sign_in.BackupCodesUnacknowledged], sign_in.State]
    ) -> None:
        self.run_in_thread(
            lambda ports: answer(ports, self._state), self.state_reached, "Signing in"
        )

    def submit(self) -> None:
        self.run_in_thread(
            lambda ports: sign_in.make_new_backup_codes(ports, self._state),
            self.state_reached,
            "Creating new backup codes",
        )
