"""Shows how hard a new password is to guess, as advice while typing."""

import asyncio
from collections.abc import Callable

from textual import work
from textual.timer import Timer
from textual.widgets import Static

from cwtui.accounts.credentials import passwords
from cwtui.accounts.secret import Secret
from cwtui.ui.widgets.fields import Field, SecretInput, TextInput

PAUSE = 0.25
"""Seconds without a key press after which the password is rated."""


class NewPasswordField(Field):
    """The field `new_password`. What a new password needs stands beside its label."""

    # The strength meter takes the place of the message, directly below the input.
    DEFAULT_CSS = """
    NewPasswordField {
        & > .message { display: none; }
        &.-wrong > .message { display: block; }
    }
    """

    def __init__(self, label: str, rules: str) -> None:
        super().__init__("new_password", f"{label} ({rules})", SecretInput())


class StrengthMeter(Static):
    """Rates the password in the field of that name, with a bar and a word, not with a colour."""

    DEFAULT_CSS = "StrengthMeter { height: 1; color: $text-muted; margin-bottom: 1; }"

    def __init__(self, field: str, username: Callable[[], str]) -> None:
        super().__init__("", markup=False)
        self._field = field
        self._username = username
        self._entry: TextInput | None = None
        self._pause: Timer | None = None

    def on_mount(self) -> None:
        self._entry = self.screen.query_one(f"#{self._field}", Field).entry
        self.watch(self._entry, "value", self._typed, init=False)

    def _typed(self, value: str) -> None:
        if self._pause is not None:
            self._pause.stop()
        if value:
            self._pause = self.set_timer(PAUSE, self._look)
        else:
            self.update("")

    @work(exclusive=True, group="password strength")
    async def _look(self) -> None:
        # Do not query the screen, which may be about to close.
        password = Secret(self._entry.value if self._entry is not None else "")
        if password:
            found = await asyncio.to_thread(passwords.strength, password, self._username())
            bar = "━" * (found.score + 1) + "╌" * (4 - found.score)
            self.update(f"{bar} {found.word}")
