"""A dialog with more text than fits. Keys scroll it, wherever the focus is."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from cwtui.language import N_
from cwtui.ui.screens.dialogs.dialog import Dialog


class Reader(Dialog[None]):
    """A dialog with one container `#text` that scrolls. A frame is drawn only where it has room."""

    HORIZONTAL_BREAKPOINTS = [(0, "-full"), (100, "-framed")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_text('up')", N_("Up or down")),
        Binding("down,j", "scroll_text('down')", N_("Up or down")),
        Binding("pageup,b", "scroll_text('page_up')", N_("A page up or down")),
        Binding("pagedown,space", "scroll_text('page_down')", N_("A page up or down")),
        Binding("home,g", "scroll_text('home')", N_("First or last line")),
        Binding("end,G", "scroll_text('end')", N_("First or last line")),
        Binding("escape", "dismiss", N_("Back")),
    ]

    def action_scroll_text(self, where: str) -> None:
        text = self.query_one("#text", VerticalScroll)
        scroll = {
            "up": text.scroll_up,
            "down": text.scroll_down,
            "page_up": text.scroll_page_up,
            "page_down": text.scroll_page_down,
            "home": text.scroll_home,
            "end": text.scroll_end,
        }
        scroll[where](animate=False)
