"""How a store's costs grow with its accounts, beside SQLite and stock TinyDB."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import mean, median
from time import perf_counter
from typing import Final, TypeAlias

from cwtui.accounts import roles
from cwtui.accounts.credentials import passwords
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Keyring
from cwtui.accounts.secret import Secret
from tests.bench.engines import FIRST, Engine, Ours, Sqlite, StockTinyDB
from tests.bench.measuring import Bench, Scale, medians, seconds
from tests.bench.people import ADMINS, PASSWORD, user
from tests.bench.signing_in import bcrypt_check
from tests.bench.table import Most, Row, duration

_SQLITE: Final = "SQLite, WAL, synchronous=FULL"
_STOCK: Final = "stock TinyDB"
_STOCK_MOST: Final = 100_000
"""The most accounts for stock TinyDB, which reads and writes all of them each time."""
_FEW_ROUNDS: Final = 3
"""Of what takes seconds."""
_BATCH: Final = 50
"""Quick calls are made several times in turn."""
_WARM: Final = 5_000
"""At most so many accounts are read before reading is measured."""
_LONG: Final = 0.9
"""A journal with this part of its greatest length is a long one."""
_BUDGET: Final = Most(2)
_SEED: Final = 2026
_LONG_AGO: Final = 1_700_000_000.0

Act: TypeAlias = Callable[[Engine, str], object]
Found: TypeAlias = dict[str, float]
"""Seconds by what was measured."""


def _open(engine: Engine, name: str) -> object:
    return engine.open(name)


def _read(engine: Engine, name: str) -> object:
    return engine.read(name)


def _update(engine: Engine, name: str) -> None:
    engine.update(name)


def _first_rows(engine: Engine, _: str) -> object:
    return engine.first_rows()


def _all_rows(engine: Engine, _: str) -> object:
    return engine.all_rows()


def _admins(engine: Engine, _: str) -> object:
    return engine.admins()


@dataclass
class Size:
    """A store and its rivals with the same accounts."""

    accounts: int
    scale: Scale
    ours: Ours
    sqlite: Sqlite
    stock: StockTinyDB | None
    random: Random = field(default_factory=lambda: Random(_SEED))  # noqa: S311  the same each time

    def name(self) -> str:
        return user(self.random.randrange(self.accounts))

    def times(self, act: Act, each: int, rounds: int, *engines: Engine) -> list[list[float]]:
        """How long each call took, by engine. They take turns, and get the same random names."""
        taken: list[list[float]] = [[] for _ in engines]
        for _ in range(rounds):
            names = [self.name() for _ in range(each)]
            for engine, its in zip(engines, taken, strict=True):
                gc.collect()
                its.extend(_seconds(act, engine, name) for name in names)
        return taken

    def compared(self, act: Act, each: int = _BATCH) -> tuple[float, float]:
        """The medians of our store and SQLite."""
        rounds = self.scale.rounds if each > 1 else min(self.scale.rounds, _FEW_ROUNDS)
        ours, theirs = self.times(act, each, rounds, self.ours, self.sqlite)
        return median(ours), median(theirs)

    def row(
        self, what: str, ours: float, theirs: float, most: Most | None = None, rival: str = _SQLITE
    ) -> Row:
        return Row(f"{what}, {self.accounts:,} accounts", ours, duration, rival, theirs, most)

    def beside_stock(self, ours: float, act: Act) -> Iterator[Row]:
        if self.stock is not None:
            rounds = min(self.scale.rounds, _FEW_ROUNDS)
            (theirs,) = self.times(act, 1, rounds, self.stock)
            yield Row("  the same", ours, duration, _STOCK, median(theirs))


def _seconds(act: Act, engine: Engine, name: str) -> float:
    started = perf_counter()
    result = act(engine, name)
    taken = perf_counter() - started
    if isinstance(result, AbstractContextManager):
        with result:  # closing it is not measured
            pass
    return taken


def rows(bench: Bench) -> Iterator[Row]:
    folder = bench.few.home.with_name("sizes")
    (check,) = medians(bench.scale.rounds, bcrypt_check(bench.scale.cost))
    by_size: dict[int, Found] = {}
    # What is there already need not be searched for garbage again and again.
    gc.collect()
    gc.freeze()
    for accounts in bench.scale.sizes:
        found = by_size[accounts] = {}
        yield from _of_size(folder, accounts, bench.scale, check, found)
        shutil.rmtree(folder)
    fewest, most = min(by_size), max(by_size)
    for what, taken in by_size[most].items():
        of_fewest, few = by_size[fewest][what], f"{fewest:,} accounts"
        yield Row(f"{what}, {most:,} accounts", taken, duration, few, of_fewest)


def _of_size(
    folder: Path, accounts: int, scale: Scale, check: float, found: Found
) -> Iterator[Row]:
    folder.mkdir()
    ours = Ours(folder / "ours")
    stock = StockTinyDB(folder / "stock.json", ours.keyring) if accounts <= _STOCK_MOST else None
    with closing(Sqlite(folder / "rival.sqlite", ours.keyring)) as sqlite:
        size = Size(accounts, scale, ours, sqlite, stock)
        yield from _insert(size)
        yield from _one_account(size, found)
        yield from _many_accounts(size, found)
        together = sum(found[what] for what in ("open", "read", "update"))
        yield size.row("open, read and update", together, check, rival="one bcrypt check")
    if stock is not None:
        stock.close()


def _insert(size: Size) -> Iterator[Row]:
    everyone = list(people(size.ours.keyring, size.accounts))
    ours = seconds(lambda: size.ours.insert(everyone))
    yield size.row("bulk insert", ours, seconds(lambda: size.sqlite.insert(everyone)))
    stock = size.stock
    if stock is not None:
        yield Row("  the same", ours, duration, _STOCK, seconds(lambda: stock.insert(everyone)))
    size.ours.compact()


def people(keyring: Keyring, accounts: int) -> Iterator[Account]:
    password = passwords.hash_password(Secret(PASSWORD), keyring, cost=4)
    for number in range(accounts):
        yield Account(
            username=user(number),
            created_at=_LONG_AGO,
            display_name=f"User {number}",
            roles=(roles.ADMIN if number < ADMINS else roles.MINIMUM,),
            password=password,
        )


def _one_account(size: Size, found: Found) -> Iterator[Row]:
    found["open"], theirs = size.compared(_open)
    yield size.row("open, with one account", found["open"], theirs, _BUDGET)
    yield from size.beside_stock(found["open"], _open)

    size.times(_read, min(size.accounts, _WARM), 1, size.ours, size.sqlite)
    found["read"], theirs = size.compared(_read)
    yield size.row("one account read", found["read"], theirs, _BUDGET)
    yield from size.beside_stock(found["read"], _read)

    each = min(size.scale.updates, _BATCH)
    rounds = size.scale.updates // each
    both = size.times(_update, each, rounds, size.ours, size.sqlite)
    found["update"], theirs = map(median, both)
    yield size.row("one account updated", found["update"], theirs, _BUDGET)
    ours, theirs = map(mean, both)
    yield Row("  mean, with new bases or checkpoints", ours, duration, _SQLITE, theirs)
    ours, theirs = map(max, both)
    yield Row("  the longest", ours, duration, _SQLITE, theirs)
    yield from size.beside_stock(found["update"], _update)

    _lengthen_journal(size)
    found["open with a long journal"], theirs = size.compared(_open)
    yield size.row("open with a long journal", found["open with a long journal"], theirs, _BUDGET)


def _lengthen_journal(size: Size) -> None:
    """Bring it near the length at which a new base is written."""
    longest, before = 0, size.ours.journal_size
    for _ in range(2 * size.scale.updates):
        size.ours.update(size.name())
        now = size.ours.journal_size
        if now < before:
            longest = before
        if longest and now > _LONG * longest:
            return
        before = now


def _many_accounts(size: Size, found: Found) -> Iterator[Row]:
    found["first rows"], theirs = size.compared(_first_rows)
    yield size.row(f"first {FIRST} rows", found["first rows"], theirs, _BUDGET)
    yield from size.beside_stock(found["first rows"], _first_rows)

    ours, theirs = size.compared(_all_rows, 1)
    yield size.row("all rows", ours, theirs)
    yield from size.beside_stock(ours, _all_rows)

    found["last-admin check"], theirs = size.compared(_admins, 1)
    yield size.row("last-admin check", found["last-admin check"], theirs)
    yield from size.beside_stock(found["last-admin check"], _admins)
