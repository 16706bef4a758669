"""What the service writes to its log, which is standard error: always in English.

What anybody can cause again and again is said once a minute, so that nobody can fill the journal.
"""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Hashable
from threading import Lock
from typing import Final

from cwtui.accounts.text import shortened, visible

QUIET_SECONDS: Final = 60.0
"""Between two lines about the same."""
_MOST: Final = 1000
"""Causes that are remembered. With more, all are forgotten, and said again."""
_LENGTH: Final = 1000
"""Characters of a line."""


class Repeats:
    """Counts what happens again and again. Several threads may use it."""

    def __init__(self) -> None:
        self._unsaid: Counter[Hashable] = Counter()
        self._said_at: dict[Hashable, float] = {}
        self._lock = Lock()

    def count(self, cause: Hashable, now: float) -> int:
        """Return how often it has happened since it was said, or 0 if it is not to be said now."""
        with self._lock:
            if cause not in self._said_at and len(self._said_at) >= _MOST:
                self._said_at.clear()
                self._unsaid.clear()
            self._unsaid[cause] += 1
            said_at = self._said_at.get(cause)
            if said_at is not None and 0 <= now - said_at < QUIET_SECONDS:
                return 0
            self._said_at[cause] = now
            return self._unsaid.pop(cause)


_repeats: Final = Repeats()


def log(sentence: str) -> None:
    """Write a line. Nothing happens if standard error is missing, closed or full."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(f"{shortened(visible(sentence), _LENGTH)}\n")
        sys.stderr.flush()


def log_once(sentence: str, cause: str = "") -> None:
    """Write a line, unless one of the same cause was written less than a minute ago.

    Without a cause, that is the sentence itself.
    """
    number = _repeats.count(cause or sentence, time.monotonic())
    if number:
        log(f"{sentence} ({number:,} times)" if number > 1 else sentence)
