"""Many things in parts."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol, TypeVar

from cwtui.accounts.model import Account

T = TypeVar("T")

READ_AT_ONCE: Final = 500
"""Accounts that are read together, as a database may be far away."""


class Accounts(Protocol):
    """Where accounts are read, outside a change or inside."""

    def several(self, usernames: Sequence[str]) -> list[Account | None]: ...


def batched(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most this length. (itertools.batched needs Python 3.12.)"""
    rest = iter(items)
    while batch := list(islice(rest, most)):
        yield batch


def read_accounts(accounts: Accounts, usernames: Iterable[str]) -> Iterator[Account | None]:
    """Yield these accounts in this order; None for a name that none has. Raises CannotCheck."""
    for some in batched(usernames, READ_AT_ONCE):
        yield from accounts.several(some)
