"""Repeatable calls in threads: each takes a seeded number of turns of the event loop.

A failed walk fails again with its seed, and an answer may come after any number of events.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final
from unittest.mock import patch

LONGEST: Final = 60
"""The most turns that a call takes."""


@contextmanager
def repeatable(random: Random) -> Iterator[None]:
    """`asyncio.to_thread` without a thread."""

    async def to_thread(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        for _ in range(random.choice((0, 1, 3, 10, 30, LONGEST))):
            await asyncio.sleep(0)
        return call(*arguments, **named)

    with patch.object(asyncio, "to_thread", to_thread):
        yield
