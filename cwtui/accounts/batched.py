"""Many things in parts."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most this length. (itertools.batched needs Python 3.12.)"""
    rest = iter(items)
    while batch := list(islice(rest, most)):
        yield batch
