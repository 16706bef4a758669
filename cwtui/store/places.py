"""Remembers where some lines of a base begin, so that searches for names need fewer steps."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from threading import Lock
from typing import Final, NamedTuple

_PART: Final = 512
"""The most lines in a part: inserting into a long list takes long."""


class _Part(NamedTuple):
    """Lines that follow each other: their names, and where they start."""

    names: list[str]
    starts: list[int]


class Changed(NamedTuple):
    """A change in a new base: by how many bytes the line of this name grew."""

    name: str
    growth: int
    is_there: bool


class Places:
    """The starts of at most `most` lines between `first` and `last`, by name.

    Several threads may use it.
    """

    def __init__(self, first: int, last: int, most: int) -> None:
        self._last = last
        self._left = most
        self._lock = Lock()
        self.parts = [_Part([""], [first])]
        self._firsts = [""]
        """The first name of each part."""

    @property
    def is_full(self) -> bool:
        return self._left <= 0

    @property
    def count(self) -> int:
        """How many lines are remembered."""
        return sum(len(part.names) for part in self.parts)

    def around(self, name: str) -> tuple[int, int]:
        """Return the start of a line at or before this name, and of one after it."""
        with self._lock:
            number = bisect_right(self._firsts, name) - 1
            names, starts = self.parts[number]
            at = bisect_right(names, name)
            after = starts[at] if at < len(starts) else self._start(number + 1)
            return starts[at - 1], after

    def add(self, name: str, start: int) -> None:
        """Remember where the line of this name starts, unless enough are remembered.

        In a damaged file, a line that is not in order is left out.
        """
        with self._lock:
            number = bisect_right(self._firsts, name) - 1
            names, starts = self.parts[number]
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
                self.parts.insert(number + 1, _Part(names[half:], starts[half:]))
                self._firsts.insert(number + 1, names[half])
                del names[half:], starts[half:]

    def moved(self, changes: Iterable[Changed], first: int, last: int) -> "Places":
        """Return the places in a new base with these changes, sorted by name, and these ends."""
        with self._lock:
            names = [name for part in self.parts for name in part.names]
            starts = [start for part in self.parts for start in part.starts]
            new = Places(first, last, self._left)
        kept, moved = [""], [first]
        at, by = 1, first - starts[0]
        for name, growth, is_there in changes:
            end = bisect_right(names, name, at)
            stop = end if is_there else bisect_left(names, name, at)
            kept += names[at:stop]
            moved += [start + by for start in starts[at:stop]]
            at, by = end, by + growth
        kept += names[at:]
        moved += [start + by for start in starts[at:]]
        size = _PART // 2
        cuts = range(0, len(kept), size)
        new.parts = [_Part(kept[cut : cut + size], moved[cut : cut + size]) for cut in cuts]
        new._firsts = [kept[cut] for cut in cuts]
        return new

    def _start(self, number: int) -> int:
        """Return where the first line of this part starts, or the end after the last part."""
        return self.parts[number].starts[0] if number < len(self.parts) else self._last
