"""Reading one account from a file that was not read before."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from tinydb import TinyDB, where

from cwtui.store.accounts import TinyAccountStore
from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import Store, user
from tests.bench.table import Most, Row, milliseconds


def rows(bench: Bench) -> Iterator[Row]:
    store = bench.few
    path, stock = store.config.accounts_file, as_stock_tinydb(store)
    name = user(store.accounts // 2)
    ours, theirs = medians(
        bench.scale.rounds,
        lambda: seconds(lambda: read(path, name)),
        lambda: seconds(lambda: read_stock(stock, name)),
    )
    yield Row(
        f"one account read, {store.accounts:,} accounts, cold",
        ours,
        milliseconds,
        "stock TinyDB, the same data",
        theirs,
        Most(0.1),
    )


def read(path: Path, name: str) -> None:
    found = TinyAccountStore(path).get(name)
    if found is None or found.username != name:
        raise LookupError(name)


def read_stock(path: Path, name: str) -> None:
    with TinyDB(path) as database:
        found = database.table("accounts").get(where("username") == name)
    if not isinstance(found, dict) or found["username"] != name:
        raise LookupError(name)


def as_stock_tinydb(store: Store) -> Path:
    """The same accounts, numbered, as plain TinyDB writes them."""
    content = msgspec.json.decode(store.config.accounts_file.read_bytes())
    numbered = {str(n): one for n, one in enumerate(content["accounts"].values(), start=1)}
    path = store.home / "stock.json"
    path.write_bytes(msgspec.json.encode({"accounts": numbered}))
    return path
