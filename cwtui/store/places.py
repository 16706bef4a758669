"""Remembers where some lines of a base begin, so that searches for names need fewer steps."""

from bisect import bisect_left, bisect_right
from threading import Lock
from typing import Final, NamedTuple

_PART: Final = 512
"""The most lines in a part: inserting into a long list takes long."""


class _Part(NamedTuple):
    """Lines that follow each other: their names, and where they start."""

    names: list[str]
    starts: list[int]


class Places:
    """The starts of at most `most` lines between `first` and `last`, by name.

    Several threads may use it.
    """

    def __init__(self, first: int, last: int, most: int) -> None:
        self._last = last
        self._left = most
        self._lock = Lock()
        self._parts = [_Part([""], [first])]
        self._firsts = [""]
        """The first name of each part."""

    @property
    def is_full(self) -> bool:
        return self._left <= 0

    def around(self, name: str) -> tuple[int, int]:
        """Return the start of a line at or before this name, and of one after it."""
        with self._lock:
            number = bisect_right(self._firsts, name) - 1
            names, starts = self._parts[number]
            at = bisect_right(names, name)
            after = starts[at] if at < len(starts) else self._start(number + 1)
            return starts[at - 1], after

    def add(self, name: str, start: int) -> None:
        """Remember where the line of this name starts, unless enough are remembered.

        In a damaged file, a line that is not in order is left out.
        """
        with self._lock:
            number = bisect_right(self._firsts, name) - 1
            names, starts = self._parts[number]
            at = bisect_left(names, name)
            after = starts[at] if at < len(starts) else self._start(number + 1)
            is_in_order = at > 0 and starts[at - 1] < start < after
            if self.is_full or not is_in_order:
                return
            names.insert(at, name)
            starts.insert(at, start)
            self._left -= 1
            if len(names) > _PART:
                half = _PART // 2
                self._parts.insert(number + 1, _Part(names[half:], starts[half:]))
                self._firsts.insert(number + 1, names[half])
                del names[half:], starts[half:]

    def _start(self, number: int) -> int:
        """Return where the first line of this part starts, or the end after the last part."""
        return self._parts[number].starts[0] if number < len(self._parts) else self._last
