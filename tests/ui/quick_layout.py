"""Tests lay out a screen with less work."""

from textual import strip
from textual.geometry import Size
from textual.screen import Screen

from tests.ui.replacing import replace_in


def begin() -> None:
    _lay_out_once_for_a_size()
    _keep_parts_of_rows_in_plain_dictionaries()


def _lay_out_once_for_a_size() -> None:
    """A screen that was laid out posts its size to itself, and would be laid out for it again.

    The application needs that: in a terminal, a window that was too small for a moment has hidden
    the field with the focus, and the layout shows it before anything is focused.
    """
    resized = Screen._screen_resized

    def resized_once(self: Screen[object], size: Size) -> None:
        known = self._compositor
        if known.root is not self or known.size != size or not self.is_current:
            resized(self, size)

    replace_in(Screen, "_screen_resized", resized_once)


def _keep_parts_of_rows_in_plain_dictionaries() -> None:
    """Each row of each widget makes seven caches, which take longer than they spare."""

    def kept(maxsize: int) -> dict[object, object]:
        del maxsize  # a row is shown or gone long before
        return {}

    replace_in(strip, "FIFOCache", kept)
