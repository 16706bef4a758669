"""Asks before a password is reset, and whether to hand over a password or an invitation."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.choices import Choice


class ResetPasswordScreen(Dialog[bool | None]):
    """Returns whether the user is invited; None changes nothing."""

    HELP = N_("""\
Reset Password makes a one-time initial password, which you hand over. It is valid for 7 days, and \
the user must change it at the first sign-in.

Invite: you hand over a one-time code instead, with which the user chooses a password. \
Organization says for how many days it is valid. An invitation that was made before no longer \
works then.

Nothing happens until you press Reset Password. Esc changes nothing.""")
    MANUAL = "admin"
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", N_("Cancel"))]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(visible(self._question), markup=False)
            yield Choice(_("Invite: a code instead of a password"), id="invite")
            with Horizontal(classes="buttons"):
                yield Button(_("Cancel"), id="cancel", compact=True)
                yield Button(_("Reset Password"), id="act", classes="danger", compact=True)

    def pressed(self, button: str) -> None:
        self.dismiss(self.query_one(Choice).value if button == "act" else None)
