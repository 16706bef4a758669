"""A page with a list and a filter above it: / goes to the filter, and Esc clears it."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from cwtui.ui.screens.pages.page import Page
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.virtual_table import VirtualTable


class ListPage(Page):
    """A page with one input, which is the filter, and one list."""

    AUTO_FOCUS = "VirtualTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
    ]

    def __init__(self, filter_text: str = "") -> None:
        super().__init__()
        self._filter_text = filter_text

    def on_mount(self) -> None:
        # Errors are shown under the field that caused them, which is the filter.
        self.query_one("#page").move_child(
            self.query_one("#status-line"), after=self.query_one("#tools")
        )

    def filter(self, filter_text: str) -> None:
        """List the rows that match."""

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.value == self._filter_text:
            return  # unchanged since the page was opened
        self._filter_text = event.value
        self.filter(event.value)

    def action_enter(self) -> None:
        self.query_one(VirtualTable).focus()

    def on_key(self, event: object) -> None:
        """Down moves from the filter to the list."""
        if getattr(event, "key", "") == "down" and isinstance(self.focused, TextInput):
            self.query_one(VirtualTable).focus()

    def action_filter(self) -> None:
        self.query_one(TextInput).focus()

    def action_back(self) -> None:
        entry = self.query_one(TextInput)
        if entry.value or entry.has_focus:
            entry.value = ""
            self.query_one(VirtualTable).focus()
        else:
            super().action_back()
