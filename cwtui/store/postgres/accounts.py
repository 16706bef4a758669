"""Accounts and organization settings in the database."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from cwtui.accounts import identity
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import AccountRow, Sort
from cwtui.accounts.model import Account
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.protection import Protected, keys_of
from cwtui.store.contents import Contents
from cwtui.store.postgres import problems, queries
from cwtui.store.postgres.columns import agree, columns_of, place_of
from cwtui.store.postgres.connections import Answer, Statement
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.transactions import Database, Head, Transaction

T = TypeVar("T")

_AT_ONCE: Final = 5000
"""Rows that are read or written at once, so that memory stays small."""

_ONE: Final = "SELECT document FROM cwtui.account WHERE username = %s"
_MANY: Final = (
    "SELECT username, document FROM cwtui.account WHERE username > %s ORDER BY username LIMIT %s"
)
_WHOLE: Final = (
    "SELECT username, document, to_jsonb(account) - 'document' FROM cwtui.account AS account"
    " WHERE username > %s ORDER BY username LIMIT %s"
)
_NAMES: Final = "SELECT username FROM cwtui.account WHERE username > %s ORDER BY username LIMIT %s"
_AT_PLACE: Final = (
    "(SELECT username FROM cwtui.account WHERE place >= %s ORDER BY place LIMIT 1)"
    " UNION ALL (SELECT username FROM cwtui.account ORDER BY place LIMIT 1) LIMIT 1"
)
_OF_PERSON: Final = (
    "SELECT username, document FROM cwtui.account WHERE directory_ids && %s::text[]"
    " ORDER BY username"
)
_WITH_KEY: Final = (
    "SELECT username FROM cwtui.account WHERE ssh_keys @> ARRAY[%s::text] ORDER BY username"
)
ADMINS: Final = (
    "SELECT username FROM cwtui.account"
    " WHERE enabled AND origin = 'local' AND 'connectware-admin' = ANY (roles)"
)
_DROP: Final = """
    WITH gone AS (DELETE FROM cwtui.account WHERE username = ANY (%s) RETURNING username)
    UPDATE cwtui.organization SET accounts = accounts - (SELECT count(*) FROM gone)
"""
PUT: Final = """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (
            username text, document jsonb, listed json, folded_name text, origin text,
            roles text[], enabled boolean, mfa_required boolean, has_second_factor boolean,
            created_at float8, directory_ids text[], ssh_keys text[], place bigint
        )
    ), put AS (
        INSERT INTO cwtui.account (
            username, document, listed, folded_name, origin, roles, enabled, mfa_required,
            has_second_factor, created_at, directory_ids, ssh_keys, place
        )
        SELECT * FROM given
        ON CONFLICT (username) DO UPDATE SET
            document = excluded.document, listed = excluded.listed,
            folded_name = excluded.folded_name, origin = excluded.origin, roles = excluded.roles,
            enabled = excluded.enabled, mfa_required = excluded.mfa_required,
            has_second_factor = excluded.has_second_factor, created_at = excluded.created_at,
            directory_ids = excluded.directory_ids, ssh_keys = excluded.ssh_keys
        RETURNING xmax = 0 AS is_new
    )
    UPDATE cwtui.organization
    SET accounts = accounts + (SELECT count(*) FROM put WHERE is_new)
