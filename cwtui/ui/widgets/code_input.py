"""Inputs for one-time codes and backup codes."""

from textual.message import Message
from textual.widgets import Input

from cwtui.accounts.credentials import typed_codes
from cwtui.language import N_
from cwtui.ui.widgets.fields import TextInput


class CodeInput(TextInput):
    """A one-time code, or a backup code in its place: the rules say which is valid here.

    Sends `Complete` at the sixth digit of a one-time code, so that a screen can submit it. Enter
    submits anything else.
    """

    HOLDS_SECRET = True
    TOO_MUCH = N_("A code has 6 digits, or 16 letters and digits.")

    class Complete(Message):
        """A whole one-time code was entered."""

    def __init__(
        self,
        placeholder: str = "000000",
        *,
        at_backup_code: str | None = None,
        has_backup_codes: bool = True,
    ) -> None:
        """Create it. `at_backup_code` is what to say of one; by default, that it does not work.

        Where the person has none yet, it is not said that something looks like one.
        """
        super().__init__(
            placeholder=placeholder, max_length=32, restrict=r"(?:[^\W_]|[\s\u2010-\u2014-])*"
        )
        self._at_backup_code = at_backup_code
        self._has_backup_codes = has_backup_codes
        if at_backup_code is None:
            self.TOO_MUCH = N_("A one-time code has 6 digits.")

    def advice(self) -> str:
        if self._at_backup_code is None:
            has = self._has_backup_codes
            return typed_codes.not_a_one_time_code(self.value, has_backup_codes=has)
        return self._at_backup_code if typed_codes.begins_backup_code(self.value) else ""

    def watch_value(self, value: str) -> None:
        if typed_codes.is_one_time_code(value):
            self.post_message(self.Complete())

    def take(self) -> str:
        """Return what was typed, and empty the input."""
        code = self.value
        with self.prevent(Input.Changed):
            self.value = ""
        return code
