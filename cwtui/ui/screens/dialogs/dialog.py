"""What stands over a page for a moment: a question before something is done, and a password."""

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.widgets.buttons import Button

T = TypeVar("T")


# In this order: Textual takes the style sheets of the first base alone.
class Dialog(ModalScreen[T], SteadyScreen[T]):
    """Stands over a page, and takes all keys until it is dismissed."""


class ConfirmScreen(Dialog[bool]):
    """A sentence that names what is touched; Cancel has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Cancel")]

    def __init__(self, sentence: str, act: str) -> None:
        super().__init__()
        self._sentence = sentence
        self._act = act

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(visible(self._sentence), markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._act, id="act", compact=True)

    def pressed(self, button: str) -> None:
        self.dismiss(button == "act")


class InitialPasswordScreen(ShowsSecrets, Dialog[None]):
    """A one-time password to hand over, shown once."""

    BEFORE_QUITTING = (
        "Quit before you have handed over the initial password? It is not shown again."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Done")]

    def __init__(self, username: str, password: Secret) -> None:
        super().__init__()
        self._username = username
        self._password = password

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(f"Initial password of {visible(self._username)}", markup=False)
            yield Static(self._password.reveal(), id="initial-password", markup=False)
            yield Static(
                "Hand it over in a safe way. It is for the first sign-in only, within 7 days, and "
                "must then be changed. It is not shown again.",
                markup=False,
            )
            with Horizontal(classes="buttons"):
                yield Button("Done", id="done", variant="primary", compact=True)
                yield Button("Copy", id="copy", compact=True)

    def hide_secrets(self) -> None:
        self.blanked = True
        self.query_one("#initial-password", Static).update("Hidden. Press any key to show it.")

    def show_secrets(self) -> None:
        self.blanked = False
        self.query_one("#initial-password", Static).update(self._password.reveal())

    def pressed(self, button: str) -> None:
        if button == "copy":
            self.app.copy_to_clipboard(self._password.reveal())
            self.notify("Sent to your terminal's clipboard.", markup=False)
        else:
            self.dismiss()
