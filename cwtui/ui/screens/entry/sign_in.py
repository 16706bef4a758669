"""The login screen."""

from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.widgets import Input, Static

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import check_filled_in
from cwtui.language import N_, _
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.widgets.fields import Field, SecretInput, TextInput

if TYPE_CHECKING:
    from cwtui.accounts.enrolment import Enrolment
    from cwtui.accounts.ports import Ports

READING_SECONDS: Final = 1.0
"""How long a notice stays although keys come."""


class SignInScreen(EntryScreen):
    TITLE_TEXT = N_("Sign in to Your Account")
    PRIMARY = N_("Sign In")
    RESTING = True
    HELP = N_("""\
Enter your Username and Password, then press Enter. If an admin has invited you, enter the \
invitation code in the Password field. You then choose a password.

If multi-factor authentication is enabled for your account, you are then asked for the one-time \
6-digit code from your authentication app or for a backup code.

Forgot your password, or lost your device and your backup codes? Ask a Connectware admin to reset \
your password or to disable your multi-factor authentication.""")

    def __init__(self, notice: str = "", *, wrong: bool = False, username: str = "") -> None:
        super().__init__()
        self._notice = notice
        self._wrong = wrong
        self._username = username
        self._shown_at = 0.0
        self._checked = ""
        """The username that an error is about."""

    def question(self) -> ComposeResult:
        if self._notice:
            mark = "✗ " if self._wrong else "✓ "
            classes = "text -wrong" if self._wrong else "text"
            yield Static(mark + self._notice, id="notice", classes=classes, markup=False)
        yield Field("username", _("Username"), TextInput(self._username))
        yield Field("password", _("Password"), SecretInput())

    def on_mount(self) -> None:
        self._shown_at = self.context.after_code.now()
        if self._username:
            self.query_one(SecretInput).focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Clear what was said to the last person, or about another username."""
        # What was typed ahead came before the notice could be read.
        if self.context.after_code.now() >= self._shown_at + READING_SECONDS:
            for notice in self.query("#notice"):
                notice.visible = False  # its rows stay, so that nothing moves while one types
        # The screen may be closing, and have no fields any more.
        if not isinstance(message.input, SecretInput) and message.input.value != self._checked:
            self.clear_errors()

    def hide_secrets(self) -> None:
        """Clear all fields. The next person need not know the username of the last one."""
        super().hide_secrets()
        # After a session that ended unexpectedly it stays, as the notice is for its owner.
        kept = self._username if self._notice else ""
        for field in self.query("#username").results(Field):
            if field.entry.value != kept:
                field.entry.fill(kept)
                field.entry.focus()

    @property
    def _waiting(self) -> str:
        directory = self.context.config.directory
        if directory is None:
            return _("Checking your password")
        most = f"{directory.total_seconds:g}"
        return _("Checking your password. This may take up to {seconds} s", seconds=most)

    def submit(self) -> None:
        username = self.query_one("#username", Field).entry
        password = self.query_one(SecretInput)
        try:
            check_filled_in(username.value, password.value)
        except InvalidInput as error:  # before the password is taken from its field
            self.refuse(error)
            return
        typed, secret, source = username.value, password.take(), self.context.source
        self._checked = typed
        offered = self.context.offered.get(None)
        self.run_in_thread(
            lambda ports: _sign_in(ports, typed, secret, source, offered),
            self.state_reached,
            self._waiting,
        )


def _sign_in(
    ports: "Ports", username: str, password: Secret, source: str, offered: "Enrolment | None"
) -> object:
    # Imported late: the first paint needs none of the rules.
    from cwtui.accounts import sign_in

    return sign_in.with_password(ports, username, password, source, offered)
