"""An application without a terminal that knows when something was painted."""

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
    """Makes the bytes for the terminal, as an application on one does, and looks into them."""

    _wanted: str | None = None
    _painted: "asyncio.Future[float] | None" = None

    async def seconds_until(self, text: str, act: Callable[[], object]) -> float:
        """How long it takes from the act until this text is painted."""
        self._wanted = text
        self._painted = asyncio.get_running_loop().create_future()
        started = perf_counter()
        act()
        return await asyncio.wait_for(self._painted, _LONGEST) - started

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if self._batch_count or not isinstance(renderable, CompositorUpdate):
            return
        written = renderable.render_segments(self.console)
        painted = self._painted
        if self._wanted and self._wanted in written and painted and not painted.done():
            painted.set_result(perf_counter())
