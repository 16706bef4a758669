"""Checkboxes and radio buttons whose state can be read without colours.

Space and Enter choose. But somebody who pressed Tab once too often types a name here, and names
contain spaces. So keys that come amid text choose nothing.
"""

from collections.abc import Callable
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Checkbox, RadioButton, RadioSet

from cwtui.language import N_

AMID_TEXT: Final = 1.0
"""Space or Enter within so many seconds of a letter or digit belongs to a text."""
_FIRST_OF_TEXT: Final = 0.3
"""Space within so many seconds before a letter was the first character of a text."""


class _KeysAmidText:
    """Tells keys that choose from keys that belong to a text."""

    def __init__(self) -> None:
        self._letter_at = 0.0
        self._chosen_at = 0.0
        self._undo: Callable[[], None] | None = None

    def handle(
        self, event: events.Key, choose: Callable[[], None], undo: Callable[[], None]
    ) -> None:
        """Choose if the key says so. `undo` restores the state as it was before."""
        if event.key in {"space", "enter"}:
            event.stop()  # Textual would choose later, when other keys were handled
            if event.time - self._letter_at < AMID_TEXT:
                self._letter_at = event.time
            else:
                self._chosen_at, self._undo = event.time, undo
                choose()
            return
        if event.is_printable:
            if self._undo is not None and event.time - self._chosen_at < _FIRST_OF_TEXT:
                self._undo()
            self._letter_at = event.time
        self._undo = None


class Choice(Checkbox):
    """A checkbox: `[x]` or `[ ]`."""

    BUTTON_LEFT = ""
    BUTTON_RIGHT = ""
    BUTTON_INNER = "[ ]"

    def __init__(self, label: str, value: bool = False, *, name: str = "", id: str = "") -> None:  # noqa: A002  Textual's name
        super().__init__(label, value, name=name, id=id or None, compact=True)
        self.BUTTON_INNER = self._mark()
        self._keys = _KeysAmidText()

    def on_key(self, event: events.Key) -> None:
        before = self.value

        def undo() -> None:
            self.value = before

        self._keys.handle(event, self.action_toggle_button, undo)

    def watch_value(self) -> None:
        self.BUTTON_INNER = self._mark()
        super().watch_value()

    def _mark(self) -> str:
        return "[x]" if self.value else "[ ]"


class Alternative(RadioButton, can_focus=False):
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


class Alternatives(RadioSet):
    """Radio buttons of which one is chosen. Arrows move the highlight, and choose nothing.

    Enter on the highlighted button chooses it. If it is chosen already, Enter submits the form: so
    what is submitted is always what was highlighted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_button", N_("Choose")),
        Binding("enter", "toggle_button", N_("Choose, or submit if it is chosen"), show=False),
    ]

    class Chosen(Message):
        """Another one was chosen, with a key or a click."""

    class Submitted(Message):
        """Enter was pressed on the chosen one."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, compact=True)
        self._keys = _KeysAmidText()

    def on_mount(self, event: events.Mount) -> None:
        event.prevent_default()  # Textual would highlight the first one
        self._highlight_chosen()

    @property
    def chosen(self) -> Alternative | None:
        """The chosen button. Unlike `pressed_button`, it knows of a key as soon as it came."""
        return next((button for button in self.query(Alternative) if button.value), None)

    @property
    def highlighted(self) -> Alternative | None:
        """The button that a key would choose."""
        return next(iter(self.query(".-selected").results(Alternative)), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "toggle_button" and self.highlighted is self.chosen:
            return None  # the footer shows the key where it chooses something
        return super().check_action(action, parameters)

    def action_next_button(self) -> None:
        super().action_next_button()
        self.refresh_bindings()

    def action_previous_button(self) -> None:
        super().action_previous_button()
        self.refresh_bindings()

    def choose(self, chosen: RadioButton | None) -> None:
        """Choose this button, and no other one."""
        self._set_chosen(chosen)
        self._highlight_chosen()

    def _set_chosen(self, chosen: RadioButton | None) -> None:
        with self.prevent(RadioButton.Changed):
            for button in self.query(Alternative):
                button.value = button is chosen
        self.refresh_bindings()
        self.post_message(self.Chosen())

    def _highlight_chosen(self) -> None:
        for _ in self.children:
            if self.highlighted is None or self.highlighted is not self.chosen:
                self.action_next_button()

    def on_blur(self) -> None:
        """Nobody should take a highlight that was left behind for the choice."""
        if self.app.app_focus:  # else another window has the focus for a while
            self._highlight_chosen()

    def on_radio_button_changed(self, event: RadioButton.Changed) -> None:
        # A click. Textual does not know what was chosen with `choose`.
        if event.radio_button.value:
            self.choose(event.radio_button)

    def on_key(self, event: events.Key) -> None:
        before = self.chosen

        def choose() -> None:
            if self.highlighted is not before:
                self.choose(self.highlighted)
            elif event.key == "enter":
                self.post_message(self.Submitted())

        self._keys.handle(event, choose, lambda: self._set_chosen(before))
