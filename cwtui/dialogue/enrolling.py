"""The enrolment as a dialogue: the secret key, a QR code as text, and the backup codes."""

from dataclasses import dataclass
from typing import Final

from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.dialogue.conversation import Conversation

ROOM: Final = (80, 22)
"""Columns and rows for the QR code: what every terminal has, less a row above and one below."""
_TITLE: Final = "Register your device"
_WAYS: Final = (
    "1  as light blocks, for a dark window\n"
    "2  as dark blocks, for a light window\n"
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
            self.person.tell(f"{_TITLE}\n\nIn your authentication app, enter a key:\n{by_hand}")
            return
        self.person.tell(
            f"{_TITLE}\n\n"
            "Scan a QR code with your authentication app, or enter a key in the app by hand:\n"
            f"{by_hand}\n\n"
            f"The QR code needs a window of {ROOM[0]} columns and {ROOM[1] + 2} rows. If these "
            f"are not four blocks: {_SAMPLE} then choose 3.\n"
            f"{_WAYS}"
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
    def _can_draw(self) -> bool:
        return self.person.room is None or bool(self._drawn(is_dark=True))

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

        room = qr.Size(*(self.person.room or ROOM))
        drawn = qr.as_text(self.enrolment.uris(), room, is_dark=is_dark)
        # ssh writes the name before the first line of a text.
        return "" if isinstance(drawn, qr.TooSmall) else f"\n{drawn.reveal()}"


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
