"""Measures how long nobody did anything, and says which events show that somebody is there."""

import time
from collections.abc import Callable
from typing import Final

from textual import events
from textual.message_pump import MessagePump

FLOW_CONTROL: Final = frozenset({"ctrl+q", "ctrl+s"})
"""XON and XOFF."""


class Idle:
    """Calls `act` whenever `touch` was not called for the given number of seconds.

    Textual's own timers do not work for this. After a reset they first finish the old wait and then
    start the new one, so they may take twice as long.
    """

    def __init__(
        self,
        pump: MessagePump,
        seconds: float,
        act: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pump = pump
        self._seconds = seconds
        self._act = act
        self._now = now
        self._touched_at = now()
        self._wait(seconds)

    def touch(self) -> None:
        """Note that somebody is there."""
        self._touched_at = self._now()

    def look(self) -> None:
        """Act if it is time, and schedule the next look."""
        left = self._touched_at + self._seconds - self._now()
        if left <= 0:
            self.touch()
            left = self._seconds
            self._act()
        self._wait(left)

    def _wait(self, seconds: float) -> None:
        self._pump.set_timer(seconds, self.look)


def shows_presence(event: events.Event) -> bool:
    """Whether a person did this: a key, a click, the wheel or a paste.

    Other events come without a person. The pointer moves when somebody bumps into the desk, and
    terminals report their focus and their size by themselves.
    """
    if isinstance(event, events.Key):
        return event.key not in FLOW_CONTROL
    return isinstance(
        event,
        events.MouseDown
        | events.MouseScrollDown
        | events.MouseScrollUp
        | events.MouseScrollLeft
        | events.MouseScrollRight
        | events.Paste,
    )
