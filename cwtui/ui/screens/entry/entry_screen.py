"""The frame of the screens of a sign-in."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from cwtui.language import _
from cwtui.ui.messages import SignInStateReached
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.steady import Body
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.host_time import HostTime
from cwtui.ui.widgets.key_bar import KeyBar
from cwtui.ui.widgets.too_small import TooSmall


class EntryScreen(AccountScreen):
    """One centred column with one question and one primary button."""

    CSS_PATH = sheets("entry")
    AUTO_FOCUS = "TextInput"
    TAKES_STRAY_TEXT = True
    TITLE_TEXT: ClassVar[str] = ""
    PRIMARY: ClassVar[str] = ""

    def compose(self) -> ComposeResult:
        with Body(id="entry", can_focus=False), Vertical(id="column"):
            yield Static("Connectware", id="name", markup=False)
            yield HostTime(f"{self.context.host}, ", id="host")
            yield Static(_(self.TITLE_TEXT), id="title", markup=False)
            yield from self.question()
            yield Static("", id="status-line", markup=False)
            yield Button(_(self.PRIMARY), id="primary", variant="primary", compact=True)
            yield from self.ways_out()
        yield KeyBar(show_command_palette=False)
        yield TooSmall()

    def question(self) -> ComposeResult:
        """Yield the fields of this screen."""
        yield from ()

    def ways_out(self) -> ComposeResult:
        """Yield what is below the primary button."""
        yield from ()

    def state_reached(self, state: object) -> None:
        """Show the screen for this state of the sign-in."""
        self.lead_away(SignInStateReached(state))
