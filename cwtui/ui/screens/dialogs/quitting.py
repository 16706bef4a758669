"""The question before quitting, asked wherever something would be lost.

A terminal with flow control sends XON and XOFF by itself, again and again, and XON is Ctrl+Q. So
the quit key opens the question but never answers it, however often it comes. Neither key counts as
a sign that somebody is there.
"""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from cwtui.ui.messages import Quit
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.buttons import Button


class QuitScreen(Dialog[None]):
    """Asks whether to quit; Stay has the focus."""

    HELP = """\
Quitting ends your session and closes cwtui. Changes that you did not save are lost.

Press Y to quit, or Esc to stay. Pressing the quit key again does nothing, because terminals with \
flow control can send it by themselves."""
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
        # A second answer that was typed ahead is ignored.
        if self.may_act:
            Quit().send(self)
