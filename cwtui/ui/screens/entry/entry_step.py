"""The frame of the screens that come after the login screen."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from cwtui.language import N_
from cwtui.ui.messages import BackToSignIn
from cwtui.ui.screens.entry.entry_screen import EntryScreen


class EntryStep(EntryScreen):
    """A later step of a sign-in of `whose`. Esc cancels the sign-in."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", N_("Back to sign-in"))]

    def __init__(self, whose: str) -> None:
        super().__init__()
        self.whose = whose

    def action_give_up(self) -> None:
        # Not during a check, which may complete the sign-in.
        if self.may_act:
            # Without the username, the password would be typed in its field, for all to read.
            self.lead_away(BackToSignIn(username=self.whose))
