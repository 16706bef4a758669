"""An event loop that depends on nothing but its seed: not on the machine's speed or its threads.

A failed walk fails again with its seed, on any machine.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from textual import _time, _wait, widget

from cwtui.ui import leaving

LONGEST: Final = 60
"""The most turns that a call takes."""
TURN: Final = 0.0001
"""Seconds that pass with each turn of the loop, so that what polls comes to an end."""


def run(walk: Coroutine[Any, Any, None], random: Random) -> None:
    """Run the walk. Raises AssertionError if it waits for what will never happen."""
    loop = _Loop()
    with _clocks(loop.time), _calls_in_turns(random):
        try:
            asyncio.set_event_loop(loop)
            loop.run_until_complete(walk)
        finally:
            asyncio.set_event_loop(None)
            loop.close()


class _Loop(asyncio.SelectorEventLoop):
    """Its time passes when all wait: it goes on to the next timer at once."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += seconds


class _Selector(selectors.SelectSelector):
    """Waits for no file, since a walk opens none, and never longer than it must."""

    def __init__(self, loop: _Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, and nothing will ever happen"
        self._loop.pass_time(timeout + TURN)
        return super().select(0)


@contextmanager
def _clocks(now: Callable[[], float]) -> Iterator[None]:
    """Let all that measures time within the application read the loop's clock."""
    with (
        patch.object(_time, "get_time", now),
        patch.object(widget, "monotonic", now),
        patch.object(_wait, "monotonic", now),
        patch.object(_wait, "process_time", lambda: 0.0),
        patch.object(leaving, "time", SimpleNamespace(monotonic=now)),
    ):
        yield


@contextmanager
def _calls_in_turns(random: Random) -> Iterator[None]:
    """`asyncio.to_thread` without a thread: a call is made after some turns of the loop.

    An answer may so come after any number of events.
    """

    async def to_thread(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        for _ in range(random.choice((0, 1, 3, 10, 30, LONGEST))):
            await asyncio.sleep(0)
        return call(*arguments, **named)

    with patch.object(asyncio, "to_thread", to_thread):
        yield
