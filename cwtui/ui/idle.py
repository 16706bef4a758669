"""How long nobody did anything."""

import time
from collections.abc import Callable

from textual.message_pump import MessagePump


class Idle:
    """Calls `then` when there was no touch for so many seconds, and again after as many more.

    Textual's own timers do not serve: a reset one goes on waiting for what it waited for before,
    and only then begins anew, so that it fires up to twice as late.
    """

    def __init__(
        self,
        pump: MessagePump,
        seconds: float,
        then: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pump = pump
        self._seconds = seconds
        self._then = then
        self._now = now
        self._touched_at = now()
        self._wait(seconds)

    def touch(self) -> None:
        """Someone is there."""
        self._touched_at = self._now()

    def look(self) -> None:
        """Act if it is time, and look again when it may be."""
        left = self._touched_at + self._seconds - self._now()
        if left <= 0:
            self.touch()
            left = self._seconds
            self._then()
        self._wait(left)

    def _wait(self, seconds: float) -> None:
        self._pump.set_timer(seconds, self.look)
