"""The backup codes as a page to print, without frames and buttons."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts.secret import Secret
from cwtui.language import N_, _
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.steady import Body
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.too_small import TooSmall

HIDDEN = N_("Hidden. Press any key to show them.")


class PrintCodesScreen(AccountScreen):
    """Shown over the codes."""

    CSS_PATH = sheets("codes")
    HELP = N_("""\
This page has the backup codes and what they are for, without frames and buttons. Print it with \
your terminal, or write it down. Each code lets you sign in once.

Esc goes back to the codes.""")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back")),
        Binding("f7", "back", show=False),
        Binding("enter", "back", show=False, priority=True),
    ]

    def __init__(self, text: Secret) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Body(id="print"):
            yield Static(self._page, id="print-page", markup=False)
        yield TooSmall()

    @property
    def _page(self) -> str:
        return f"{self._text.reveal()}\n{_('Esc: back')}"

    def hide_secrets(self) -> None:
        self.blanked = True
        self.show_text("#print-page", _(HIDDEN))

    def show_secrets(self) -> None:
        self.blanked = False
        self.show_text("#print-page", self._page)

    def action_back(self) -> None:
        if self.may_act:
            self.dismiss()
