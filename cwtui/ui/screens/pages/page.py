"""After sign-in: the navigation panel on the left, one page on the right."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from cwtui.accounts.errors import AccountsError, ProofNeeded, SessionEnded
from cwtui.accounts.session import Session
from cwtui.accounts.text import visible
from cwtui.ui import sections
from cwtui.ui.messages import OpenAccount, OpenSection
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.host_time import HostTime
from cwtui.ui.widgets.key_bar import KeyBar
from cwtui.ui.widgets.navigation import MenuOpener, Navigation
from cwtui.ui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports

T = TypeVar("T")


class Page(AccountScreen):
    """Handed what it shows; each act asks the services, which read the account anew."""

    # One list for all pages: each list of its own is parsed when a page is first opened.
    CSS_PATH = sheets("page", "list_page", "organization")
    AUTO_FOCUS = "#page Input, #page Button, #page VirtualTable"
    NEEDS_SESSION = True
    SECTION: ClassVar[str] = sections.SETTINGS
    TITLE_TEXT: ClassVar[str] = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
    ]

    _last_session: Session | None = None
    _retry_after_proof: Callable[[], None] = staticmethod(lambda: None)
    """The last call, as it was; where it wants a fresh proof, it is made again."""

    @property
    def session(self) -> Session:
        """The session; when it has just ended, what it was: nothing is called for it any more."""
        session = self.context.session or self._last_session
        if session is None:
            raise SessionEnded("You are signed out. Sign in again.", "signed out")
        return session

    def run_in_thread(
        self, call: "Callable[[Ports], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        # What was pressed before the session ended is not done after it.
        if self.context.session is not None:
            super().run_in_thread(call, handle, waiting)

    def run_as_session(
        self, call: "Callable[[Ports, Session], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        """Run it as the session; where that wants a fresh proof, ask for it and run it again."""
        # What is ignored, because the page is busy, is not what is run again.
        if not self.is_busy:
            self._retry_after_proof = partial(self.run_as_session, call, handle, waiting)
        self.run_in_thread(lambda ports: call(ports, self.session), handle, waiting)

    def refuse(self, error: AccountsError) -> None:
        if not isinstance(error, ProofNeeded):
            super().refuse(error)
            return
        from cwtui.ui.screens.dialogs.proof import ProofScreen

        # Over the page: what was typed there stays.
        self.app.push_screen(ProofScreen(self.session, error, self._retry_after_proof))

    def compose(self) -> ComposeResult:
        session = self._last_session = self.context.session
        who = f"{visible(session.username)} on {self.context.host}" if session else ""
        with Horizontal(id="top"):
            yield Static("Connectware", id="product", markup=False)
            yield MenuOpener()
            yield Static(who, id="who", markup=False)
            yield HostTime()
        with Horizontal(id="below"):
            yield Navigation(self.SECTION, session.roles if session else ())
            with VerticalScroll(id="page", can_focus=False):
                yield Static(self.heading(), id="title", markup=False)
                yield from self.content()
                yield Static("", id="status-line", markup=False)
        yield KeyBar()
        yield TooSmall()

    def heading(self) -> str:
        return self.TITLE_TEXT

    def content(self) -> ComposeResult:
        """What stands on the page."""
        yield from ()

    def action_back(self) -> None:
        """Esc: one level up, or into the navigation panel."""
        self.query_one(Navigation).open()

    def open_settings(self) -> None:
        """Leave for Settings."""
        self.lead_away(OpenSection(sections.SETTINGS))

    def open_users(self) -> None:
        """Leave for the list of users, as it was."""
        self.lead_away(OpenSection(sections.USERS, resume=True))

    def open_account(self, username: str) -> None:
        """Leave for the account's page."""
        self.lead_away(OpenAccount(username))

    def done(self, sentence: str) -> None:
        """Say that something was done; it stays in the audit log as well."""
        self.notify(visible(sentence), markup=False)


def row(label: str, *content: Widget, gap: bool = False) -> Horizontal:
    """A line of a form: what it is on the left, its value or controls on the right."""
    name = Static(label, classes="row-label", markup=False)
    return Horizontal(name, *content, classes="row gap" if gap else "row")


def value(text: str) -> Static:
    """Text of a row, shown as it is."""
    return Static(visible(text), classes="row-value", markup=False)
