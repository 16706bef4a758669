"""How long the line to the terminal is busy, so that nothing is written that would arrive late."""

from typing import Final

from cwtui.host import serial_line

_BITS: Final = 10
"""Of one byte: a start bit, eight bits and a stop bit."""
_AT_ONCE: Final = 0.1
"""Seconds. A key that is pressed meanwhile is shown that much later."""
_AHEAD: Final = 0.02
"""Seconds before a line is free in which it gets more, so that it never rests."""
_LEAST_AT_ONCE: Final = 40


class Line:
    """The line that a descriptor leads to. It is fast if it has no known speed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._speed = serial_line.slow_speed(descriptor)
        self._busy_until = 0.0

    @property
    def most_at_once(self) -> int | None:
        """How many bytes to write before looking again; None for a fast line."""
        if self._speed is None:
            return None
        return max(_LEAST_AT_ONCE, int(self._speed / _BITS * _AT_ONCE))

    def sends(self, data: str, now: float) -> None:
        """Note that this was written."""
        if self._speed is not None:
            count = len(data.encode(errors="replace"))
            self._busy_until = max(self._busy_until, now) + count * _BITS / self._speed

    def seconds_until_free(self, now: float) -> float:
        """Return how long the line is busy with what was written; 0 if it takes more now."""
        if self._speed is None:
            return 0.0
        queued = serial_line.queued(self._descriptor) * _BITS / self._speed
        return max(0.0, max(queued, self._busy_until - now) - _AHEAD)
