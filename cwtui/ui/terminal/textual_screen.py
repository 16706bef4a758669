"""Textual's Screen, with changes for which it has no public API: it is laid out once for a change.

Each use of its private API here says why. tests/ui/test_private_api.py fails when a new version of
Textual changes one of them.
"""

from time import monotonic
from typing import Final, TypeVar

from textual import events
from textual._compositor import Compositor, ReflowResult
from textual.geometry import Size
from textual.messages import Layout
from textual.screen import Screen
from textual.widget import Widget

T = TypeVar("T")

_VIRTUAL_SIZE: Final = vars(Widget)["virtual_size"]


class _Places(Compositor):
    """Where the widgets are."""

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        # Private: this finds the place of each widget. The first question would find all again.
        result = super().reflow(parent, size)
        self._full_map_invalidated = False
        return result


class TextualScreen(Screen[T]):
    """A screen that is laid out once for each change, and only for the newest size."""

    _was_shown = False
    _laid_out_at = 0.0
    """When the last layout of all widgets began, by the clock of messages."""
    _layouts = 0
    """How many layouts of all widgets there were."""

    def __init__(self, **named: str | None) -> None:
        super().__init__(**named)
        self._compositor = _Places()

    async def on_event(self, event: events.Event) -> None:
        # A Textual screen posts each size that it was laid out for to itself again. Two waiting
        # sizes would repeat each other forever, and nothing else would be handled.
        if isinstance(event, events.Resize) and event.size != self.app.size:
            return
        if isinstance(event, events.ScreenResume) and not self._was_shown:
            await self._appear(event)
        else:
            await super().on_event(event)

    async def _appear(self, event: events.ScreenResume) -> None:
        self._was_shown = True
        # All its widgets have just got their styles.
        event.refresh_styles = False
        await super().on_event(event)
        if self._layouts and self.is_current:
            # Private: Textual would draw all of it again, after the first layout has.
            self._repaint_required = False

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        # Private: all layouts pass through this method, also those that nobody asked for, such as
        # the first one.
        if not scroll and (size or self.outer_size):
            self._laid_out_at = monotonic()
            self._layouts += 1
            self._layout_required = False
        # Each widget that gets another size would ask for another layout. Only scrollbars that
        # appear or go move anything, and they ask for it themselves.
        _VIRTUAL_SIZE._layout = False  # noqa: SLF001  Textual has no public way to put it off
        try:
            super()._refresh_layout(size, scroll)
        finally:
            _VIRTUAL_SIZE._layout = True  # noqa: SLF001  nor to allow it again

    def _screen_resized(self, size: Size) -> None:
        # Private: the first layout posts its size to the screen, which would be laid out for it
        # again. Classes for that size are set after this, and ask for a layout if they change any.
        is_first = self._layouts == 1 and self._compositor.size == size
        if not (is_first and self.is_current):
            super()._screen_resized(size)

    async def _on_layout(self, request: Layout) -> None:
        # Private: Textual would lay out a new screen again for what its widgets have asked for
        # while it was made.
        if request.time < self._laid_out_at:
            request.stop()
            request.prevent_default()
