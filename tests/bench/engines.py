"""Three ways to keep the same accounts: cwtui's store, SQLite, and stock TinyDB.

All decode the JSON of an account into cwtui's own types.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol, cast

import msgspec
from tinydb import TinyDB, where

from cwtui import services
from cwtui.accounts import admins, roles
from cwtui.accounts.account_words import ALL_ACCOUNTS
from cwtui.accounts.listing import BY_USERNAME, AccountRow
from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountsChange, Keyring
from cwtui.accounts.settings import OrganizationSettings
from cwtui.store.accounts import TinyAccountStore
from tests.bench.people import config_in

FIRST: Final = 20
"""The rows that a list shows first."""

_decode: Final = msgspec.json.Decoder(Account).decode
_decode_row: Final = msgspec.json.Decoder(AccountRow).decode
_encode: Final = msgspec.json.Encoder().encode


class Engine(Protocol):
    """What is measured of each."""

    def insert(self, accounts: Sequence[Account]) -> None: ...

    def open(self, name: str) -> AbstractContextManager[object]:
        """Open it afresh, and read the settings and one account."""

    def read(self, name: str) -> Account: ...

    def update(self, name: str) -> None:
        """Read an account, change a field, and write it back."""

    def first_rows(self) -> list[AccountRow]: ...

    def all_rows(self) -> list[AccountRow]: ...

    def admins(self) -> frozenset[str]:
        """Return who could still sign in as an admin, as when an admin is to be removed."""


class Ours:
    def __init__(self, folder: Path) -> None:
        config = config_in(folder)
        self.keyring: Keyring = services.create(config).keyring
        self._path = config.accounts_file
        self._store = TinyAccountStore(self._path)

    def insert(self, accounts: Sequence[Account]) -> None:
        with self._store.change() as change:
            change.put(*accounts)

    def compact(self) -> None:
        self._store.compact()

    @property
    def journal_size(self) -> int:
        """The bytes of its lines, without the zeros after them."""
        journals = self._path.parent.glob("accounts-*.journal")
        return sum(len(one.read_bytes().rstrip(b"\0")) for one in journals)

    def open(self, name: str) -> AbstractContextManager[object]:
        store = TinyAccountStore(self._path)
        store.settings()
        _found(store.get(name), name)
        return nullcontext(store)

    def read(self, name: str) -> Account:
        return _found(self._store.get(name), name)

    def update(self, name: str) -> None:
        with self._store.change() as change:
            change.put(_changed(_found(change.get(name), name)))

    def first_rows(self) -> list[AccountRow]:
        return self._store.page(ALL_ACCOUNTS, BY_USERNAME, limit=FIRST)

    def all_rows(self) -> list[AccountRow]:
        return self._store.rows()

    def admins(self) -> frozenset[str]:
        with self._store.change() as change:
            return admins.who_can_sign_in(change, self.keyring, time.time())


class Sqlite:
    """One row per account, with its document; each change is synced to disk."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self._path = path
        self._keyring = keyring
        self._database = _connect(path)
        for table in ("accounts", "settings"):
            self._database.execute(
                f"CREATE TABLE {table} (name TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID"
            )
        settings = _encode(OrganizationSettings())
        self._database.execute("INSERT INTO settings VALUES ('organization', ?)", [settings])

    def close(self) -> None:
        self._database.close()

    def insert(self, accounts: Sequence[Account]) -> None:
        rows = ((account.username, _encode(account)) for account in accounts)
        with _committed(self._database):
            self._database.executemany("INSERT INTO accounts VALUES (?, ?)", rows)

    def open(self, name: str) -> AbstractContextManager[object]:
        database = _connect(self._path)
        (settings,) = database.execute("SELECT document FROM settings").fetchone()
        msgspec.json.decode(settings, type=OrganizationSettings)
        _found(_of(database, name), name)
        return closing(database)

    def read(self, name: str) -> Account:
        return _found(_of(self._database, name), name)

    def update(self, name: str) -> None:
        with _committed(self._database):
            document = _encode(_changed(self.read(name)))
            self._database.execute(
                "UPDATE accounts SET document = ? WHERE name = ?", (document, name)
            )

    def first_rows(self) -> list[AccountRow]:
        found = self._database.execute(
            "SELECT document FROM accounts ORDER BY name LIMIT ?", [FIRST]
        )
        return [_decode_row(document) for (document,) in found]

    def all_rows(self) -> list[AccountRow]:
        found = self._database.execute("SELECT document FROM accounts ORDER BY name")
        return [_decode_row(document) for (document,) in found]

    def admins(self) -> frozenset[str]:
        with _committed(self._database):
            found = self._database.execute(
                "SELECT document FROM accounts WHERE document ->> '$.roles' LIKE ?"
                " AND coalesce(document ->> '$.enabled', 1)"
                " AND coalesce(document ->> '$.origin', 'local') = 'local'",
                [f'%"{roles.ADMIN}"%'],
            )
            accounts = [_decode(document) for (document,) in found]
        return _who_can_sign_in(accounts, self._keyring)


