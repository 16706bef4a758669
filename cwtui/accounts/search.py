"""A search through a long list, which runs in a thread and can be watched and ended from another.

The person sees the first rows while the rest is still searched, and the next key ends the search.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Final, Generic, TypeVar

from cwtui.accounts.filter_language import Query

R = TypeVar("R")

_KEPT: Final = 500
"""The most rows that are kept to be shown before the search is complete."""
_HELD_SECONDS: Final = 0.25
"""The longest that a search waits while its first rows are drawn."""


class SearchEnded(Exception):
    """Nobody waits for what is found any more."""


class Search(Generic[R]):
    """What was found so far. `rows` are the first matching rows, and `matches` counts them all."""

    def __init__(self) -> None:
        self.rows: list[R] = []
        self.matches = 0
        self.is_complete = False
        """Whether all rows were looked at, so that `matches` is how many there are."""
        self._is_ended = False
        self._is_held = False
        self._goes_on = Event()

    def end(self) -> None:
        """Let the thread raise SearchEnded at the next row that it looks at."""
        self._is_ended = True
        self.go_on()

    def hold(self) -> None:
        """Let the thread wait at the next row, so that it does not slow down what is drawn."""
        self._goes_on.clear()
        self._is_held = True

    def go_on(self) -> None:
        """Let the thread go on."""
        self._is_held = False
        self._goes_on.set()

    def check(self) -> None:
        """Raise SearchEnded if nobody waits any more, and wait if the search is held."""
        if self._is_held:
            self._goes_on.wait(_HELD_SECONDS)
            self._is_held = False
        if self._is_ended:
            raise SearchEnded

    def watched(self, query: Query[R]) -> Query[R]:
        """Return the same query, which tells this search what it finds."""
        return _Watched(query.terms, self._looked_at, self._found)

    def _looked_at(self, rows: Iterable[R]) -> Iterator[R]:
        for row in rows:
            self.check()
            yield row
        self.is_complete = True

    def _found(self, rows: Iterable[R]) -> Iterator[R]:
        for row in rows:
            self.matches += 1
            if self.matches <= _KEPT:
                self.rows.append(row)
            yield row


@dataclass(frozen=True)
class _Watched(Query[R]):
    looked_at: Callable[[Iterable[R]], Iterator[R]] = iter
    found: Callable[[Iterable[R]], Iterator[R]] = iter

    def select(self, rows: Iterable[R]) -> Iterator[R]:
        return self.found(super().select(self.looked_at(rows)))
