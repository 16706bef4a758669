"""The stores that must fulfil the contract. Add a new one to STORES."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cwtui.accounts.model import Account
from cwtui.accounts.ports import AccountStore, OpenSessions, RecordStore
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.open_sessions import FileOpenSessions
from cwtui.store.postgres import opening
from cwtui.store.records import TinyRecordStore
from tests.accounts.memory import MemoryAccounts, MemoryOpenSessions, MemoryRecords
from tests.servers import postgres as servers


@dataclass(frozen=True)
class Stores:
    """Opens the same stores again, as another process would."""

    accounts: Callable[[], AccountStore]
    records: Callable[[], RecordStore]
    sessions: Callable[[], OpenSessions]


def memory(_: Path) -> Stores:
    accounts, records, sessions = MemoryAccounts(), MemoryRecords(), MemoryOpenSessions()
    return Stores(lambda: accounts, lambda: records, lambda: sessions)


def tinydb(folder: Path) -> Stores:
    records = folder / "sign-in"
    records.mkdir(mode=0o700)
    TinyAccountStore.create(folder / "accounts.json")
    return Stores(
        lambda: TinyAccountStore(folder / "accounts.json"),
        lambda: TinyRecordStore(records),
        lambda: FileOpenSessions(folder / "sessions"),
    )


def postgres(_: Path) -> Stores:
    """The server starts with the run, for every test that takes a `store_kind`."""
    url = servers.wait(servers.of_run()).emptied_store()
    return Stores(
        lambda: opening.parts(url).accounts,
        lambda: opening.parts(url).records,
        lambda: opening.parts(url).sessions,
    )


STORES = {"memory": memory, "tinydb": tinydb, "postgres": postgres}


def put(store: AccountStore, *kept: Account) -> None:
    with store.change() as change:
        for account in kept:
            change.put(account)
