"""Sign-in: the person has not yet confirmed that the backup codes are saved."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import sign_in_enrolment
from cwtui.accounts.ports import Ports
from cwtui.accounts.preferences import zone
from cwtui.accounts.sign_in_states import BackupCodesUnacknowledged, State
from cwtui.accounts.times import full_minute
from cwtui.language import N_, _
from cwtui.ui.screens.entry.entry_step import EntryStep
from cwtui.ui.widgets.buttons import Button


class UnacknowledgedScreen(EntryStep):
    TITLE_TEXT = N_("Did you save your backup codes?")
    PRIMARY = N_("Show New Backup Codes")
    AUTO_FOCUS = "#later"  # Enter pressed unseen neither replaces codes nor confirms them
    HELP = N_("""\
You have not confirmed yet that you saved your newest backup codes, and none of them has been \
used yet. Older codes no longer work. Without backup codes you cannot sign in if you lose your \
device.

Compare the date on the screen with what you saved: a file that cwtui wrote says when its codes \
were created.

Show New Backup Codes: new codes replace the newest ones, which then no longer work.

I have the codes: the newest ones stay valid, and you are not asked again.

Ask me next time: nothing changes, and the next sign-in asks again.""")

    def __init__(self, state: BackupCodesUnacknowledged) -> None:
        super().__init__(state.progress.username)
        self._state = state

    def question(self) -> ComposeResult:
        if self._created:
            told = _(
                "You have not confirmed that you saved your newest backup codes, created on "
                "{date}. None of them has been used yet. Older codes no longer work.",
                date=self._created,
            )
        else:
            told = _(
                "You have not confirmed that you saved your newest backup codes. None of them has "
                "been used yet. Older codes no longer work."
            )
        why = _("Without backup codes you cannot sign in if you lose your device.")
        yield Static(f"{told}\n\n{why}", classes="text", markup=False)

    @property
    def _created(self) -> str:
        at = self._state.created_at
        return (
            "" if at is None else full_minute(at, zone(self._state.progress.preferences.time_zone))
        )

    def ways_out(self) -> ComposeResult:
        which = (
            _("I have the codes of {date}", date=self._created)
            if self._created
            else _("I have these codes")
        )
        yield Button(which, id="keep", classes="way-out", compact=True)
        yield Button(_("Ask me next time"), id="later", classes="way-out", compact=True)

    def pressed(self, button: str) -> None:
        match button:
            case "keep":
                self._sign_in(sign_in_enrolment.keep_backup_codes)
            case "later":
                self._sign_in(sign_in_enrolment.ask_about_backup_codes_later)
            case _:
                super().pressed(button)

    def _sign_in(
        self,
        answer: Callable[[Ports, BackupCodesUnacknowledged], State],
    ) -> None:
        self.run_in_thread(
            lambda ports: answer(ports, self._state), self.state_reached, _("Signing in")
        )

    def submit(self) -> None:
        self.run_in_thread(
            lambda ports: sign_in_enrolment.make_new_backup_codes(ports, self._state),
            self.state_reached,
            _("Creating new backup codes"),
        )
