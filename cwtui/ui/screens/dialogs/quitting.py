"""Quitting. It asks first wherever something would be lost.

A terminal with flow control sends XON and XOFF by itself, again and again, and XON is Ctrl+Q. So
the question is not answered by the key that asks it, however often it comes; and neither key shows
that somebody is there.
"""

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from cwtui.ui.screens.base import AccountScreen, ShowsSecrets
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.buttons import Button

if TYPE_CHECKING:
    from cwtui.ui.app import AccountApp

FLOW_CONTROL: Final = frozenset({"ctrl+q", "ctrl+s"})
"""XON and XOFF."""


def shows_presence(event: events.Event) -> bool:
    """Whether a person did this: a key, a click, the wheel or a paste.

    The pointer moves when somebody bumps against the desk, and terminals report it, their focus
    and their size by themselves.
    """
    if isinstance(event, events.Key):
        return event.key not in FLOW_CONTROL
    return isinstance(
        event,
        events.MouseDown
        | events.MouseScrollDown
        | events.MouseScrollUp
        | events.MouseScrollLeft
        | events.MouseScrollRight
        | events.Paste,
    )


class QuitScreen(Dialog[None]):
    """Asks whether to quit; Stay has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss", "Stay"),
        Binding("y", "leave", "Quit"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self._question, markup=False)
            yield Static("Press Y to quit, or Esc to stay.", classes="muted", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Stay", id="stay", compact=True)
                yield Button("Quit", id="quit", compact=True)

    def pressed(self, button: str) -> None:
        if button == "quit":
            self.action_leave()
        else:
            self.dismiss()

    def action_leave(self) -> None:
        # A second answer, typed ahead, is for nobody.
        if self.may_act:
            cast("AccountApp", self.app).action_leave()


def ask_or_leave(app: "AccountApp") -> None:
    """Leave if nothing is lost by it; else ask. While it is asked nothing happens."""
    if any(isinstance(screen, QuitScreen) for screen in app.screen_stack):
        return
    question = _question(app)
    if question:
        app.push_screen(QuitScreen(question))
    else:
        app.action_leave()


def _question(app: "AccountApp") -> str:
    """What is asked before quitting; nothing on the login screen and the first-run screen."""
    for screen in reversed(app.screen_stack):
        if isinstance(screen, ShowsSecrets) and screen.BEFORE_QUITTING:
            return screen.BEFORE_QUITTING
    if app.context.session is not None:
        return "Sign out and quit?"
    # The login screen is below all others, emptied; what counts is the one that is shown.
    shown = [screen for screen in app.screen_stack if isinstance(screen, AccountScreen)]
    return "" if shown[-1].RESTING else "You are not signed in yet. Stop here and quit?"
