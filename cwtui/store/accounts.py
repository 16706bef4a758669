"""Accounts and organization settings in one TinyDB file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cwtui.accounts import roles
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.settings import OrganizationSettings
from cwtui.store.storage import AtomicStorage, NamedTable

_ACCOUNTS: Final = "accounts"
_SETTINGS: Final = "settings"
_ORGANIZATION: Final = "organization"


class TinyAccountStore:
    """The port AccountStore on a file; inside `change` also the port AccountsChange."""

    def __init__(self, path: Path) -> None:
        self._storage = AtomicStorage(path, _ACCOUNTS, _SETTINGS)
        self._accounts = NamedTable(self._storage, _ACCOUNTS)
        self._settings = NamedTable(self._storage, _SETTINGS)

    def get(self, username: str) -> Account | None:
        document = self._storage.documents(_ACCOUNTS).get(username)
        if document is None:
            return None
        account = self._storage.decoded(_ACCOUNTS, username, document, Account)
        if account.username != username:
            raise self._storage.damaged(_ACCOUNTS, username, "it is of another account")
        return account

    def is_empty(self) -> bool:
        return not self._storage.documents(_ACCOUNTS)

    def rows(self) -> list[AccountRow]:
        documents = self._storage.documents(_ACCOUNTS)
        decoded = self._storage.decoded
        return [decoded(_ACCOUNTS, key, documents[key], AccountRow) for key in sorted(documents)]

    def settings(self) -> OrganizationSettings:
        documents = self._storage.documents(_SETTINGS)
        for other in documents.keys() - {_ORGANIZATION}:
            raise self._storage.damaged(_SETTINGS, other, "there are no such settings")
        document = documents.get(_ORGANIZATION)
        if document is None:
            return OrganizationSettings()
        return self._storage.decoded(_SETTINGS, _ORGANIZATION, document, OrganizationSettings)

    @contextmanager
    def change(self) -> Iterator["TinyAccountStore"]:
        with self._storage.transaction():
            yield self

    def prepare(self) -> None:
        self._storage.prepare()

    def put(self, account: Account) -> None:
        self._accounts.put(account.username, account)

    def remove(self, username: str) -> None:
        self._accounts.drop(username)

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(
            row.username
            for row in self.rows()
            if row.enabled and row.origin is Origin.LOCAL and roles.ADMIN in row.roles
        )

    def put_settings(self, settings: OrganizationSettings) -> None:
        self._settings.put(_ORGANIZATION, settings)
