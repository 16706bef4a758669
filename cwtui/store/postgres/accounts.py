"""Accounts and organization settings in the database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import AccountRow, Sort
from cwtui.accounts.model import Account
from cwtui.accounts.ports import StandIn
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.throttle import Try
from cwtui.accounts.upkeep.protection import Protected
from cwtui.store.contents import Contents
from cwtui.store.postgres import queries
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.account_changes import Change
from cwtui.store.postgres.attempts import Attempt
from cwtui.store.postgres.columns import agree, place_of
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.head import Head
from cwtui.store.postgres.rows import (
    ADMINS,
    AT_ONCE,
    AT_PLACE,
    OF_PERSON,
    ONE,
    SEVERAL,
    VERSION,
    WHOLE,
    WITH_KEY,
    decoded,
    first_column,
    found_in,
    ids_in,
    names_by,
    protected_by,
    same_person,
    settings_of,
    several_in,
)
from cwtui.store.postgres.transactions import Transaction
from cwtui.store.postgres.trips import Answer, Statement


class PostgresAccountStore:
    """The AccountStore port. Inside `change`, the thread reads what it has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes: dict[Transaction, Change] = {}

    def check_with(self, check: Callable[[Contents], None] | None) -> None:
        """Call this for each new content; it raises CannotCheck if it must not be used."""
        self._database.check = (
            None if check is None else lambda database, head: check(_contents_of(database, head))
        )

    def contents(self) -> Contents:
        """Return what the keyring must match. Raises CannotCheck."""
        return _contents_of(self._database, self._database.head())

    def get(self, username: str) -> Account | None:
        change, glance = self._current, self._database.glance
        if change is not None:
            return change.get(username)
        if glance is not None and glance.username == username and glance.account is not None:
            return found_in(username, glance.account)
        return found_in(username, self._read(ONE, username))

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        change = self._current
        if change is not None:
            return change.several(usernames)
        return several_in(usernames, self._read(SEVERAL, list(usernames)))

    @contextmanager
    def glance(
        self,
        username: str,
        stand_in: StandIn,
        begun: Try | None = None,
        since: float | None = None,
    ) -> Iterator[None]:
        place = place_of(stand_in.number)
        glance = Glance(username, stand_in.record, place)
        if begun is not None:
            glance.begun = Attempt(begun, username, stand_in.record, place)
        with self._database.glancing(glance, since):
            yield

    def is_empty(self) -> bool:
        change = self._current
        return change.is_empty() if change is not None else not self._database.head().accounts

    def enabled_local_admins(self) -> frozenset[str]:
        change = self._current
        if change is not None:
            return change.enabled_local_admins()
        return frozenset(first_column(self._read(ADMINS)))

    def names(self) -> list[str]:
        """Return the usernames, sorted. Raises CannotCheck."""
        change = self._current
        return change.names() if change is not None else list(names_by(self._read))

    def username_at(self, number: int) -> str | None:
        glance = self._database.glance
        if glance is not None and glance.place == place_of(number):
            return glance.at_place
        rows = self._read(AT_PLACE, place_of(number)).rows
        return rows[0][0] if rows else None

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        change = self._current
        if change is not None:
            return change.of_person(ids)
        return same_person(self._read(OF_PERSON, ids_in(ids)), ids)

    def with_ssh_key(self, key: bytes) -> list[str]:
        change = self._current
        if change is not None:
            return change.with_ssh_key(key)
        return first_column(self._read(WITH_KEY, sha256(key).hexdigest()))

    def rows(self) -> list[AccountRow]:
        return self.page(Query(), Sort("username"))

    def page(
        self,
        query: Query[AccountRow],
        sort: Sort,
        after: AccountRow | None = None,
        limit: int | None = None,
    ) -> list[AccountRow]:
        return queries.page(self._read, query, sort, after, limit, self._database.accounts)

    def count(self, query: Query[AccountRow]) -> int:
        if not query.terms:
            return self._database.head().accounts
        return queries.count(self._read, query)

    def version(self) -> object:
        return self._read(VERSION).rows

    def protected(self) -> list[Protected]:
        change = self._current
        return change.protected() if change is not None else list(protected_by(self._read))

    def settings(self) -> OrganizationSettings:
        change, glance = self._current, self._database.glance
        if change is not None:
            return change.settings()
        if glance is not None and glance.settings is not None:
            return settings_of(glance.settings)
        return settings_of(self._database.head().settings)

    def needed_keys(self) -> frozenset[str]:
        change = self._current
        return change.needed_keys() if change is not None else self._database.head().needed_keys

    def all(self) -> Iterator[tuple[str, Account | CannotCheck, bool]]:
        """Yield each account, or what is wrong with it, and whether its other columns agree.

        Raises CannotCheck.
        """
        after = ""
        while rows := self._read(WHOLE, after, AT_ONCE).rows:
            for username, document, columns in rows:
                try:
                    account = decoded(username, document)
                except CannotCheck as error:
                    yield username, error, False
                else:
                    yield username, account, agree(account, columns)
            after = rows[-1][0]

    @contextmanager
    def change(self) -> Iterator["Change"]:
        with self._database.change_accounts(repeats_itself=True) as transaction:
            change = self._changes[transaction] = Change(transaction)
            try:
                yield change
                change.flush()
            finally:
                del self._changes[transaction]
                change.end()

    @property
    def _current(self) -> "Change | None":
        """The change that this thread makes, if any."""
        transaction = self._database.current
        return self._changes.get(transaction) if transaction is not None else None

    def _read(self, sql: str, *values: object) -> Answer:
        return self._database.read(Statement(sql, values))[1][0]


def _contents_of(database: Database, head: Head) -> Contents:
    def read(sql: str, *values: object) -> Answer:
        # It may be asked in the middle of another statement, which has learned the head already.
        return database.ask(Statement(sql, values))[0]

    def used() -> frozenset[str]:
        return frozenset(key for row in protected_by(read) for key in row.keys)

    return Contents(not head.accounts, head.needed_keys, used)
