"""The list of users: one small row per account, and the orders in which they are sorted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

from msgspec import Struct

from cwtui.accounts import account_state
from cwtui.accounts.account_state import Status
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account, Origin, SignInRecord
from cwtui.accounts.roles import MINIMUM
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import normal


class Present(Struct, frozen=True, gc=False):
    """Shows that a password or a second factor is stored, without its content."""


class AccountRow(Struct, frozen=True, kw_only=True, gc=False):
    """What a list shows of an account.

    Field names are the same as in Account, so that a store can read both from one record; only
    `locked_until` and `is_unused` come from the sign-in record (see `Facts.known`). Rows contain no
    reference cycles, so the garbage collector can skip them (`gc=False`).
    """

    username: str
    created_at: float = 0.0
    display_name: str = ""
    origin: Origin = Origin.LOCAL
    roles: tuple[str, ...] = (MINIMUM,)
    password: Present | None = None
    must_change_password: bool = False
    initial_password_expires_at: float | None = None
    invited: bool = False
    second_factor: Present | None = None
    mfa_required: bool = False
    enabled: bool = True
    gone_since: float | None = None
    in_directory_too: bool = False
    enabled_at: float | None = None
    expires_at: float | None = None
    locked_until: float | None = None
    is_unused: bool = False

    def status(self, now: float) -> Status:
        """Return whether the account can sign in."""
        return account_state.status(self, self.locked_until, now, is_unused=self.is_unused)


_SHARED: Final = tuple(
    name for name in AccountRow.__struct_fields__ if name in Account.__struct_fields__
)


def row_of(account: Account) -> AccountRow:
    """Return what a list shows of this account, as far as the account alone says it."""
    fields = {name: getattr(account, name) for name in _SHARED}
    for hidden in ("password", "second_factor"):
        fields[hidden] = None if fields[hidden] is None else Present()
    return AccountRow(**fields)


@dataclass(frozen=True)
class Listing:
    """Some accounts, and the organization settings that say the rest about them.

    `has_more` says that other accounts follow. `problem` is why the sign-in records could not be
    read. The list then does not say who is locked, but the accounts can still be managed. `now` is
    when it was made.
    """

    rows: list[AccountRow]
    settings: OrganizationSettings
    now: float
    has_more: bool = False
    problem: CannotCheck | None = None


@dataclass(frozen=True)
class View:
    """What a person wants to see of the list: a filter as typed, and an order.

    `options` are values by filter word that were given apart from the text.
    """

    filter: str = ""
    column: str = "username"
    is_descending: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


EVERYONE: Final = View()
_AT_ONCE: Final = 4096
"""How many rows are sorted at once where only the first are wanted."""


@dataclass(frozen=True)
class Sort:
    """An order of accounts: by a column, and where that is the same, by username.

    A store may sort by `column` itself, or call `key` for each row. `needs_uses`: the key also
    follows from when accounts were last used (see `unused`).
    """

    column: str
    is_descending: bool = False
    key: Callable[[AccountRow], Any] = field(default=lambda row: row.username, compare=False)
    needs_uses: bool = False

    def page(
        self, rows: Iterable[AccountRow], after: AccountRow | None = None, limit: int | None = None
    ) -> list[AccountRow]:
        """Return the first `limit` rows after this one in this order; None means all.

        Keeps few rows more than `limit` in memory. The key of each row is made once, in the order
        in which the rows come.
        """
        remaining = self._with_keys(rows, after)
        if limit is None:
            return [row for _, row in self._sorted(remaining)]
        found = self._sorted(islice(remaining, limit + _AT_ONCE))[:limit]
        while found and (more := list(islice(remaining, _AT_ONCE))):
            # Most rows come after those that were found already, and need not be sorted.
            sooner = self._sooner(more, found[-1])
            if sooner:
                found = self._sorted([*found, *sooner])[:limit]
        return [row for _, row in found]

    def _with_keys(
        self, rows: Iterable[AccountRow], after: AccountRow | None
    ) -> Iterator[tuple[Any, AccountRow]]:
        """Yield the rows that come after this one, with their keys."""
        if after is None:
            yield from ((self.key(row), row) for row in rows)
            return
        its, name = self.key(after), after.username
        for row in rows:
            mine = self.key(row)
            if row.username > name if mine == its else (mine < its) is self.is_descending:
                yield mine, row

    def _sorted(self, rows: Iterable[tuple[Any, AccountRow]]) -> list[tuple[Any, AccountRow]]:
        by_username = sorted(rows, key=lambda row: row[1].username)
        return sorted(by_username, key=itemgetter(0), reverse=self.is_descending)

    def _sooner(
        self, rows: list[tuple[Any, AccountRow]], last: tuple[Any, AccountRow]
    ) -> list[tuple[Any, AccountRow]]:
        """Return the rows that come before this one."""
        its, name = last[0], last[1].username
        if self.is_descending:
            return [r for r in rows if r[0] > its or (r[0] == its and r[1].username < name)]
        return [r for r in rows if r[0] < its or (r[0] == its and r[1].username < name)]


BY_USERNAME: Final = Sort("username")


def locks(banned: Mapping[str, SignInRecord], now: float) -> dict[str, float]:
    """Return when the waits of these accounts end, by username, for those who have to wait."""
    return {
        name: end
        for name, record in banned.items()
        if (end := account_state.locked_until(record, now)) is not None
    }


class Names(NamedTuple):
    """The names of one account."""

    username: str
    display_name: str

    def contain(self, text: str) -> bool:
        """Whether one of them contains this text. Case and spaces around it do not matter."""
        text = folded(text)
        return text in self.username or text in self.display_name.casefold()


def folded(text: str) -> str:
    """Return what is searched for if this is typed."""
    return normal(text.strip()).casefold()
