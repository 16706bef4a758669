"""Create the first admin of an empty store."""

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import first_admin
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import Account
from cwtui.accounts.session import Operator
from cwtui.accounts.settings import OrganizationSettings
from cwtui.ui.messages import BackToSignIn
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.widgets.fields import Field, SecretInput, TextInput
from cwtui.ui.widgets.strength import NewPasswordField, StrengthMeter


class FirstRunScreen(EntryScreen):
    TITLE_TEXT = "Create the first administrator"
    PRIMARY = "Create Administrator"
    RESTING = True
    AUTO_FOCUS = "#new_password TextInput"
    HELP = """\
There are no accounts yet. The first one is an administrator: it has the role connectware-admin \
and can create the others.

Choose a strong password that you do not use for other accounts.

The accounts are stored in files of the user that runs cwtui. `cwtui --paths` shows where."""

    def question(self) -> ComposeResult:
        yield Static("There are no accounts yet.", classes="text", markup=False)
        yield Field("username", "Username", TextInput("admin"))
        yield NewPasswordField("Password", passwords.rules(OrganizationSettings()))
        yield StrengthMeter("new_password", lambda: self.query_one("#username", Field).entry.value)
        yield Field("confirm_password", "Confirm Password", SecretInput())

    def submit(self) -> None:
        username = self.query_one("#username", Field).entry.value
        password, confirmation = (entry.take() for entry in self.query(SecretInput))
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
            "Creating the administrator",
        )

    def _created(self, account: Account) -> None:
        self.lead_away(
            BackToSignIn(
                f"The administrator {account.username} was created. Sign in.",
                username=account.username,
            )
        )