"""
SET: Final = "UPDATE cwtui.organization SET settings = %s::jsonb, needed_keys = %s::jsonb"


class PostgresAccountStore:
    """The AccountStore port. Inside `change`, the thread reads what it has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes: dict[Transaction, _Change] = {}
        self._check: Callable[[Contents], None] | None = None

    @property
    def check(self) -> Callable[[Contents], None] | None:
        """Raises CannotCheck for contents that must not be used."""
        return self._check

    @check.setter
    def check(self, check: Callable[[Contents], None] | None) -> None:
        self._check = check
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
            return _found(username, glance.account)
        return _found(username, self._read(_ONE, username))

    @contextmanager
    def glance(self, username: str, record: str, number: int) -> Iterator[None]:
        with self._database.glancing(Glance(username, record, place_of(number))):
            yield

    def is_empty(self) -> bool:
        change = self._current
        return change.is_empty() if change is not None else not self._database.head().accounts

    def names(self) -> list[str]:
        """Return the usernames, sorted. Raises CannotCheck."""
        change = self._current
        return change.names() if change is not None else list(_names(self._read))

    def username_at(self, number: int) -> str | None:
        glance = self._database.glance
        if glance is not None and glance.place == place_of(number):
            return glance.at_place
        rows = self._read(_AT_PLACE, place_of(number)).rows
        return rows[0][0] if rows else None

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        change = self._current
        if change is not None:
            return change.of_person(ids)
        return _same_person(self._read(_OF_PERSON, _ids(ids)), ids)

    def with_ssh_key(self, key: bytes) -> list[str]:
        change = self._current
        if change is not None:
            return change.with_ssh_key(key)
        return _first_column(self._read(_WITH_KEY, sha256(key).hexdigest()))

    def rows(self) -> list[AccountRow]:
        return self.page(Query(), Sort("username"))

    def page(
        self,
        query: Query[AccountRow],
        sort: Sort,
        after: AccountRow | None = None,
        limit: int | None = None,
    ) -> list[AccountRow]:
        return queries.page(self._read, query, sort, after, limit)

    def count(self, query: Query[AccountRow]) -> int:
        if not query.terms:
            return self._database.head().accounts
        return queries.count(self._read, query)

    def protected(self) -> list[Protected]:
        change = self._current
        return change.protected() if change is not None else list(_protected(self._read))

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
        while rows := self._read(_WHOLE, after, _AT_ONCE).rows:
            for username, document, columns in rows:
                try:
                    account = decoded(username, document)
                except CannotCheck as error:
                    yield username, error, False
                else:
                    yield username, account, agree(account, columns)
            after = rows[-1][0]

    @contextmanager
    def change(self) -> Iterator["_Change"]:
        with self._database.change(is_current=True) as transaction:
            change = self._changes[transaction] = _Change(transaction)
            try:
                yield change
                change.flush()
            finally:
                del self._changes[transaction]
                change.end()

    @property
    def _current(self) -> "_Change | None":
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
        return frozenset(key for row in _protected(read) for key in row.keys)

    return Contents(not head.accounts, head.needed_keys, used)


