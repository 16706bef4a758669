"""An application without a terminal that records when something was painted."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.screen import Screen

T = TypeVar("T")
_LONGEST = 60.0


class WatchedApp(App[T]):
    """Produces the bytes for a terminal as a real application does, and inspects them."""

    _awaited_text: str | None = None
    _awaited: "asyncio.Future[float] | None" = None

    async def seconds_until(self, text: str, act: Callable[[], object]) -> float:
        """The time from the action until this text is painted."""
        self._awaited_text = text
        self._awaited = asyncio.get_running_loop().create_future()
        started = perf_counter()
        act()
        return await asyncio.wait_for(self._awaited, _LONGEST) - started

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        painted = perf_counter()
        if self._batch_count or not isinstance(renderable, CompositorUpdate):
            return
        written = renderable.render_segments(self.console)
        awaited = self._awaited
        if self._awaited_text and self._awaited_text in written and awaited and not awaited.done():
            awaited.set_result(painted)
