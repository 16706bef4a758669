"""The enrolment as a dialogue: the secret key, a QR code as text, and the backup codes."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.dialogue.conversation import Conversation, Drawing, Room
from cwtui.language import N_, _

if TYPE_CHECKING:  # it loads the library that makes the codes
    from cwtui import qr

ROOM: Final = Room(80, 22)
"""Columns and rows for the QR code: what every terminal has, less a row above and one below."""
_TITLE: Final = N_("Register your device")
_WAYS: Final = N_(
    "1  as light blocks, for a dark window\n"
    "2  as dark blocks, for a light window\n"
    "3  no QR code: enter the secret key in the app"
)
_WAYS_OF_LETTERS: Final = N_(
    "1  in light letters, for a dark window\n"
    "2  in dark letters, for a light window or paper\n"
    "3  no QR code: enter the secret key in the app"
)
_SAMPLE: Final = "█▀▄█"


@dataclass
class Enrolling:
    """Shows one enrolment, and asks for the first code from the app."""

    person: Conversation
    enrolment: Enrolment
    _typed_early: str = field(default="", init=False)
    """The code, if it was typed where the QR code was offered: the key is shown there, too."""

    def begin(self) -> None:
        """Say what to do, show the key, and offer the QR code. Raises Gone."""
        by_hand = "\n".join(
            (
                _("Account: {name}", name=visible(self.enrolment.username)),
                _("Key: {key}", key=self._key),
                _("Type: {settings}", settings=_(totp.BY_HAND)),
            )
        )
        if not self._can_draw:
            missing = f"\n\n{self._missing}" if self._missing else ""
            enter = _("In your authentication app, enter a key:")
            self.person.tell(f"{_(_TITLE)}\n\n{enter}\n{by_hand}{missing}")
            return
        scan = _("Scan a QR code with your authentication app, or enter a key in the app by hand:")
        self.person.tell(f"{_(_TITLE)}\n\n{scan}\n{by_hand}\n\n{self._offer}")
        choice = self.person.ask(_("QR code (1, 2 or 3): "))
        if len(choice.strip()) > 1 and choice.replace(" ", "").isdecimal():
            self._typed_early = choice
        else:
            self._show(choice)

    def ask_code(self) -> str:
        """Return the code that was typed; show the QR code again if that was asked for instead.

        Raises Gone.
        """
        early, self._typed_early = self._typed_early, ""
        if early:
            return early
        if not self._can_draw:
            return self.person.ask(_("One-time code from the app: "))
        while True:
            typed = self.person.ask(_("One-time code from the app (1, 2 or 3: QR code again): "))
            if typed.strip() not in {"1", "2", "3"}:
                return typed
            self._show(typed)

    @property
    def _key(self) -> str:
        return totp.grouped(self.enrolment.totp_secret)

    @property
    def _room(self) -> Room:
        return self.person.room or ROOM

    @cached_property
    def _can_draw(self) -> bool:
        if self.person.room is None:
            return True
        return self._room.drawing is not Drawing.NONE and bool(self._drawn(is_dark=True))

    @property
    def _offer(self) -> str:
        if self._room.drawing is Drawing.ASCII:
            lines = self._drawn(is_dark=True).strip("\n").split("\n")
            needs = _(
                "The QR code is drawn with letters. It needs {columns} columns and {rows} rows, "
                "in a small font or on paper. Hold the camera farther away than usual, so that "
                "the letters blur.",
                columns=len(lines[0]),
                rows=len(lines),
            )
            return f"{needs}\n{_(_WAYS_OF_LETTERS)}"
        needs = _(
            "The QR code needs a window of {columns} columns and {rows} rows. If you do not see "
            "four blocks here ({blocks}), choose 3.",
            columns=ROOM.columns,
            rows=ROOM.rows + 2,
            blocks=_SAMPLE,
        )
        return f"{needs}\n{_(_WAYS)}"

    @property
    def _missing(self) -> str:
        """The sentence that says why there is no QR code, if a wider window would show it."""
        if self._room.drawing is not Drawing.ASCII:
            return ""
        from cwtui import qr

        drawn = self._fitted(is_dark=True)
        columns = drawn.needed.columns if isinstance(drawn, qr.TooSmall) else 0
        return _("A QR code needs a window of {columns} columns.", columns=columns)

    def _show(self, choice: str) -> None:
        match choice.strip():
            case "1":
                self.person.tell(self._drawn(is_dark=True))
            case "2":
                self.person.tell(self._drawn(is_dark=False))
            case _:
                self.person.tell(_("Key: {key}", key=self._key))

    def _drawn(self, *, is_dark: bool) -> str:
        """Return the QR code as text; empty if it does not fit."""
        # Imported late, because few sign-ins enrol.
        from cwtui import qr

        drawn = self._fitted(is_dark=is_dark)
        # ssh writes the name before the first line of a text.
        return "" if isinstance(drawn, qr.TooSmall) else f"\n{drawn.reveal()}"

    def _fitted(self, *, is_dark: bool) -> "Secret | qr.TooSmall":
        from cwtui import qr

        columns, rows, drawing = self._room
        return qr.as_text(
            self.enrolment.uris(),
            qr.Size(columns, rows),
            is_dark=is_dark,
            letters=drawing is Drawing.ASCII,
        )


def show_backup_codes(person: Conversation, codes: tuple[Secret, ...]) -> None:
    """Show the codes, once. Raises Gone."""
    lines = "\n".join(code.reveal() for code in codes)
    told = _(
        "Your device is registered. These are your backup codes. If you lose your device, each "
        "code lets you sign in once. They will not be shown again: write them down or copy them "
        "to a safe location."
    )
    person.tell(f"{told}\n\n{lines}\n")


def ask_for_one(person: Conversation, codes: tuple[Secret, ...]) -> None:
    """Ask for one of the codes, to be sure that they are saved. Raises InvalidInput and Gone."""
    typed = person.ask(_("To check, type one of your backup codes (Enter: skip): "))
    if typed.strip():
        backup_codes.check_saved(typed, codes)
