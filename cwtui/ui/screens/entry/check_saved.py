"""Asks for one of the backup codes, to be sure that what was saved can be read."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.language import N_, _
from cwtui.ui.messages import LeadAway
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import Field, TextInput

T = TypeVar("T")


class CheckSavedScreen(EntryScreen, Generic[T]):
    """Shown over the codes. Either way on, `acknowledge` records that they are saved."""

    TITLE_TEXT = N_("Check your backup codes")
    PRIMARY = N_("Check and Continue")
    HELP = N_("""\
Type one of your codes from where you saved it. This shows that you can find and read it on the \
day when you need it. The code is not used up. Upper or lower case does not matter, and you can \
leave out the hyphens.

Esc shows the codes again. You can also continue without checking.""")

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", N_("Show the codes again"))]

    def __init__(
        self,
        codes: tuple[Secret, ...],
        acknowledge: Callable[[Ports], T],
        follow: Callable[[T], LeadAway],
    ) -> None:
        super().__init__()
        self._codes = codes
        self._acknowledge = acknowledge
        self._follow = follow

    def question(self) -> ComposeResult:
        yield Static(
            _("Type one of your codes from where you saved it. It is not used up."),
            classes="text",
            markup=False,
        )
        entry = TextInput(placeholder="XXXX-XXXX-XXXX-XXXX", max_length=64)
        yield Field("backup_code", _("Backup Code"), entry)

    def ways_out(self) -> ComposeResult:
        yield Button(_("Show the codes again"), id="again", classes="way-out", compact=True)
        yield Button(_("Continue without checking"), id="skip", classes="way-out", compact=True)

    def hide_secrets(self) -> None:
        for entry in self.query(TextInput):
            entry.value = ""

    def pressed(self, button: str) -> None:
        match button:
            case "again":
                self.action_back()
            case "skip":
                self._go_on()
            case _:
                super().pressed(button)

    def action_back(self) -> None:
        if self.may_act:
            self.dismiss()

    def submit(self) -> None:
        try:
            backup_codes.check_saved(self.query_one(TextInput).value, self._codes)
        except InvalidInput as error:
            # What was typed stays, to be compared with what was saved.
            self.refuse(error)
        else:
            self._go_on()

    def _go_on(self) -> None:
        self.run_in_thread(self._acknowledge, self._acknowledged, _("Saving"))

    def _acknowledged(self, result: T) -> None:
        self.lead_away(self._follow(result))
