"""A search through a long list, which runs in a thread and can be watched and ended from another.

The person sees the first rows while the rest is still searched, and the next key ends the search.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from cwtui.accounts.filter_language import Query

R = TypeVar("R")

_KEPT: Final = 500
"""The most rows that are kept to be shown before the search is complete."""


class SearchEnded(Exception):
    """Nobody waits for what is found any more."""


class Search(Generic[R]):
    """What was found so far. `rows` are the first matching rows, and `matches` counts them all."""

    def __init__(self) -> None:
        self.rows: list[R] = []
        self.matches = 0
        self._is_ended = False

    def end(self) -> None:
        """Let the thread raise SearchEnded at the next row that it looks at."""
        self._is_ended = True

    def check(self) -> None:
        """Raise SearchEnded if nobody waits any more."""
        if self._is_ended:
            raise SearchEnded

    def watched(self, query: Query[R]) -> Query[R]:
        """Return the same query, which tells this search what it finds."""
        return _Watched(query.terms, self._looked_at, self._found)

    def _looked_at(self, rows: Iterable[R]) -> Iterator[R]:
        for row in rows:
            self.check()
            yield row

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
