"""A list of options that handles Page Up and Page Down at any size."""

from textual.widgets import OptionList


class Options(OptionList):
    """Ignores Page Up and Page Down while it has no room, where Textual would raise KeyError."""

    def action_page_up(self) -> None:
        if self._is_laid_out:
            super().action_page_up()  # type: ignore[no-untyped-call]  # Textual's has no types

    def action_page_down(self) -> None:
        if self._is_laid_out:
            super().action_page_down()  # type: ignore[no-untyped-call]  # Textual's has no types

    @property
    def _is_laid_out(self) -> bool:
        return bool(self.scrollable_content_region) and self.virtual_size.height > 0
