"""Which accounts a person chose in a list, or named."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import NamedTuple

from msgspec import structs

from cwtui.accounts.account_words import ALL_ACCOUNTS, AccountQuery
from cwtui.accounts.batched import READ_AT_ONCE, batched
from cwtui.accounts.listing import EVERYONE, AccountRow, View, row_of
from cwtui.accounts.meanwhile import are_in_rows, mark
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.user_list import UserList, UserSearch


@dataclass(frozen=True)
class Selection:
    """These accounts or, with a `view`, all that match its filter except these."""

    names: frozenset[str] = frozenset()
    view: View | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen, as far as that is known without looking."""
        return self.view is None and not self.names

    @property
    def is_one_name(self) -> bool:
        """Whether exactly one account was named."""
        return self.view is None and len(self.names) == 1

    def has(self, username: str) -> bool:
        """Whether an account of the list is chosen. Accounts of a view are known to match."""
        return (username in self.names) is (self.view is None)

    def with_changed(self, username: str) -> "Selection":
        """Return the selection with this account, or without it if it is chosen."""
        return replace(self, names=self.names ^ {username})

    def with_these(self, usernames: Iterable[str]) -> "Selection":
        """Return the selection with these accounts, which match if it has a view."""
        these = frozenset(usernames)
        return replace(self, names=self.names | these if self.view is None else self.names - these)

    def size(self, matching: int) -> int:
        """Return how many are chosen, where so many match the view."""
        return len(self.names) if self.view is None else matching - len(self.names)


class Marked(NamedTuple):
    """An account's row, and the mark of what an act would replace or lose."""

    row: AccountRow
    mark: str


class SelectedAccounts:
    """The accounts of a selection as they are now. Raises FilterError and CannotCheck."""

    def __init__(
        self,
        ports: Ports,
        selection: Selection,
        zone: tzinfo = UTC,
        search: UserSearch | None = None,
    ) -> None:
        self._ports = ports
        self._selection = selection
        self._search = search or UserSearch()
        self._list = UserList(ports, selection.view or EVERYONE, zone, self._search)
        if self._list.problem is not None:
            raise self._list.problem  # otherwise nobody would seem to be locked
        is_by_name = selection.view is None
        self.query: AccountQuery = ALL_ACCOUNTS if is_by_name else self._list.query

    def marked(self, parts: Collection[str]) -> Iterator[tuple[str, Marked | None]]:
        """Yield the username and the row of each account, sorted; None: there is no such account.

        The mark beside the row is that of these parts (see `meanwhile`). Raises SearchEnded and
        CannotCheck.
        """
        names = self._selection.names
        if self._selection.view is None:
            for some in batched(sorted(names), READ_AT_ONCE):
                self._search.check()
                for name, account in zip(some, self._ports.accounts.several(some), strict=True):
                    row = self._list.row_of(account) if account is not None else None
                    yield name, _marked(row, account, parts)
            return
        rows = (row for row in self._list.all_rows() if row.username not in names)
        if are_in_rows(parts):
            for row in rows:
                yield row.username, Marked(row, mark(row, parts))
            return
        for listed in batched(rows, READ_AT_ONCE):
            self._search.check()
            accounts = self._ports.accounts.several([row.username for row in listed])
            for row, account in zip(listed, accounts, strict=True):
                yield row.username, _marked(_as_now(row, account), account, parts)


def _as_now(row: AccountRow, account: Account | None) -> AccountRow | None:
    """Return the row of the account as it is now, with what only the list knows."""
    if account is None:
        return None
    return structs.replace(row_of(account), locked_until=row.locked_until, is_unused=row.is_unused)


def _marked(
    row: AccountRow | None, account: Account | None, parts: Collection[str]
) -> Marked | None:
    if row is None or account is None:
        return None
    return Marked(row, mark(account, parts))
