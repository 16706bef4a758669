"""The backup codes, shown once. The person must confirm that they are saved to continue."""

from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import shortened
from cwtui.language import N_, _
from cwtui.ui.messages import LeadAway
from cwtui.ui.room import MIN_ROWS
from cwtui.ui.screens import copying
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.entry.check_saved import CheckSavedScreen
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.screens.entry.print_codes import HIDDEN, PrintCodesScreen
from cwtui.ui.screens.entry.save_codes import SaveCodesScreen
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.buttons import Button

T = TypeVar("T")

_LONGEST_PATH = 56
"""It must fit into one of the two rows of the status line."""


class BackupCodesScreen(EntryScreen, Generic[T]):
    """Shows the codes. `acknowledge` records that they are saved; `follow` says what comes next.

    `zone` is the person's time zone during a sign-in; None: that of the session.
    """

    CSS_PATH = sheets("entry", "codes")
    TITLE_TEXT = N_("Backup codes")
    PRIMARY = N_("I have saved my backup codes")
    # The first of them that is there.
    AUTO_FOCUS = "#copy, #save, #primary"
    # A window of tmux has 23 of 24 rows.
    VERTICAL_BREAKPOINTS = [
        (0, "-too-low"),
        (MIN_ROWS, "-lowest"),
        (MIN_ROWS + 1, "-low"),
        (24, "-high-enough"),
    ]
    BEFORE_QUITTING = N_("Quit without saving your backup codes? They will not be shown again.")
    HELP = N_("""\
If you do not have access to your authentication device, you can use a backup code instead of a \
one-time 6-digit code. You can use each backup code only once.

Copy and paste the backup codes to a safe location, such as a password manager, or print them or \
write them down. They will not be shown again. Afterwards you type one of them, to be sure that \
you can read what you saved.""")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4", "copy", N_("Copy")),
        Binding("f6", "save", N_("Save to file")),
        Binding("f7", "print", N_("Print view")),
        Binding("escape", "say_how_to_go_on", N_("Go to the button that goes on"), show=False),
    ]

    def __init__(
        self,
        username: str,
        codes: tuple[Secret, ...],
        acknowledge: Callable[[Ports], T],
        follow: Callable[[T], LeadAway],
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self._username = self.whose = username
        self._codes = codes
        self._acknowledge = acknowledge
        self._follow = follow
        self._zone = zone
        self._is_saved = False
        """Whether this host has a file with the codes."""

    def on_mount(self) -> None:
        self._created_at = self.context.clock()

    @property
    def help_text(self) -> str:
        parts = [super().help_text, copying.explained(self, "F4", _("the codes"))]
        parts.append(
            _(
                "To select them with the mouse, hold Shift, or clear Use the mouse in Settings > "
                "Change Display."
            )
        )
        parts.append(_("F7 shows them as a page to print, without frames and buttons."))
        if self._may_save:
            parts.append(_("F6 saves them to a new file that only you can read."))
        return "\n\n".join(parts)

    def before_quitting(self) -> str:
        return "" if self._is_saved else super().before_quitting()

    @property
    def _may_save(self) -> bool:
        """Whether there are files that belong to the person. Not in a kiosk."""
        return not self.context.kiosk

    def question(self) -> ComposeResult:
        how = (
            _("Copy and paste the backup codes to a safe location.")
            if copying.can_copy(self)
            else _("Write down the backup codes and keep them in a safe location.")
        )
        what_for = _(
            "If you lose your authentication device, each code lets you sign in once. They will "
            "not be shown again."
        )
        yield Static(f"{how} {what_for}", classes="text", markup=False)
        for number, half in enumerate(self._halves(), 1):
            yield Static(half, id=f"codes-{number}", classes="codes", markup=False)
        with Horizontal(id="ways-to-keep"):
            if copying.can_copy(self):
                yield Button(_("Copy"), id="copy", compact=True)
            if self._may_save:
                yield Button(_("Save to File"), id="save", compact=True)
            yield Button(_("Print View"), id="print-view", compact=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "copy":
                return copying.can_copy(self)
            case "save":
                return self._may_save
        return super().check_action(action, parameters)

    # Showing and hiding

    def _halves(self) -> tuple[str, str]:
        half = (len(self._codes) + 1) // 2
        lines = [code.reveal() for code in self._codes]
        return "\n".join(lines[:half]), "\n".join(lines[half:])

    def _show_in_both(self, texts: tuple[str, str]) -> None:
        for static, text in zip(self.query(".codes").results(Static), texts, strict=False):
            static.update(text)

    def hide_secrets(self) -> None:
        # Behind another step they are hidden anyway, and no key has to show them again.
        self.blanked = not self._is_covered
        self._show_in_both((f"\n\n{_(HIDDEN)}\n\n", "\n\n\n\n"))

    def show_secrets(self) -> None:
        self.blanked = False
        if not self._is_covered:
            self._show_in_both(self._halves())

    @property
    def _is_covered(self) -> bool:
        """Whether another step is shown instead, and not just a dialog over this one."""
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        return not all(isinstance(screen, ModalScreen) for screen in above)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if not self.blanked:
            self.show_secrets()

    def _cover_with(self, step: AccountScreen) -> None:
        step.whose = self.whose
        self.app.push_screen(step)
        self.hide_secrets()

    # Keeping them

    def pressed(self, button: str) -> None:
        match button:
            case "copy":
                self.action_copy()
            case "save":
                self.action_save()
            case "print-view":
                self.action_print()
            case _:
                super().pressed(button)

    def action_copy(self) -> None:
        lines = Secret("\n".join(code.reveal() for code in self._codes))
        copying.copy(self, lines, self.say)

    def action_save(self) -> None:
        if self.may_act:
            self._cover_with(SaveCodesScreen(self._username, self._as_file(), self._saved))

    def action_print(self) -> None:
        if self.may_act:
            self._cover_with(PrintCodesScreen(self._as_file()))

    def _as_file(self) -> Secret:
        host = self.context.host
        zone = self._zone or self.context.zone
        return backup_codes.as_file(self._codes, self._username, host, self._created_at, zone)

    def _saved(self, path: Path) -> None:
        self._is_saved = True
        home = self.context.home
        shown = f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
        saved = _("Saved to {path}.", path=shortened(shown, _LONGEST_PATH))
        self.say(f"✓ {saved}")

    # Going on

    def action_say_how_to_go_on(self) -> None:
        """Esc is pressed by habit, and there is no way back: the codes are shown only once."""
        button = self.query_one("#primary", Button)
        button.focus()
        how = _(
            "The codes are shown only once. Save them, then press {button}.", button=_(self.PRIMARY)
        )
        self.say(f"⚠ {how}")

    def submit(self) -> None:
        self.say("")
        self._cover_with(CheckSavedScreen(self._codes, self._acknowledge, self._follow))