class _Change:
    """The AccountsChange port. What is written waits until something must be read."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known: dict[str, Account | None] = {}
        """Accounts that were read or written. Nobody else can change them meanwhile."""
        self._changed: dict[str, Account | None] = {}
        self._settings: OrganizationSettings | None = None
        self._needed: frozenset[str] | None = None
        self._is_set = False
        self._is_over = False

    def get(self, username: str) -> Account | None:
        if username not in self._known:
            self._known[username] = _found(username, self._read(_ONE, username))
        return self._known[username]

    def put(self, *accounts: Account) -> None:
        self._check_is_open()
        needed = self.needed_keys()
        others = [account for account in accounts if not keys_of(account) <= needed]
        added = frozenset[str]().union(*(self._added_keys(account) for account in others))
        if added:
            self.put_needed_keys(needed | added)
        for account in accounts:
            self._known[account.username] = self._changed[account.username] = account

    def remove(self, username: str) -> None:
        self._check_is_open()
        self._known[username] = self._changed[username] = None

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        return _same_person(self._read_all(_OF_PERSON, _ids(ids)), ids)

    def with_ssh_key(self, key: bytes) -> list[str]:
        return _first_column(self._read_all(_WITH_KEY, sha256(key).hexdigest()))

    def is_empty(self) -> bool:
        (found,) = self._read_all("SELECT accounts FROM cwtui.organization").rows
        return not found[0]

    def names(self) -> list[str]:
        return list(_names(self._read_all))

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(_first_column(self._read_all(ADMINS)))

    def protected(self) -> list[Protected]:
        return list(_protected(self._read_all))

    def settings(self) -> OrganizationSettings:
        return self._settings if self._settings is not None else settings_of(self._head().settings)

    def put_settings(self, settings: OrganizationSettings) -> None:
        self._check_is_open()
        self._settings, self._is_set = settings, True

    def needed_keys(self) -> frozenset[str]:
        return self._needed if self._needed is not None else self._head().needed_keys

    def put_needed_keys(self, ids: frozenset[str]) -> None:
        self._check_is_open()
        self._needed, self._is_set = ids, True

    def prepare(self) -> None:
        """Let what is logged next belong to this change, so that both happen or neither."""
        self._check_is_open()
        self._head()
        self.flush()
        self._transaction.takes_others = True

    def flush(self) -> None:
        """Hand over what is waiting, to be sent with the next statements."""
        gone = [name for name, account in self._changed.items() if account is None]
        put = [account for account in self._changed.values() if account is not None]
        self._changed = {}
        if gone or put or self._is_set:
            self._transaction.begin_own()
        if gone:
            self._transaction.later(Statement(_DROP, (gone,)))
        for start in range(0, len(put), _AT_ONCE):
            rows = [columns_of(account) for account in put[start : start + _AT_ONCE]]
            self._transaction.later(Statement(PUT, (msgspec.json.encode(rows).decode(),)))
        if self._is_set:
            settings = msgspec.json.encode(self.settings()).decode()
            needed = msgspec.json.encode(sorted(self.needed_keys())).decode()
            self._transaction.later(Statement(SET, (settings, needed)))
            self._is_set = False

    def end(self) -> None:
        self._is_over = True

    def _added_keys(self, account: Account) -> frozenset[str]:
        # A key that was given up as lost must not become needed again by an account that had it.
        before = self.get(account.username)
        return keys_of(account) - (keys_of(before) if before is not None else frozenset())

    def _check_is_open(self) -> None:
        if self._is_over:
            message = "changed outside of a change"
            raise RuntimeError(message)

    def _head(self) -> Head:
        if self._transaction.head is None:
            self._transaction.lock_head()
        assert self._transaction.head is not None  # noqa: S101  for mypy
        return self._transaction.head

    def _read_all(self, sql: str, *values: object) -> Answer:
        """Read after everything that was changed."""
        self._head()
        self.flush()
        return self._read(sql, *values)

    def _read(self, sql: str, *values: object) -> Answer:
        statement = Statement(sql, values)
        if self._transaction.head is None:
            return self._transaction.lock_head(statement)[0]
        return self._transaction.run(statement)[0]


Read = Callable[..., Answer]
"""Runs a statement with these values."""


def documents(read: Read) -> Iterator[tuple[str, bytes]]:
    """Yield the document of each account, sorted by username. Raises CannotCheck."""
    after = ""
    while rows := read(_MANY, after, _AT_ONCE).rows:
        yield from ((row[0], row[1]) for row in rows)
        after = rows[-1][0]


def _names(read: Read) -> Iterator[str]:
    after = ""
    while names := _first_column(read(_NAMES, after, 10 * _AT_ONCE)):
        yield from names
        after = names[-1]


def _protected(read: Read) -> Iterator[Protected]:
    return (_as(Protected, username, document) for username, document in documents(read))


def _same_person(found: Answer, ids: Mapping[str, str]) -> list[Account]:
    accounts = (decoded(*row) for row in found.rows)
    return [account for account in accounts if identity.is_same(account.directory_ids, ids)]


def _ids(ids: Mapping[str, str]) -> list[str]:
    return sorted(set(ids.values()))


def _first_column(answer: Answer) -> list[str]:
    return [row[0] for row in answer.rows]


def _found(username: str, answer: Answer) -> Account | None:
    return decoded(username, answer.rows[0][0]) if answer.rows else None


def decoded(username: str, document: bytes) -> Account:
    """Return the account. Raises StoreDamaged."""
    account = _as(Account, username, document)
    if account.username != username:
        raise problems.damaged(f"The account {username}", "it belongs to another account")
    return account


def settings_of(settings: bytes) -> OrganizationSettings:
    """Return the settings. Raises StoreDamaged."""
    try:
        return msgspec.json.decode(settings, type=OrganizationSettings)
    except msgspec.MsgspecError as error:
        raise problems.damaged("The row of organization settings", error) from None


def _as(kind: type[T], username: str, document: bytes) -> T:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise problems.damaged(f"The account {username}", error) from None
