"""Textual's command palette, without two of its faults (Textual 8.2)."""

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.message import Message
from textual.widgets import Input, OptionList

from cwtui.ui.screens.steady import NewestSize


# In this order: Textual takes the style sheets of the first base alone.
class Palette(CommandPalette, NewestSize[None]):
    """Is dismissed once, and survives Page Up in a window that shows none of its list."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        # Two commands chosen at once would take the page below with it.
        if self.is_active:
            return super().dismiss(result)
        return AwaitComplete()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._take_once(event)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._take_once(event)

    def _take_once(self, event: Message) -> None:
        # Textual's own handlers, which come next, would do the command again.
        if not self.is_active:
            event.prevent_default()
            event.stop()

    def _action_command_list(self, action: str) -> None:
        # A page of a list that is not laid out is a KeyError in OptionList.
        for commands in self.query(CommandList):
            if commands.scrollable_content_region and commands.virtual_size.height:
                super()._action_command_list(action)
