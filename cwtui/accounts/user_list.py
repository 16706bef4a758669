"""How admins list accounts: filtered, sorted and in pages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Final

from cwtui.accounts import unused
from cwtui.accounts.account_words import ALL_ACCOUNTS, Facts, account_words, sort_by
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_language import Query, Term, parse
from cwtui.accounts.listing import (
    BY_USERNAME,
    EVERYONE,
    AccountRow,
    Listing,
    Names,
    View,
    folded,
    locks,
    row_of,
)
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.search import Search
from cwtui.accounts.session import Actor, authorise

MOST_COMPARED: Final = 2000
"""In longer lists, columns that say the same of everyone are not looked for."""
_AT_ONCE: Final = 4096
"""Rows that are read at once where all are needed."""


class UserSearch(Search[AccountRow]):
    """A search for users, which shows the page as far as it was found."""

    _page: Callable[[list[AccountRow]], "FirstPage"] | None = None

    def show_as(self, page: Callable[[list[AccountRow]], "FirstPage"]) -> None:
        """Say how the page is made of rows. They must be found in the order of the list."""
        self._page = page

    def so_far(self) -> "FirstPage | None":
        """Return the page with the rows found so far; None if they cannot be shown yet."""
        rows = self.rows.copy()
        return self._page(rows) if self._page is not None and rows else None


def list_users(
    ports: Ports,
    actor: Actor,
    view: View = EVERYONE,
    after: AccountRow | None = None,
    limit: int | None = None,
    zone: tzinfo = UTC,
    search: UserSearch | None = None,
) -> Listing:
    """Return the first `limit` accounts that match the filter and come after `after`.

    Times in the filter are read in `zone`. Raises FilterError, InvalidInput (for the column),
    NotPermitted and SessionEnded, and SearchEnded if `search` was ended.
    """
    authorise(ports, actor, Permission.READ_USERS)
    return UserList(ports, view, zone, search or UserSearch()).page(after, limit)


def count_users(
    ports: Ports,
    actor: Actor,
    view: View = EVERYONE,
    zone: tzinfo = UTC,
    search: UserSearch | None = None,
) -> int:
    """Return the number of accounts that match the filter. Raises as `list_users` does."""
    authorise(ports, actor, Permission.READ_USERS)
    return ports.accounts.count(UserList(ports, view, zone, search or UserSearch()).query)


@dataclass(frozen=True)
class FirstPage:
    """The first accounts of a list, and what its page says about all of them.

    `total` is the number of all accounts, and `everyone` has them all if they are not too many to
    be compared. `version` is that of the list (see `version`). `matching` is how many match, if
    that is known without counting them.
    """

    listing: Listing
    everyone: list[AccountRow]
    total: int
    version: object
    matching: int | None = None


def first_page(
    ports: Ports,
    actor: Actor,
    view: View,
    limit: int,
    zone: tzinfo = UTC,
    search: UserSearch | None = None,
) -> FirstPage:
    """Return what the page of the list shows first. Raises as `list_users` does."""
    authorise(ports, actor, Permission.READ_USERS)
    search = search or UserSearch()
    asked = UserList(ports, view, zone, search)
    total = ports.accounts.count(ALL_ACCOUNTS)
    few = ports.accounts.page(ALL_ACCOUNTS, BY_USERNAME) if total <= MOST_COMPARED else []
    everyone = asked.known(few)
    if asked.is_by_username:
        search.show_as(
            lambda rows: FirstPage(
                asked.listing(rows[:limit], has_more=True), everyone, total, asked.version
            )
        )
    found = asked.page(None, limit)
    matching: int | None = None
    if not asked.query.terms:
        matching = total
    elif search.is_complete:
        matching = search.matches
    return FirstPage(found, everyone, total, asked.version, matching)


def version(ports: Ports) -> object:
    """Return a value that is another one once accounts have changed, or who is locked.

    Quick, for lists that look again every few seconds. It tells nothing about any account, so it
    needs no permission. Raises CannotCheck.
    """
    return ports.accounts.version(), locks(ports.records.banned(), ports.now())


class UserList:
    """A list as a person wants to see it. Raises FilterError, and InvalidInput for the column."""

    def __init__(self, ports: Ports, view: View, zone: tzinfo, search: UserSearch) -> None:
        self._ports = ports
        now, accounts = ports.now(), ports.accounts.version()
        self.problem: CannotCheck | None = None
        locked: dict[str, float] = {}
        try:
            locked = locks(ports.records.banned(), now)
        except CannotCheck as error:
            self.problem = error
        self.version = accounts, locked
        """The version from before anything of the list was read."""
        settings = ports.accounts.settings()
        # Records that cannot be read do not say who is unused either.
        which = None if self.problem else unused.rule(ports, settings)
        self._facts = Facts(settings, now, locked, which, ports.records.last_sign_ins)
        query = parse(view.filter, account_words(self._facts), now, zone, view.options)
        self.query = search.watched(query)
        self._sort = sort_by(view.column, self._facts, is_descending=view.is_descending)
        if self.problem and (self.query.uses("status") or view.column == "status"):
            raise self.problem  # otherwise nobody would seem to be locked

    @property
    def is_by_username(self) -> bool:
        """Whether rows are found in the order in which they are listed."""
        return self._sort.column == BY_USERNAME.column

    def known(self, rows: list[AccountRow]) -> list[AccountRow]:
        """Return the rows with what their status follows from, as far as it can be read."""
        try:
            return [self._facts.known(row) for row in rows]
        except CannotCheck as error:
            self.problem, self._facts = error, replace(self._facts, unused=None)
            return [self._facts.known(row) for row in rows]

    def row_of(self, account: Account) -> AccountRow:
        """Return the row of this account. Raises CannotCheck."""
        return self._facts.known(row_of(account))

    def listing(self, rows: list[AccountRow], *, has_more: bool) -> Listing:
        known, facts = self.known(rows), self._facts
        return Listing(known, facts.settings, facts.now, has_more, self.problem)

    def page(self, after: AccountRow | None, limit: int | None) -> Listing:
        # One more than needed shows whether there are others.
        wanted = None if limit is None else limit + 1
        found = self._ports.accounts.page(self.query, self._sort, after, wanted)
        rows = found[:limit]
        return self.listing(rows, has_more=len(found) > len(rows))

    def all_rows(self) -> Iterator[AccountRow]:
        """Yield all accounts that match, by username. Only few of them are in memory at a time."""
        after: AccountRow | None = None
        while rows := self._ports.accounts.page(self.query, BY_USERNAME, after, _AT_ONCE):
            yield from self.known(rows)
            after = rows[-1]


def user_named(ports: Ports, actor: Actor, typed: str) -> Names | None:
    """Return the account with this username, if there is one. Raises NotPermitted."""
    authorise(ports, actor, Permission.READ_USERS)
    found = ports.accounts.get(folded(typed))
    return Names(found.username, found.display_name) if found is not None else None


def find_users(
    ports: Ports, actor: Actor, typed: str, limit: int, search: UserSearch
) -> list[Names]:
    """Return the first accounts with this text in one of their names, and read no more of them.

    Raises NotPermitted, and SearchEnded if `search` was ended.
    """
    authorise(ports, actor, Permission.READ_USERS)
    text = folded(typed)
    query = search.watched(Query((Term("", text, test=account_words(Facts()).text(text)),)))
    found = ports.accounts.page(query, BY_USERNAME, limit=limit)
    return [Names(row.username, row.display_name) for row in found]


def last_sign_ins(ports: Ports, actor: Actor, usernames: Iterable[str]) -> dict[str, float | None]:
    """Return when these users last signed in, in seconds since the epoch; None means never.

    Separate from `list_users`, because it reads one record per user, and only the visible rows
    need it. Raises NotPermitted.
    """
    authorise(ports, actor, Permission.READ_USERS)
    look_up = ports.records.last_sign_ins()
    return {name: look_up(name) for name in sorted(usernames)}
