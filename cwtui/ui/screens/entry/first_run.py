"""Create the first admin of an empty store."""

from textual import events
from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import first_admin, text
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import Account
from cwtui.accounts.session import Operator
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import N_, _
from cwtui.ui.messages import BackToSignIn
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.screens.password_form import PasswordForm
from cwtui.ui.widgets.fields import Field, SecretInput, TextInput
from cwtui.ui.widgets.strength import NewPasswordField, StrengthMeter


class FirstRunScreen(EntryScreen, PasswordForm):
    TITLE_TEXT = N_("Create the first administrator")
    PRIMARY = N_("Create Administrator")
    RESTING = True
    AUTO_FOCUS = "#new_password TextInput"
    HELP = N_("""\
There are no accounts yet. The first one is an administrator: it has the role connectware-admin \
and can create the others.

Choose a strong password that you do not use for other accounts.

The accounts are stored in files that belong to the user who runs cwtui. `cwtui \
--paths` shows where.""")

    def question(self) -> ComposeResult:
        yield Static(_("There are no accounts yet."), classes="text", markup=False)
        yield Field("username", _("Username"), TextInput("admin"))
        yield NewPasswordField(_("Password"), passwords.rules(OrganizationSettings()))
        yield StrengthMeter("new_password", lambda: self.query_one("#username", Field).entry.value)
        yield Field("confirm_password", _("Confirm Password"), SecretInput())

    def submit(self) -> None:
        username = self.query_one("#username", Field).entry.value
        password, confirmation = self.take_passwords()
        operator = Operator("first run", self.context.source)
        try:
            first_admin.check(username, password, confirmation)
        except InvalidInput as error:  # before anything is created
            self.clear_errors()
            self.refuse(error)
            return
        self.run_in_thread(
            lambda ports: first_admin.create(ports, username, password, confirmation, operator),
            self._created,
            _("Creating the administrator"),
        )

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Say what is wrong with the username when its field is left."""
        field = self.query_one("#username", Field)
        if event.widget is field.entry and field.entry.value and self.may_act:
            try:
                text.username(field.entry.value, local=True)
            except InvalidInput as error:
                field.show_error(str(error))

    def _created(self, account: Account) -> None:
        self.lead_away(
            BackToSignIn(
                _("The administrator {name} was created. Sign in.", name=account.username),
                username=account.username,
            )
        )
