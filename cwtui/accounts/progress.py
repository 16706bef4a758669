"""Progress reports of long-running work, and how long the rest will take."""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

ShowProgress: TypeAlias = Callable[[int, int], None]
"""Called with the number of finished items and the total."""

_ESTIMATED_AFTER: Final = 2.0
"""Seconds. What the first moments say of the rest is mostly wrong."""
_STEP: Final = 5
"""Seconds between two times that are told, so that they do not change all the time."""


def seconds_left(elapsed: float, done: int, of: int) -> float | None:
    """Return how long the rest takes at the speed so far; None while that cannot be known."""
    if elapsed < _ESTIMATED_AFTER or not 0 < done < of:
        return None
    return elapsed * (of - done) / done


def told_left(seconds: float, before: int | None) -> int:
    """Return how many seconds to tell: whole steps, and not one step more than told before."""
    told = max(math.ceil(seconds / _STEP), 1) * _STEP
    return before if before is not None and told == before + _STEP else told


def as_clock(seconds: float) -> str:
    """Return seconds as 1:05 or, from an hour on, as 1:00:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