class StockTinyDB:
    """TinyDB as it comes. It reads the whole file each time, and does not sync what it writes."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self._path = path
        self._keyring = keyring
        self._database = TinyDB(path)
        settings = msgspec.to_builtins(OrganizationSettings())
        self._database.table("settings").insert(settings)

    def close(self) -> None:
        self._database.close()

    def insert(self, accounts: Sequence[Account]) -> None:
        self._database.table("accounts").insert_multiple(map(_plain, accounts))

    def open(self, name: str) -> AbstractContextManager[object]:
        database = TinyDB(self._path)
        msgspec.convert(database.table("settings").all()[0], OrganizationSettings)
        _found(_in(database, name), name)
        return closing(database)

    def read(self, name: str) -> Account:
        return _found(_in(self._database, name), name)

    def update(self, name: str) -> None:
        changed = _plain(_changed(self.read(name)))
        self._database.table("accounts").update(changed, where("username") == name)

    def first_rows(self) -> list[AccountRow]:
        table = self._database.table("accounts")
        return [msgspec.convert(one, AccountRow) for one in islice(table, FIRST)]

    def all_rows(self) -> list[AccountRow]:
        table = self._database.table("accounts")
        return [msgspec.convert(one, AccountRow) for one in table]

    def admins(self) -> frozenset[str]:
        table = self._database.table("accounts")
        table.clear_cache()  # else the answer would be the last one, whatever is in the file now
        found = table.search(
            where("roles").any([roles.ADMIN])
            & ~(where("enabled") == False)  # noqa: E712  TinyDB's way
            & ~(where("origin") == "ldap")
        )
        accounts = [msgspec.convert(one, Account) for one in found]
        return _who_can_sign_in(accounts, self._keyring)


class _Admins(dict[str, Account]):
    """What the rule about the last admin needs of a change."""

    def several(self, usernames: Sequence[str]) -> list[Account | None]:
        return list(map(self.get, usernames))

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(self)


def _who_can_sign_in(accounts: Iterable[Account], keyring: Keyring) -> frozenset[str]:
    change = cast("AccountsChange", _Admins({one.username: one for one in accounts}))
    return admins.who_can_sign_in(change, keyring, time.time())


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


@contextmanager
def _committed(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    yield
    database.execute("COMMIT")


def _of(database: sqlite3.Connection, name: str) -> Account | None:
    found = database.execute("SELECT document FROM accounts WHERE name = ?", [name]).fetchone()
    return _decode(found[0]) if found is not None else None


def _in(database: TinyDB, name: str) -> Account | None:
    found = database.table("accounts").get(where("username") == name)
    return msgspec.convert(found, Account) if found is not None else None


def _plain(account: Account) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(account)
    return plain


def _changed(account: Account) -> Account:
    return account.changed(mfa_required=not account.mfa_required)


def _found(account: Account | None, name: str) -> Account:
    if account is None or account.username != name:
        raise LookupError(name)
    return account
