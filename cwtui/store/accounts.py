"""Accounts and organization settings in one TinyDB file."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

from msgspec import Struct, json

from cwtui.accounts import identity, roles
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import BY_USERNAME, AccountRow, Sort
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.protection import Protected, keys_of
from cwtui.store import schema_3
from cwtui.store.layout import Layout
from cwtui.store.storage import AtomicStorage, NamedTable, Tables, document_mentions

T = TypeVar("T")

_ACCOUNTS: Final = "accounts"
_SETTINGS: Final = "settings"
_ORGANIZATION: Final = "organization"
_KEYS: Final = "keys"
_NEEDED: Final = "needed"


class _NeededKeys(Struct, frozen=True, forbid_unknown_fields=True):
    ids: tuple[str, ...] = ()


class Contents(NamedTuple):
    """What a keyring is compared with. `needed` are the ids of the keys that the store needs."""

    is_empty: bool
    needed: frozenset[str]
    used: Callable[[], frozenset[str]]
    """Returns the keys in use. Reads every account. Raises CannotCheck."""

    def lacking(self, held: frozenset[str]) -> frozenset[str]:
        """Return the keys that are needed and in use, but not in `held`."""
        missing = self.needed - held
        # A key that is no longer in use may have been retired.
        return missing & self.used() if missing else missing


class _Rows:
    """The rows of one version of the file. Each is decoded when it is first needed, and kept."""

    def __init__(
        self, version: object, documents: Mapping[str, Any], decode: Callable[[str], AccountRow]
    ) -> None:
        self.version = version
        self.names = sorted(documents)
        self._decode = decode
        self._decoded: dict[str, AccountRow] = {}

    def between(self, after: AccountRow | None, *, backward: bool) -> Iterator[AccountRow]:
        """Yield the rows after this one, or with `backward`, before it."""
        names: Iterable[str] = self.names
        if after is not None and backward:
            names = self.names[: bisect_left(self.names, after.username)]
        elif after is not None:
            names = self.names[bisect_right(self.names, after.username) :]
        for name in reversed(list(names)) if backward else names:
            row = self._decoded.get(name)
            if row is None:
                row = self._decoded[name] = self._decode(name)
            yield row


class TinyAccountStore:
    """The AccountStore port on a file; inside `change` also the AccountsChange port."""

    def __init__(self, path: Path) -> None:
        self.check: Callable[[Contents], None] | None = None
        """Raises CannotCheck for contents that must not be used; called once per file version."""
        self._storage = AtomicStorage(
            path,
            _ACCOUNTS,
            _SETTINGS,
            _KEYS,
            migrations={3: schema_3.as_schema_4},
            check_is_there=Layout(path.parent).check_is_there,
            check_content=self._check_content,
        )
        self._accounts = NamedTable(self._storage, _ACCOUNTS)
        self._settings = NamedTable(self._storage, _SETTINGS)
        self._keys = NamedTable(self._storage, _KEYS)
        self._rows: _Rows | None = None
        """What `page` and `count` decoded last."""

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create a store without accounts. Raises CannotCheck, also if one already exists."""
        store = cls(path)
        store._storage.create()
        return store

    def contents(self) -> Contents:
        """Return what the keyring must match. Raises CannotCheck."""
        return self._contents_of(self._storage.read() or {})

    def get(self, username: str) -> Account | None:
        document = self._storage.documents(_ACCOUNTS).get(username)
        return None if document is None else self._decoded(username, document)

    def is_empty(self) -> bool:
        return not self._storage.documents(_ACCOUNTS)

    def username_at(self, number: int) -> str | None:
        documents = self._storage.documents(_ACCOUNTS)
        if not documents:
            return None
        return next(islice(documents, number % len(documents), None))

    def names(self) -> list[str]:
        """Return the usernames, sorted. Raises CannotCheck."""
        return sorted(self._storage.documents(_ACCOUNTS))

    def all(self) -> dict[str, Account]:
        """Return all accounts by username. Raises CannotCheck if one is damaged."""
        documents = self._storage.documents(_ACCOUNTS)
        return {name: self._decoded(name, document) for name, document in documents.items()}

    def rows(self) -> list[AccountRow]:
        return self._each(AccountRow, self._storage.documents(_ACCOUNTS))

    def page(
        self,
        query: Query[AccountRow],
        sort: Sort,
        after: AccountRow | None = None,
        limit: int | None = None,
    ) -> list[AccountRow]:
        rows = self._current_rows()
        if sort.column == BY_USERNAME.column:
            # Decodes no more than it must.
            following = rows.between(after, backward=sort.is_descending)
            return list(islice(query.select(following), limit))
        found = sort.sorted(query.select(rows.between(None, backward=False)))
        first = (
            bisect_left(found, True, key=lambda row: sort.is_after(row, after))
            if after is not None
            else 0
        )
        return found[first:][:limit]

    def count(self, query: Query[AccountRow]) -> int:
        rows = self._current_rows()
        if not query.terms:
            return len(rows.names)
        return sum(1 for _ in query.select(rows.between(None, backward=False)))

    def _current_rows(self) -> _Rows:
        version, documents = self._storage.version_of(_ACCOUNTS)
        rows = self._rows
        if rows is None or rows.version != version:
            rows = self._rows = _Rows(
                version,
                documents,
                lambda name: self._storage.decoded(_ACCOUNTS, name, documents[name], AccountRow),
            )
        return rows

    def of_person(self, ids: Mapping[str, str]) -> list[Account]:
        documents = self._storage.documents(_ACCOUNTS)
        needles = [json.encode(id_) for id_ in ids.values()]
        # Searching the raw bytes first leaves only few documents to decode.
        near = [name for name, kept in documents.items() if document_mentions(kept, *needles)]
        found = (self._decoded(name, documents[name]) for name in sorted(near))
        return [account for account in found if identity.is_same(account.directory_ids, ids)]

    def protected(self) -> list[Protected]:
        return self._each(Protected, self._storage.documents(_ACCOUNTS))

    def settings(self) -> OrganizationSettings:
        documents = self._storage.documents(_SETTINGS)
        return self._only(_SETTINGS, _ORGANIZATION, OrganizationSettings, documents)

    def needed_keys(self) -> frozenset[str]:
        documents = self._storage.documents(_KEYS)
        return frozenset(self._only(_KEYS, _NEEDED, _NeededKeys, documents).ids)

    def verify(self) -> None:
        """Raise StoreDamaged unless the file is exactly as cwtui wrote it."""
        self._storage.verify_checksum()

    @contextmanager
    def change(self) -> Iterator["TinyAccountStore"]:
        with self._storage.transaction():
            yield self

    def prepare(self) -> None:
        self._storage.prepare()

    def put(self, *accounts: Account) -> None:
        needed = self.needed_keys()
        others = [account for account in accounts if not keys_of(account) <= needed]
        added = frozenset[str]().union(*(self._added_keys(account) for account in others))
        if added:
            self.put_needed_keys(needed | added)
        self._accounts.put({account.username: account for account in accounts})

    def remove(self, username: str) -> None:
        self._accounts.drop(username)

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(
            row.username
            for row in self.rows()
            if row.enabled and row.origin is Origin.LOCAL and roles.ADMIN in row.roles
        )

    def put_settings(self, settings: OrganizationSettings) -> None:
        self._settings.put({_ORGANIZATION: settings})

    def put_needed_keys(self, ids: frozenset[str]) -> None:
        self._keys.put({_NEEDED: _NeededKeys(tuple(sorted(ids)))})

    def _added_keys(self, account: Account) -> frozenset[str]:
        # A key that was given up as lost must not become needed again by an account that had it.
        before = self.get(account.username)
        return keys_of(account) - (keys_of(before) if before is not None else frozenset())

    def _check_content(self, tables: Tables) -> None:
        if self.check is not None:
            self.check(self._contents_of(tables))

    def _contents_of(self, tables: Tables) -> Contents:
        accounts = tables.get(_ACCOUNTS, {})
        needed = self._only(_KEYS, _NEEDED, _NeededKeys, tables.get(_KEYS, {})).ids

        def used() -> frozenset[str]:
            return frozenset(key for row in self._each(Protected, accounts) for key in row.keys)

        return Contents(not accounts, frozenset(needed), used)

    def _each(self, kind: type[T], documents: dict[str, Any]) -> list[T]:
        return self._storage.decoded_all(_ACCOUNTS, documents, kind)

    def _decoded(self, username: str, document: Any) -> Account:
        account = self._storage.decoded(_ACCOUNTS, username, document, Account)
        if account.username != username:
            raise self._storage.damaged(_ACCOUNTS, username, "it belongs to another account")
        return account

    def _only(self, table: str, name: str, kind: type[T], documents: dict[str, Any]) -> T:
        """Return the only document of a table, or its default if there is none yet."""
        for other in documents.keys() - {name}:
            raise self._storage.damaged(table, other, "unknown entry")
        document = documents.get(name)
        if document is None:
            return kind()
        return self._storage.decoded(table, name, document, kind)
