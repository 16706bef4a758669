"""Tests lay out a screen once for each change: Textual repeats it without one."""

from textual import strip
from textual._compositor import Compositor, ReflowResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget


def begin() -> None:
    _lay_out_once_for_a_size()
    _lay_out_once_for_a_place()
    _keep_the_whole_map()
    _keep_parts_of_rows_in_plain_dictionaries()


def _lay_out_once_for_a_size() -> None:
    """A screen that was laid out posts its size to itself, and would be laid out for it again.

    Whatever changed since then asks for a layout of its own.
    """
    resized = Screen._screen_resized

    def resized_once(self: Screen[object], size: Size) -> None:
        known = self._compositor
        if known.root is not self or known.size != size or not self.is_current:
            resized(self, size)

    Screen._screen_resized = resized_once  # type: ignore[method-assign,assignment]  # replaced on purpose


def _lay_out_once_for_a_place() -> None:
    """Each widget that a layout gave another place asked for a layout, which gave it the same.

    Only scrollbars that appear or go move anything, and they ask for a layout themselves.
    """
    update = Widget._size_updated

    def update_once(
        self: Widget, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        del layout
        return update(self, size, virtual_size, container_size, layout=False)

    Widget._size_updated = update_once  # type: ignore[method-assign]  # only for tests


def _keep_the_whole_map() -> None:
    """A layout has found the place of every widget; the first question would find them again."""
    reflow = Compositor.reflow

    def reflow_and_keep(self: Compositor, parent: Widget, size: Size) -> ReflowResult:
        result = reflow(self, parent, size)
        self._full_map_invalidated = False
        return result

    Compositor.reflow = reflow_and_keep  # type: ignore[method-assign]  # only for tests


def _keep_parts_of_rows_in_plain_dictionaries() -> None:
    """Each row of each widget makes seven caches, which take longer than they spare."""

    def kept(maxsize: int) -> dict[object, object]:
        del maxsize  # a row is shown or gone long before
        return {}

    strip.FIFOCache = kept  # type: ignore[assignment,attr-defined]  # only for tests
