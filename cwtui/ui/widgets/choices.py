"""Checkboxes and radio buttons whose state can be read without colours."""

from textual.widgets import Checkbox, RadioButton


class Choice(Checkbox):
    """A checkbox: `[x]` or `[ ]`."""

    BUTTON_LEFT = ""
    BUTTON_RIGHT = ""
    BUTTON_INNER = "[ ]"

    def __init__(self, label: str, value: bool = False, *, name: str = "", id: str = "") -> None:  # noqa: A002  Textual's name
        super().__init__(label, value, name=name, id=id or None, compact=True)
        self.BUTTON_INNER = self._mark()

    def watch_value(self) -> None:
        self.BUTTON_INNER = self._mark()
        super().watch_value()

    def _mark(self) -> str:
        return "[x]" if self.value else "[ ]"


class Alternative(RadioButton):
    """A radio button: `(x)` or `( )`."""

    BUTTON_LEFT = ""
    BUTTON_RIGHT = ""
    BUTTON_INNER = "( )"

    def __init__(self, label: str, value: bool = False, *, name: str = "") -> None:
        super().__init__(label, value, name=name, compact=True)
        self.BUTTON_INNER = self._mark()

    def watch_value(self) -> None:
        self.BUTTON_INNER = self._mark()
        super().watch_value()

    def _mark(self) -> str:
        return "(x)" if self.value else "( )"
