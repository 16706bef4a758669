"""One change of accounts and organization settings, which nobody else can make meanwhile."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from cwtui.accounts.model import Account
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.protection import Protected, newly_needed
from cwtui.store.postgres.columns import columns_of
from cwtui.store.postgres.head import Head
from cwtui.store.postgres.rows import (
    ADMINS,
    OF_PERSON,
    ONE,
    SEVERAL,
    WITH_KEY,
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

_AT_ONCE: Final = 2000
"""Accounts that are written in one trip."""

_DROP: Final = """
    WITH gone AS (DELETE FROM cwtui.account WHERE username = ANY (%s) RETURNING username)
    UPDATE cwtui.organization SET accounts = accounts - (SELECT count(*) FROM gone)
"""
PUT: Final = """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (
            username text, document jsonb, listed json, folded_name text, origin text,
            roles text[], enabled boolean, mfa_required boolean, has_second_factor boolean,
            created_at float8, enabled_at float8, expires_at float8, directory_ids text[],
            ssh_keys text[], place bigint
        )
    ), put AS (
        INSERT INTO cwtui.account (
            username, document, listed, folded_name, origin, roles, enabled, mfa_required,
            has_second_factor, created_at, enabled_at, expires_at, directory_ids, ssh_keys, place
        )
        SELECT * FROM given
        ON CONFLICT (username) DO UPDATE SET
            document = excluded.document, listed = excluded.listed,
            folded_name = excluded.folded_name, origin = excluded.origin, roles = excluded.roles,
            enabled = excluded.enabled, mfa_required = excluded.mfa_required,
            has_second_factor = excluded.has_second_factor, created_at = excluded.created_at,
            enabled_at = excluded.enabled_at, expires_at = excluded.expires_at,
            directory_ids = excluded.directory_ids, ssh_keys = excluded.ssh_keys
        RETURNING xmax = 0 AS is_new
    )
    UPDATE cwtui.organization
    SET accounts = accounts + (SELECT count(*) FROM put WHERE is_new)
"""
SET: Final = "UPDATE cwtui.organization SET settings = %s::jsonb, needed_keys = %s::jsonb"


class Change:
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
            self._known[username] = found_in(username, self._read(ONE, username))
        return self._known[username]

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        new = [name for name in usernames if name not in self._known]
        if new:
            self._known.update(zip(new, several_in(new, self._read(SEVERAL, new)), strict=True))
        return [self._known[name] for name in usernames]

    def put(self, *accounts: Account) -> None:
        self._check_is_open()
        needed = self.needed_keys()
        added = newly_needed(accounts, needed, self.get)
        if added:
            self.put_needed_keys(needed | added)
        for account in accounts:
            self._known[account.username] = self._changed[account.username] = account

    def remove(self, username: str) -> None:
        self._check_is_open()
        self._known[username] = self._changed[username] = None

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        return same_person(self._read_all(OF_PERSON, ids_in(ids)), ids)

    def with_ssh_key(self, key: bytes) -> list[str]:
        return first_column(self._read_all(WITH_KEY, sha256(key).hexdigest()))

    def is_empty(self) -> bool:
        (found,) = self._read_all("SELECT accounts FROM cwtui.organization").rows
        return not found[0]

    def names(self) -> list[str]:
        return list(names_by(self._read_all))

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(first_column(self._read_all(ADMINS)))

    def protected(self) -> list[Protected]:
        return list(protected_by(self._read_all))

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
        self._transaction.take_others()

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
            if start:
                self._transaction.run()  # an answer must come in time, however many there are
            rows = [columns_of(account) for account in put[start : start + _AT_ONCE]]
            self._transaction.later(Statement(PUT, (msgspec.json.encode(rows).decode(),)))
        if self._is_set:
            settings = msgspec.json.encode(self.settings()).decode()
            needed = msgspec.json.encode(sorted(self.needed_keys())).decode()
            self._transaction.later(Statement(SET, (settings, needed)))
            self._is_set = False

    def end(self) -> None:
        self._is_over = True

    def _check_is_open(self) -> None:
        if self._is_over:
            message = "changed outside of a change"
            raise RuntimeError(message)

    def _head(self) -> Head:
        head = self._transaction.head
        return head if head is not None else self._transaction.lock_head()[0]

    def _read_all(self, sql: str, *values: object) -> Answer:
        """Read after everything that was changed."""
        self._head()
        self.flush()
        return self._read(sql, *values)

    def _read(self, sql: str, *values: object) -> Answer:
        statement = Statement(sql, values)
        if self._transaction.head is None:
            return self._transaction.lock_head(statement)[1][0]
        return self._transaction.run(statement)[0]
