"""The time of the database, so that hosts with different clocks agree on used codes and waits."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

FAR: Final = 5.0
"""Seconds by which a host's clock may differ before that is worth telling."""


def _since_boot() -> float:
    # It goes on while the host is suspended, and nobody can set it.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class DatabaseClock:
    """Knows the time of the database from its answers, and needs no question of its own.

    An answer says that the database's clock showed a time at some moment between question and
    answer. As long as that can be true, nothing is changed, so that the time does not jump.
    """

    def __init__(
        self,
        here: Callable[[], float] = _since_boot,
        host_clock: Callable[[], float] = time.time,
    ) -> None:
        self.here = here
        self._host_clock = host_clock
        self._ahead: float | None = None
        """How many seconds the database's clock shows more than `here`."""
        self._lock = Lock()

    def now(self) -> float:
        """Return the time of the database; that of this host before the first answer."""
        return self._host_clock() if self._ahead is None else self.here() + self._ahead

    def learn(self, shown: float, asked: float, answered: float) -> None:
        """Learn from an answer: the database showed this time between these times of `here`."""
        least, most = shown - answered, shown - asked
        with self._lock:
            middle = (least + most) / 2
            ahead = self._ahead if self._ahead is not None else middle
            self._ahead = min(max(ahead, least), most)

    @property
    def host_is_ahead(self) -> float:
        """Seconds by which the clock of this host is ahead of the database's; 0 if not by many."""
        difference = self._host_clock() - self.now()
        return difference if abs(difference) > FAR else 0.0
