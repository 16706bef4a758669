"""The enrolment as a dialogue: the secret key, a QR code as text, and the backup codes."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.dialogue.conversation import Conversation, Drawing, Room

if TYPE_CHECKING:  # it loads the library that makes the codes
    from cwtui import qr

ROOM: Final = Room(80, 22)
"""Columns and rows for the QR code: what every terminal has, less a row above and one below."""
_TITLE: Final = "Register your device"
_WAYS: Final = (
    "1  as light blocks, for a dark window\n"
    "2  as dark blocks, for a light window\n"
    "3  no QR code: enter the secret key in the app"
)
_WAYS_OF_LETTERS: Final = (
    "1  in light letters, for a dark window\n"
    "2  in dark letters, for a light window or paper\n"
    "3  no QR code: enter the secret key in the app"
)
_SAMPLE: Final = "█▀▄█"


@dataclass(frozen=True)
class Enrolling:
    """Shows one enrolment, and asks for the first code from the app."""

    person: Conversation
    enrolment: Enrolment

    def begin(self) -> None:
        """Say what to do, show the key, and offer the QR code. Raises Gone."""
        by_hand = (
            f"Account: {visible(self.enrolment.username)}\nKey: {self._key}\nType: {totp.BY_HAND}"
        )
        if not self._can_draw:
            missing = f"\n\n{self._missing}" if self._missing else ""
            self.person.tell(
                f"{_TITLE}\n\nIn your authentication app, enter a key:\n{by_hand}{missing}"
            )
            return
        self.person.tell(
            f"{_TITLE}\n\n"
            "Scan a QR code with your authentication app, or enter a key in the app by hand:\n"
            f"{by_hand}\n\n{self._offer}"
        )
        self._show(self.person.ask("QR code (1, 2 or 3): "))

    def ask_code(self) -> str:
        """Return the code that was typed; show the QR code again if that was asked for instead.

        Raises Gone.
        """
        prompt = "One-time code from the app"
        if not self._can_draw:
            return self.person.ask(f"{prompt}: ")
        while True:
            typed = self.person.ask(f"{prompt} (1, 2 or 3: QR code again): ")
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
            return (
                f"The QR code is drawn with letters. It needs {len(lines[0])} columns and "
                f"{len(lines)} rows, in a small font or on paper. Hold the camera farther away "
                f"than usual, so that the letters blur.\n{_WAYS_OF_LETTERS}"
            )
        return (
            f"The QR code needs a window of {ROOM.columns} columns and {ROOM.rows + 2} rows. If "
            f"these are not four blocks: {_SAMPLE} then choose 3.\n{_WAYS}"
        )

    @property
    def _missing(self) -> str:
        """The sentence that says why there is no QR code, if a wider window would show it."""
        if self._room.drawing is not Drawing.ASCII:
            return ""
        from cwtui import qr

        drawn = self._fitted(is_dark=True)
        columns = drawn.needed.columns if isinstance(drawn, qr.TooSmall) else 0
        return f"A QR code needs a window of {columns} columns."

    def _show(self, choice: str) -> None:
        match choice.strip():
            case "1":
                self.person.tell(self._drawn(is_dark=True))
            case "2":
                self.person.tell(self._drawn(is_dark=False))
            case _:
                self.person.tell(f"Key: {self._key}")

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
    person.tell(
        "Your device is registered. These are your backup codes. If you lose your device, each "
        "code lets you sign in once. They will not be shown again: write them down or copy them "
        f"to a safe location.\n\n{lines}\n"
    )


def ask_for_one(person: Conversation, codes: tuple[Secret, ...]) -> None:
    """Ask for one of the codes, to be sure that they are saved. Raises InvalidInput and Gone."""
    typed = person.ask("Type one of your backup codes (it is not used up; Enter: skip): ")
    if typed.strip():
        backup_codes.check_saved(typed, codes)
