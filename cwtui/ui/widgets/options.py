"""A list of options that handles Page Up and Page Down at any size."""

from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import OptionList


class Options(OptionList):
    """Ignores Page Up and Page Down while it has no room, where Textual would raise KeyError."""

    # Textual would lay out the screen when the number of lines changes. Other options ask for it.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    def action_page_up(self) -> None:
        if self._is_laid_out:
            super().action_page_up()  # type: ignore[no-untyped-call]  # Textual's has no types

    def action_page_down(self) -> None:
        if self._is_laid_out:
            super().action_page_down()  # type: ignore[no-untyped-call]  # Textual's has no types

    @property
    def _is_laid_out(self) -> bool:
        return bool(self.scrollable_content_region) and self.virtual_size.height > 0
