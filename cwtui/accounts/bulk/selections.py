"""Which accounts a person chose in a list, or named."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import NamedTuple

from msgspec import structs

from cwtui.accounts.account_words import ALL_ACCOUNTS, AccountQuery
from cwtui.accounts.listing import EVERYONE, AccountRow, View, row_of
from cwtui.accounts.meanwhile import are_in_rows, mark
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
            for name in sorted(names):
                self._search.check()
                account = self._ports.accounts.get(name)
                if account is None:
                    yield name, None
                else:
                    yield name, Marked(self._list.row_of(account), mark(account, parts))
        else:
            rows_say_all = are_in_rows(parts)
            for row in self._list.all_rows():
                if row.username not in names:
                    marked = (
                        Marked(row, mark(row, parts)) if rows_say_all else self._read(row, parts)
                    )
                    yield row.username, marked

    def _read(self, row: AccountRow, parts: Collection[str]) -> Marked | None:
        """Return the account's row as it is now, because rows do not say all that the mark says."""
        self._search.check()
        account = self._ports.accounts.get(row.username)
        if account is None:
            return None
        known = {"locked_until": row.locked_until, "is_unused": row.is_unused}
        return Marked(structs.replace(row_of(account), **known), mark(account, parts))
