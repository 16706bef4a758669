"""The question before quitting, asked wherever something would be lost.

A terminal with flow control sends XON and XOFF by itself, again and again, and XON is Ctrl+Q. So
the quit key opens the question but never answers it, however often it comes. Neither key counts as
a sign that somebody is there.

The letter q opens the question too. It may be the first letter of a word that was meant for a
field, so that a Y right after another letter is no answer. In German, J for Ja is an answer too.
"""

from collections.abc import Callable
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from cwtui.language import N_, _
from cwtui.ui.messages import Quit
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.buttons import Button

WORD_SECONDS: Final = 1.0
"""Letters that come faster than this one after the other are a word."""


class QuitScreen(Dialog[None]):
    """Asks whether to quit; Stay has the focus."""

    HELP = N_("""\
Quitting ends your session and closes cwtui. Unsaved changes are lost.

Press Y to quit, or Esc to stay. Pressing the quit key again does nothing, because terminals with \
flow control can send it by themselves.""")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss", N_("Stay")),
        Binding("y", "leave", N_("Quit")),
    ]

    def __init__(self, question: str, now: Callable[[], float], *, by_letter: bool = False) -> None:
        super().__init__()
        self._question = question
        self._now = now
        self._word_until = now() + WORD_SECONDS if by_letter else 0.0
        """Until when a letter belongs to the word that is being typed."""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self._question, markup=False)
            yield Static(_("Press Y to quit, or Esc to stay."), classes="muted", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Stay"), id="stay", compact=True)
                yield Button(_("Quit"), id="quit", compact=True)

    def on_key(self, event: events.Key) -> None:
        """Ignore letters that belong to a word."""
        if not (event.character or "").isalpha():
            return
        letter, yes = event.key.lower(), _("y")
        if self._now() < self._word_until or letter not in {"y", "n", yes}:
            self._word_until = self._now() + WORD_SECONDS
            event.stop()
        elif letter == yes:
            event.stop()  # so that it is not also the key of the binding
            self.action_leave()

    def pressed(self, button: str) -> None:
        if button == "quit":
            self.action_leave()
        else:
            self.dismiss()

    def action_leave(self) -> None:
        # A second answer that was typed ahead is ignored.
        if self.may_act:
            Quit().send(self)
