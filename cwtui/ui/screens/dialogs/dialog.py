"""Dialogs over a page: a question before something is done, and an initial password."""

from functools import partial
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.screens import copying
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.screens.steady import ARROWS, SteadyScreen
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.buttons import Button

T = TypeVar("T")


# The order matters: Textual uses only the style sheets of the first base class.
class Dialog(ModalScreen[T], SteadyScreen[T]):
    """Covers a page and takes all keys until it is dismissed."""

    CSS_PATH = sheets("dialog")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "app.help", N_("Help"), show=False),
        *ARROWS,
    ]


class ConfirmScreen(Dialog[bool]):
    """Asks before a change, in a sentence that names what will change. `stay` has the focus."""

    HELP = N_("""\
Read what will change. Nothing happens until you press the button that names the change.

Tab and Shift+Tab move between the buttons, and Enter presses one. The first button and Esc \
change nothing.""")
    MANUAL = "admin"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", N_("Cancel"))]

    def __init__(self, sentence: str, act: str, *, stay: str = "", destroys: bool = True) -> None:
        super().__init__()
        self._stay = stay or _("Cancel")
        self._act_classes = "danger" if destroys else None
        self._sentence = sentence
        self._act = act

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(visible(self._sentence), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._stay, id="cancel", compact=True)
                yield Button(self._act, id="act", classes=self._act_classes, compact=True)

    def pressed(self, button: str) -> None:
        self.dismiss(button == "act")


class _Password(Static, can_focus=True):
    """The shown password. It has the focus at first, so that no key closes the dialog by habit."""


class InitialPasswordScreen(ShowsSecrets, Dialog[bool]):
    """An initial password to give to its user, shown once. Returns whether `then` was pressed."""

    HELP = N_("""\
Give this password to the user in a safe way, such as in person. The user enters it at the first \
sign-in and must then choose a new one.

If the password is lost, create another one with Reset Password on the account's page.

When you have the password, press Esc and then Enter to close this. Where you create users, Ctrl+N \
goes on with the next one.""")
    MANUAL = "admin"
    AUTO_FOCUS = "#initial-password"
    BEFORE_QUITTING = N_(
        "Quit without handing over the initial password? It will not be shown again."
    )
    WHAT = N_("the password")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "to_done", N_("Go to Done")),
        Binding("enter", "say_how_to_close", show=False),
        # No key that people press by habit, or type ahead.
        Binding("ctrl+n", "next", N_("Create another user")),
    ]

    def __init__(self, username: str, password: Secret, *, then: str = "") -> None:
        super().__init__()
        self._username = username
        self._password = password
        self._then = then
        """The label of another button that closes the dialog; empty for none."""

    @property
    def help_text(self) -> str:
        copies = copying.explained(self, _("Copy"), _(self.WHAT))
        return f"{super().help_text}\n\n{copies}"

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self._title(), markup=False)
            yield _Password(self._password.reveal(), id="initial-password", markup=False)
            yield Static(self._told(), markup=False)
            yield Static(self._how_to_close, id="how-to-close", classes="muted", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Done"), id="done", variant="primary", compact=True)
                if copying.can_copy(self):
                    yield Button(_("Copy"), id="copy", compact=True)
                if self._then:
                    yield Button(self._then, id="then", compact=True)

    def _title(self) -> str:
        return _("Initial password of {name}", name=visible(self._username))

    def _told(self) -> str:
        return _(
            "Give it to the user in a safe way. It is valid for 7 days and must be changed at the "
            "first sign-in. It will not be shown again."
        )

    @property
    def _how_to_close(self) -> str:
        if self._then:
            return _("To close: Esc, then Enter. Another user: Ctrl+N.")
        return _("To close: Esc, then Enter.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next":
            return bool(self._then)
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        self.dismiss(result=True)

    def action_say_how_to_close(self) -> None:
        hint = self.query_one("#how-to-close", Static)
        hint.update(f"⚠ {self._how_to_close}")
        hint.add_class("-asked")

    def hide_secrets(self) -> None:
        self.blanked = True
        self.show_text("#initial-password", _("Hidden. Press any key to show it."))

    def show_secrets(self) -> None:
        self.blanked = False
        self.show_text("#initial-password", self._password.reveal())

    def action_to_done(self) -> None:
        """Esc is pressed by habit, and the password is shown only once: so it does not close."""
        self.query_one("#done", Button).focus()

    def pressed(self, button: str) -> None:
        if button == "copy":
            copying.copy(self, self._password, partial(self.notify, markup=False))
        else:
            self.dismiss(button == "then")
