"""The frame of the pages after sign-in: the navigation panel on the left, the page on the right."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Static

from cwtui.accounts import self_service
from cwtui.accounts.errors import (
    TO_NOTHING,
    AccountsError,
    Agreed,
    ConfirmationNeeded,
    ProofNeeded,
    SessionEnded,
)
from cwtui.accounts.session import Session
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui import sections
from cwtui.ui.messages import Ending, LeadAway, OpenAccount, OpenPage, OpenSection
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.focus_memory import mark_of, marked
from cwtui.ui.screens.steady import Body
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.check_list import CheckList
from cwtui.ui.widgets.choices import Alternatives
from cwtui.ui.widgets.fields import Field
from cwtui.ui.widgets.host_time import HostTime
from cwtui.ui.widgets.key_bar import KeyBar
from cwtui.ui.widgets.navigation import MenuOpener, Navigation
from cwtui.ui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports

T = TypeVar("T")


WITH_WIDE: Final = [*AccountScreen.HORIZONTAL_BREAKPOINTS, (100, "-wide")]
"""For pages that show more of their content from 100 columns on."""
_DISCARD: Final = {
    None: (N_("Discard {what}?"), N_("Discard")),
    Ending.SIGN_OUT: (N_("Discard {what} and sign out?"), N_("Sign Out")),
    Ending.QUIT: (N_("Discard {what} and quit?"), N_("Quit")),
}
"""The question before unsaved changes are lost, and the button that answers it."""


class Page(AccountScreen):
    """A page of a session. It is given what it shows; the rules check each action again."""

    # All pages share these.
    CSS_PATH = sheets("page", "choices", "list_page", "organization", "display")
    AUTO_FOCUS = "#page TextInput, #page Button, #page VirtualTable"
    NEEDS_SESSION = True
    SECTION: ClassVar[str] = sections.SETTINGS
    TITLE_TEXT: ClassVar[str] = ""
    LABELS: ClassVar[Mapping[str, str]] = {}
    """What the page calls the fields of accounts and settings."""
    IS_FULL: ClassVar[bool] = False
    """Whether the page fills 80x24. Its status line then takes space only if it says something."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", N_("Menu"))]

    _last_session: Session | None = None
    _before_panel: Widget | None = None
    """What had the focus before the navigation panel."""
    _retry_after_proof: Callable[[], None] = staticmethod(lambda: None)
    """Repeats the last call, after the person has confirmed their identity."""
    _repeat_agreeing: Callable[[type[ConfirmationNeeded]], None] = staticmethod(lambda _: None)
    """Repeats the last call, after the person has agreed to what it asked."""

    @property
    def session(self) -> Session:
        """The session. If it has just ended, the last one; nothing is run for it any more."""
        session = self.context.session or self._last_session
        if session is None:
            raise SessionEnded(_("You are signed out. Sign in again."), "signed out")
        return session

    def run_in_thread(
        self, call: "Callable[[Ports], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        # Buttons pressed before the session ended do nothing afterwards.
        if self.context.session is not None:
            super().run_in_thread(call, handle, waiting)

    def run_as_session(
        self, call: "Callable[[Ports, Session], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        """Run the call as the session. If proof is needed, ask for it and run the call again."""
        # A call that is ignored because the page is busy must not be repeated.
        if not self.is_busy:
            self._retry_after_proof = partial(self.run_as_session, call, handle, waiting)
        self.run_in_thread(lambda ports: call(ports, self.session), handle, waiting)

    def run_confirmed(
        self,
        call: "Callable[[Ports, Session, Agreed], T]",
        handle: Callable[[T], None],
        waiting: str,
        agreed: Agreed = TO_NOTHING,
    ) -> None:
        """Run the call as the session. What it wants to have confirmed is asked, one by one."""
        if not self.is_busy:
            self._repeat_agreeing = lambda more: self.run_confirmed(
                call, handle, waiting, agreed | {more}
            )
        self.run_as_session(lambda ports, session: call(ports, session, agreed), handle, waiting)

    def refuse(self, error: AccountsError) -> None:
        match error:
            case ProofNeeded():
                from cwtui.ui.screens.dialogs.proof import ProofScreen

                # The dialog opens over the page, so that what was typed there stays.
                self.app.push_screen(ProofScreen(self.session, error, self._retry_after_proof))
            case ConfirmationNeeded():
                self._ask(error)
            case _:
                super().refuse(error)

    def _ask(self, needed: ConfirmationNeeded) -> None:
        def answered(agreed: bool | None) -> None:
            if agreed:
                self._repeat_agreeing(type(needed))
            elif needed.field:
                self.focus_field(needed.field)

        labels = {name: _(label) for name, label in self.LABELS.items()}
        question = f"{needed.sentence(labels)} {needed.question}"
        self.app.push_screen(ConfirmScreen(question, needed.act, destroys=False), answered)

    def confirm(self, question: str, act: str, confirmed: Callable[[], object]) -> None:
        """Ask with a button that has `act` as its text. Call `confirmed` once it is pressed."""

        def answered(agreed: bool | None) -> None:
            if agreed:
                confirmed()

        self.app.push_screen(ConfirmScreen(question, act), answered)

    def compose(self) -> ComposeResult:
        session = self._last_session = self.context.session
        host = self.context.host
        who = _("{name} on {host}", name=visible(session.username), host=host) if session else ""
        with Horizontal(id="top"):
            yield Static("Connectware", id="product", markup=False)
            yield MenuOpener()
            yield Static(who, id="who", markup=False)
            yield HostTime()
        title = Static(self.heading(), id="title", markup=False)
        beside = [*self.head()]
        with Vertical(id="below"):
            yield Navigation(self.SECTION, session.permissions if session else ())
            yield Vertical(title, *beside, id="head") if beside else title
            with Body(id="page", can_focus=False):
                yield from self.content()
                status_line = Static("", id="status-line", markup=False)
                status_line.display = not self.IS_FULL
                yield status_line
        yield KeyBar()
        yield TooSmall()

    def heading(self) -> str:
        return _(self.TITLE_TEXT)

    def head(self) -> Iterable[Widget]:
        """Return what stays beside or below the title while the page scrolls."""
        return ()

    def content(self) -> ComposeResult:
        """Yield the widgets of the page."""
        yield from ()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        super().say(sentence, wrong=wrong)
        for line in self.query("#status-line").results(Static):
            line.display = bool(sentence) or not self.IS_FULL
            if wrong:
                line.scroll_visible(animate=False)

    # Errors at fields

    def show_error(self, field: str, sentence: str) -> None:
        wrong = next(iter(self.query(f"#{field}").results(CheckList)), None)
        if wrong is not None:
            wrong.show_error(sentence)
        else:
            super().show_error(field, sentence)

    def clear_errors(self) -> None:
        super().clear_errors()
        for choice in self.query(CheckList):
            choice.clear_error()

    def focus_field(self, name: str) -> None:
        """Focus the input of the field with this name."""
        for field in self.query(f"#{name}").results(Field):
            field.entry.focus()

    # What is not saved yet

    def pending(self) -> Iterable[str]:
        """Return the labels of what was changed here and is not saved yet."""
        return ()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    @on(Alternatives.Chosen)
    def show_pending(self) -> None:
        """List beside the button that saves what it would save."""
        labels = ", ".join(self.pending())
        said = _("Not saved yet: {labels}", labels=labels)
        self.show_text("#pending", f"◐ {said}" if labels else "")

    @on(Alternatives.Submitted)
    def _submit_chosen(self) -> None:
        self.submit_once()

    # Ways off the page

    def action_back(self) -> None:
        """Esc: go into the navigation panel, or back to the page. Pages below go one level up."""
        panel = self.query_one(Navigation)
        if not panel.has_focus:
            self._before_panel = self.focused
            panel.open()
        elif self._before_panel is not None:
            self.set_focus(self._before_panel)

    # The focus

    def on_screen_resume(self) -> None:
        if self.comes_back:
            self.call_after_refresh(self._focus_as_before)

    def _focus_as_before(self) -> None:
        """Focus what had the focus when the person went on from here to another page."""
        self.comes_back = False
        mark = self.context.focus_marks.get(type(self).__name__)
        widget = marked(self, mark) if mark is not None else None
        if widget is not None:
            self.set_focus(widget)
        else:
            self.focus_again()

    def set_focus(
        self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False
    ) -> None:
        if self.comes_back and widget is not None:
            # All widgets are not there yet. Enter must not press another button meanwhile.
            widget.has_focus = False
            return
        super().set_focus(widget, scroll_visible, from_app_focus)

    def lead_away(self, message: LeadAway) -> None:
        mark = mark_of(self)
        if mark is not None:
            self.context.focus_marks[type(self).__name__] = mark
        else:
            self.context.focus_marks.pop(type(self).__name__, None)
        super().lead_away(message)

    def action_focus_beside(self, direction: str) -> None:
        before = self.focused
        super().action_focus_beside(direction)
        if self.focused is before:
            # Nothing else can have the focus there, but there may be more to read.
            body = self.query_one(Body)
            scroll = {"up": body.scroll_up, "down": body.scroll_down}.get(direction)
            if scroll is not None:
                scroll(animate=False)

    def leave(self, go: Callable[[], object], ends: Ending | None = None) -> None:
        what = self.unsaved()
        if not what:
            go()
        elif self.is_active:
            question, act = _DISCARD[ends]
            self.confirm(_(question, what=what), _(act), go)

    def open_settings(self) -> None:
        """Go back to Settings."""
        self.lead_away(OpenSection(sections.SETTINGS, resume=True))

    def open_proved(self, page: OpenPage) -> None:
        """Open a page that asks for a code. Ask for the password before it, if that is needed."""
        self.run_as_session(
            self_service.check_proof_before_code,
            lambda _: self.lead_away(page),
            _("Loading"),
        )

    def open_users(self) -> None:
        """Go back to the list of users as it was left."""
        self.lead_away(OpenSection(sections.USERS, resume=True))

    def open_account(self, username: str, *, resume: bool = False) -> None:
        """Open the account's page, or open it again as it was left."""
        self.lead_away(OpenAccount(username, resume))

    def done(self, sentence: str) -> None:
        """Say that something was done. The audit log has it too."""
        self.notify(visible(sentence), markup=False)


class PageBelow(Page):
    """A page below a section. Esc goes back to the section."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", N_("Back"))]


def save_row(label: str) -> ComposeResult:
    """Yield the button that saves the page, and beside it what is not saved yet."""
    with Horizontal(classes="buttons save"):
        yield Button(label, id="primary", variant="primary", compact=True)
        yield Static("", id="pending", markup=False)


def row(label: str, *content: Widget, gap: bool = False) -> Horizontal:
    """Return a line of a form: its label on the left, its value or controls on the right."""
    name = Static(label, classes="row-label", markup=False)
    return Horizontal(name, *content, classes="row gap" if gap else "row")


def value(text: str) -> Static:
    """Return the text of a row, shown as plain text."""
    return Static(visible(text), classes="row-value", markup=False)
