"""Asks before an account is disabled, and for the reason that its owner is told."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from cwtui.accounts import text, updates
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.context import context_of
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import Field, TextInput


class DisableScreen(Dialog[str | None]):
    """Returns the reason, which may be empty; None changes nothing."""

    HELP = N_("""\
Reason: the user reads it at the next sign-in, once the password is right. It is in the audit log, \
too. You can leave it empty.

Nothing happens until you press Disable Account. Esc changes nothing.""")
    MANUAL = "admin"
    AUTO_FOCUS = "#reason TextInput"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", N_("Cancel"))]

    def __init__(self, username: str) -> None:
        super().__init__()
        self._username = username

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(
                _(
                    "Disable the account {name}? The user can no longer sign in, and open sessions "
                    "will end.",
                    name=visible(self._username),
                ),
                markup=False,
            )
            yield Field(
                updates.REASON,
                _("Reason that the user reads at sign-in (optional)"),
                TextInput(max_length=text.LINE_LENGTH),
            )
            with Horizontal(classes="buttons"):
                yield Button(_("Cancel"), id="cancel", compact=True)
                yield Button(_("Disable Account"), id="act", classes="danger", compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter leads to the button that disables, and an Enter right after it is ignored.

        So nobody disables the account by habit, and the reason is not lost by an Enter too many.
        """
        event.stop()
        self.query_one("#act", Button).focus()
        context_of(self).after_code.came_once()

    def pressed(self, button: str) -> None:
        if button != "act":
            self.dismiss(None)
            return
        field = self.query_one(Field)
        try:
            self.dismiss(updates.reason(field.entry.value))
        except InvalidInput as error:
            field.show_error(str(error))
            field.entry.focus()
