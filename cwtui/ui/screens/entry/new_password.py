"""Sign-in: people replace their initial password with one of their own."""

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import sign_in_new_password
from cwtui.accounts.sign_in_states import NewPasswordNeeded
from cwtui.language import N_, _
from cwtui.ui.screens.entry.entry_step import EntryStep
from cwtui.ui.screens.password_form import PasswordForm
from cwtui.ui.widgets.fields import Field, SecretInput
from cwtui.ui.widgets.strength import NewPasswordField, StrengthMeter


class NewPasswordScreen(EntryStep, PasswordForm):
    TITLE_TEXT = N_("Choose a new password")
    PRIMARY = N_("Save New Password")
    HELP = N_("""\
You signed in with an initial password, or an invitation code, that an admin gave you. \
Replace it with one that only you know: a strong password that you do not use for other \
accounts.""")

    def __init__(self, state: NewPasswordNeeded) -> None:
        super().__init__(state.progress.username)
        self._state = state

    def question(self) -> ComposeResult:
        yield Static(
            _("Your invitation code works until you have chosen a password.")
            if self._state.invited
            else _("Your initial password is for the first sign-in only."),
            classes="text",
            markup=False,
        )
        yield NewPasswordField(_("New Password"), self._state.rules)
        yield StrengthMeter("new_password", lambda: self._state.progress.username)
        yield Field("confirm_password", _("Confirm Password"), SecretInput())

    def submit(self) -> None:
        new, confirmation = self.take_passwords()
        self.run_in_thread(
            lambda ports: sign_in_new_password.choose(ports, self._state, new, confirmation),
            self.state_reached,
            _("Saving your new password"),
        )
