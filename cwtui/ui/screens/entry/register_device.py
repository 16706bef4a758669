"""Enrolment: the QR code, the secret key, and the first one-time code. Full screen."""

import os
from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from cwtui.accounts.credentials import totp
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.ports import Ports
from cwtui.accounts.text import visible
from cwtui.host.charset import has_utf_8
from cwtui.language import N_, _, ngettext
from cwtui.ui.messages import AskFirst, LeadAway
from cwtui.ui.room import MIN_ROWS, PANEL_COLUMNS
from cwtui.ui.screens import copying
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.countdown import CodeCountdown
from cwtui.ui.widgets.fields import Field
from cwtui.ui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from cwtui import qr

T = TypeVar("T")

_SCAN: Final = N_("Scan the QR code with your authentication app, or enter your secret key:")
_SCAN_FURTHER: Final = N_("Scan the QR code with the app on that device, or enter the secret key.")
_BY_HAND: Final = N_("Enter this secret key in your authentication app:")
_BY_HAND_FURTHER: Final = N_("Enter this secret key in the app on that device:")
_KEY: Final = N_("Secret key:")
_SAME_NAME: Final = N_("An app that already has this account may replace its entry.")


class RegisterDeviceScreen(AccountScreen, Generic[T]):
    """Shows an enrolment. `register` checks a code; `follow` and `give_up` say what comes next.

    `is_further` says that the account has another device already.
    """

    CSS_PATH = sheets("register_device")
    AUTO_FOCUS = "CodeInput"
    TAKES_STRAY_TEXT = True
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MIN_ROWS, "-low"), (24, "-high-enough")]
    BEFORE_QUITTING = N_(
        "Quit without registering your device? This secret key will no longer work. "
        "You get a new one next time."
    )
    HELP = N_("""\
Open your authentication app and scan the QR code, or enter the secret key. We recommend Google \
Authenticator, Microsoft Authenticator, Authy or FreeOTP, but any TOTP app works.

The app then generates a one-time 6-digit code. Enter it in the Register Device field.

F5 draws the QR code differently, for terminals that leave gaps between lines or lack the \
characters, and then shows how to enter the secret key instead.

No camera, or the window is too small? Enter the secret key in your app, with these settings: \
{settings}.""")

    HELP_ON_FURTHER = N_("""\
Use the app on the device that the screen names. An app that already has an entry for this account \
may replace it, because both have the same name. The device of the old entry then gives no valid \
codes any more. An app that keeps both shows them under the same name.""")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4", "copy_key", N_("Copy key")),
        Binding("f5", "next_drawing", N_("Redraw")),
        Binding("escape", "cancel", N_("Cancel")),
    ]

    def __init__(
        self,
        enrolment: Enrolment,
        register: Callable[[Ports, str], T],
        follow: Callable[[T], LeadAway],
        give_up: Callable[[], LeadAway],
        *,
        required: bool = False,
        is_further: bool = False,
    ) -> None:
        super().__init__()
        self._enrolment = enrolment
        self.whose = enrolment.username
        self._register = register
        self._follow = follow
        self._give_up = give_up
        self._required = required
        self._is_further = is_further
        self._way = 0
        """Which of `_ways` is shown."""

    def help_values(self) -> Mapping[str, str]:
        return {"settings": _(totp.BY_HAND)}

    @property
    def help_text(self) -> str:
        parts = [super().help_text, copying.explained(self, "F4", _("the secret key"))]
        if self._is_further:
            parts.insert(0, _(self.HELP_ON_FURTHER))
        return "\n\n".join(parts)

    @property
    def columns_for_help(self) -> int:
        """A QR code stays visible beside its help, and need not be drawn again."""
        from cwtui.ui.widgets.qr_code import QrCode

        return PANEL_COLUMNS if self.query(QrCode) else 0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "copy_key":
            return copying.can_copy(self)
        return super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        yield Vertical(id="code-side")
        with Vertical(id="panel"):
            yield Static(self._whose(), id="whose", markup=False)
            if self._required:
                yield Static(_("Your account requires MFA."), id="required", markup=False)
            if self._is_further:
                device = _("Register Device: {name}", name=visible(self._enrolment.device))
                yield Static(device, id="device", markup=False)
                yield Static(_(_SCAN_FURTHER), id="scan", classes="-followed", markup=False)
                yield Static(_(_SAME_NAME), id="same-name", markup=False)
            else:
                yield Static(_(_SCAN), id="scan", markup=False)
            yield Static(self._key(), id="key", markup=False)
            label = _("One-time 6-digit code") if self._is_further else _("Register Device")
            entry = CodeInput(has_backup_codes=self._is_further)
            yield Field("code", label, entry, _("The 6-digit code in your app"))
            yield CodeCountdown()
            yield Static("", id="status-line", markup=False)
            act = (
                _("Register Device")
                if self._is_further
                else _("Enable Multi-Factor\nAuthentication")
            )
            yield Button(
                act,
                id="primary",
                classes=None if "\n" in act else "-one-row",
                variant="primary",
                compact=True,
            )
            yield Static(id="keys", markup=False)
        yield TooSmall()

    def on_mount(self) -> None:
        if self.context.offered.get(self._enrolment.replaces) is self._enrolment:
            self.say(f"○ {_('The same key as before.')}")

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        from cwtui import qr
        from cwtui.ui.widgets.qr_code import QrCode

        if self.blanked:
            return
        style = self._ways()[self._way if self._can_draw() else 0]
        drawing = None if style is None else self._fitted(style)
        if isinstance(drawing, qr.Drawing):
            self._fill_code_side(QrCode(drawing))
        else:
            why = self._larger() if drawing is None else self._too_small(drawing.needed)
            self._fill_code_side(Static(f"{why}\n\n{self._by_hand()}", markup=False))
        self._say_what_to_do(is_drawn=isinstance(drawing, qr.Drawing))

    def _say_what_to_do(self, *, is_drawn: bool) -> None:
        """Say above the key how to use it, or after an error, which needs the room, what it is."""
        if self.has_class("-refused"):
            what = _KEY
        elif is_drawn:
            what = _SCAN_FURTHER if self._is_further else _SCAN
        else:
            what = _BY_HAND_FURTHER if self._is_further else _BY_HAND
        self.show_text("#scan", _(what))
        self.show_text("#keys", self._keys())

    def _keys(self) -> str:
        keys = [_("F4 Copy")] if copying.can_copy(self) else []
        keys += [_("F1 Help"), _("Esc Cancel")]
        looks_wrong = _("QR code looks wrong? F5") if self._can_draw() else ""
        return f"{looks_wrong}\n{'  '.join(keys)}"

    def _can_draw(self) -> bool:
        """Whether any drawing of the QR code fits the window."""
        from cwtui import qr

        return any(
            style is not None and isinstance(self._fitted(style), qr.Drawing)
            for style in self._ways()
        )

    def _fitted(self, style: "qr.DrawingStyle") -> "qr.Drawing | qr.TooSmall":
        from cwtui import qr

        room = qr.Size(self.size.width - PANEL_COLUMNS, self.size.height)
        return qr.fit(self._enrolment.uris(), room, style)

    def _too_small(self, needed: "qr.Size") -> str:
        width, height = self.size
        columns, rows = needed.columns + PANEL_COLUMNS, needed.rows
        if columns > width and rows > height:
            lacking = _(
                "The QR code does not fit here: it needs {columns} columns and {rows} rows, and "
                "this window has {width} and {height}.",
                columns=columns,
                rows=rows,
                width=width,
                height=height,
            )
        elif rows > height:
            lacking = _(
                "The QR code does not fit here: it needs {rows} rows, and this window has "
                "{height}.",
                rows=rows,
                height=height,
            )
        else:
            lacking = _(
                "The QR code does not fit here: it needs {columns} columns, and this window has "
                "{width}.",
                columns=columns,
                width=width,
            )
        otherwise = _("Make it larger, or enter the secret key by hand.")
        return f"{lacking} {otherwise}"

    def _larger(self) -> str:
        """Return what to do if no drawing can be read. There may be room for a larger one."""
        from cwtui import qr

        largest = self._fitted(qr.DrawingStyle.WHOLE_CELLS)
        if isinstance(largest, qr.Drawing):
            return _("Cannot scan any QR code? Enter the secret key by hand.")
        return _(
            "Cannot scan any QR code? One that works in every terminal needs a window of "
            "{columns} columns and {rows} rows. Or enter the secret key by hand.",
            columns=largest.needed.columns + PANEL_COLUMNS,
            rows=largest.needed.rows,
        )

    def _by_hand(self) -> str:
        return "\n".join(
            (
                _("In your app, add an account, choose to enter a key, and give:"),
                "",
                self._whose(),
                _("Key: on the right"),
                _("Type: {settings}", settings=_(totp.BY_HAND)),
            )
        )

    def _whose(self) -> str:
        return _("Account: {name}", name=visible(self._enrolment.username))

    def _fill_code_side(self, shown: Widget) -> None:
        # A resize can arrive while the screen is being closed, when it has no widgets any more.
        for side in self.query("#code-side").results(Vertical):
            side.set_class(isinstance(shown, Static), "-no-code")
            side.remove_children()
            side.mount(shown)

    def _key(self) -> str:
        groups = totp.grouped(self._enrolment.totp_secret).split(" ")
        return " ".join(groups[:4]) + "\n" + " ".join(groups[4:])

    def hide_secrets(self) -> None:
        self.blanked = True
        self._fill_code_side(Static(_("Hidden. Press any key to show it."), markup=False))
        self.show_text("#key", "\n")

    def show_secrets(self) -> None:
        self.blanked = False
        self.show_text("#key", self._key())
        self._draw()

    def _ways(self) -> "list[qr.DrawingStyle | None]":
        """Return the ways in which this terminal can draw the code. None: by hand."""
        from cwtui import qr

        whole = qr.DrawingStyle.WHOLE_CELLS
        return [*(qr.DrawingStyle if has_utf_8(os.environ) else [whole]), None]

    def action_next_drawing(self) -> None:
        """Show the next way that fits the window. If none does, the page says what would."""
        from cwtui import qr

        if not self._can_draw():
            return
        ways = self._ways()
        for number in range(self._way + 1, self._way + len(ways) + 1):
            self._way = number % len(ways)
            style = ways[self._way]
            if style is None or isinstance(self._fitted(style), qr.Drawing):
                break
        self._draw()

    def action_copy_key(self) -> None:
        copying.copy(self, self._enrolment.totp_secret, self.say)

    def action_cancel(self) -> None:
        # Not while a device is being registered: its backup codes come next.
        if not self.may_act:
            return
        left = self._enrolment.seconds_left(self.context.clock())
        if not left:
            self.lead_away(self._give_up())
            return
        self.context.offered[self._enrolment.replaces] = self._enrolment
        self.app.set_timer(left + 1, self.context.forget_expired_offers)
        time = ngettext("{number} minute", "{number} minutes", ceil(left / 60))
        question = (
            _(
                "Leave without registering your device? If it is already in your app, that entry "
                "stays valid for {time}: come back by then, and you get the same secret key.",
                time=time,
            )
            if self._required
            else _(
                "Leave without registering your device? If it is already in your app, that entry "
                "stays valid for {time}, unless you sign out: come back by then, and you get the "
                "same secret key.",
                time=time,
            )
        )
        AskFirst(question, _("Leave"), _("Stay"), self._give_up()).send(self)

    def show_error(self, field: str, sentence: str) -> None:
        # Makes room: an error about the clocks is long. Whoever types a code has scanned already.
        self.add_class("-refused")
        self.show_text("#scan", _(_KEY))
        super().show_error(field, sentence)

    def _registered(self, result: T) -> None:
        self.context.offered.clear()  # the others are not valid any more
        self.lead_away(self._follow(result))

    def submit(self) -> None:
        code = self.query_one(CodeInput).take()
        self.run_in_thread(
            lambda ports: self._register(ports, code),
            self._registered,
            _("Checking the code") if self._is_further else _("Creating your backup codes"),
        )
