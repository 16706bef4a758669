"""How a page waits for a search in a thread, and shows what was found so far."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final, TypeVar

from cwtui.accounts.search import Search

T = TypeVar("T")

SOON: Final = 0.1
"""Seconds until a page says that it is searching. Most searches end before that."""
_FRAME: Final = 1 / 100
"""Seconds after which the first rows are shown, if others are still searched."""


async def watched(
    reading: Awaitable[T],
    search: Search[Any],
    show_progress: Callable[[float], None] | None = None,
) -> T:
    """Wait for what is read in a thread. If this is cancelled, the thread ends soon.

    `show_progress` is called again and again meanwhile, with the seconds that have passed.
    """
    task, started, passed = asyncio.ensure_future(reading), monotonic(), 0.0
    # What it raises once nobody waits for it is no error of the application.
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        while show_progress is not None:
            often = _FRAME if passed < SOON else SOON
            done, _ = await asyncio.wait({task}, timeout=often)
            if done:
                break
            passed = monotonic() - started
            show_progress(passed)
        return await task
    finally:
        search.end()
        task.cancel()
