"""Inputs with a value that is likely to be replaced as a whole."""

from cwtui.ui.widgets.fields import TextInput


class SuggestedInput(TextInput):
    """A value that is selected when the field is entered, so that typing replaces it."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.select_on_focus = True
        self._was_entered = False

    def on_focus(self) -> None:
        self._was_entered = True

    def on_mouse_up(self) -> None:
        # The click that entered the field has put the cursor somewhere into the value.
        if self._was_entered and self.selection.is_empty:
            self.select_all()
        self._was_entered = False


class NumberInput(SuggestedInput):
    """A number."""
