"""The backup codes, shown once. The person must confirm that they are saved to continue."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.ui.messages import LeadAway
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.widgets.buttons import Button

T = TypeVar("T")


class BackupCodesScreen(EntryScreen, Generic[T]):
    """Shows the codes. `acknowledge` records that they are saved; `follow` says what comes next."""

    TITLE_TEXT = "Backup codes"
    PRIMARY = "I have saved my backup codes"
    AUTO_FOCUS = "#copy"
    BEFORE_QUITTING = "Quit without saving your backup codes? They will not be shown again."
    HELP = """\
If you do not have access to your authentication device, you can use a backup code instead of a \
one-time 6-digit code. You can use each backup code only once.

Copy and paste the backup codes to a safe location, such as a password manager, or print them. \
They will not be shown again.

F4 sends them to your terminal's clipboard (OSC 52). If your terminal does not allow that, hold \
Shift and select them with the mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f4", "copy", "Copy")]

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
            "Copy and paste the backup codes to a safe location. If you lose your authentication "
            "device, each code lets you sign in once. They will not be shown again.",
            classes="text",
            markup=False,
        )
        yield Static(self._shown_codes(), id="codes", markup=False)
        yield Button("Copy", id="copy", classes="way-out", compact=True)

    def hide_secrets(self) -> None:
        self.blanked = True
        self.show_text("#codes", "\n\nHidden. Press any key to show them.\n\n")

    def show_secrets(self) -> None:
        self.blanked = False
        self.show_text("#codes", self._shown_codes())

    def _shown_codes(self) -> str:
        half = (len(self._codes) + 1) // 2
        pairs = zip(self._codes[:half], self._codes[half:], strict=False)
        return "\n".join(f"{one.reveal()}    {other.reveal()}" for one, other in pairs)

    def pressed(self, button: str) -> None:
        if button == "copy":
            self.action_copy()
        else:
            super().pressed(button)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(code.reveal() for code in self._codes))
        self.say("✓ Sent to your terminal's clipboard. Paste the codes to a safe location.")

    def submit(self) -> None:
        self.run_in_thread(self._acknowledge, self._acknowledged, "Saving")

    def _acknowledged(self, result: T) -> None:
        self.lead_away(self._follow(result))
