"""Requiring MFA of many accounts, one by one, beside SQLite doing the same writes."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from cwtui import services
from cwtui.accounts import first_admin
from cwtui.accounts.bulk import batches, plans
from cwtui.accounts.bulk.acts import Change
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.listing import View
from cwtui.accounts.model import Account
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator
from cwtui.accounts.updates import Update
from cwtui.store.accounts import TinyAccountStore
from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import PASSWORD, config_in
from tests.bench.table import Row, milliseconds

_OPERATOR = Operator("root")
_ROUNDS = 2
_LINE = b"x" * 260
"""As long as a line of the audit log."""


def rows(bench: Bench) -> Iterator[Row]:
    count = bench.scale.few
    ours, theirs = medians(
        _ROUNDS,
        lambda: _require(bench.folder / "bulk", count),
        lambda: _write(bench.folder / "bulk.db", count),
    )
    what = f"require MFA of {count:,} accounts, one by one"
    yield Row(what, ours, milliseconds, "SQLite, accounts and log", theirs)


def _accounts(count: int) -> list[Account]:
    return [Account(username=f"user-{n:06d}", created_at=1.0) for n in range(count)]


def _require(folder: Path, count: int) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    ports = services.create(config_in(folder))
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, _OPERATOR)
    with TinyAccountStore(config_in(folder).accounts_file).change() as change:
        change.put(*_accounts(count))
    selection = Selection(view=View("!role:admin mfa:none"))

    def act() -> None:
        plan = plans.plan(ports, _OPERATOR, Change(Update(mfa_required=True)), selection)
        report = batches.begin(ports, _OPERATOR, plan)
        batches.carry_out(ports, _OPERATOR, report, lambda *_: None)
        assert report.done == count

    taken = seconds(act)
    shutil.rmtree(folder)
    return taken


def _write(path: Path, count: int) -> float:
    """For each account, read it, and write it and an event in a transaction of its own."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID")
    database.execute("CREATE TABLE audit (n INTEGER PRIMARY KEY, line BLOB)")
    everyone = _accounts(count)
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO accounts VALUES (?, ?)",
        ((one.username, msgspec.json.encode(one)) for one in everyone),
    )
    database.execute("COMMIT")

    def act() -> None:
        for one in everyone:
            database.execute("BEGIN IMMEDIATE")
            found = database.execute("SELECT document FROM accounts WHERE name = ?", [one.username])
            account = msgspec.json.decode(found.fetchone()[0], type=Account)
            after = msgspec.json.encode(replace(account, mfa_required=True))
            database.execute(
                "UPDATE accounts SET document = ? WHERE name = ?", [after, one.username]
            )
            database.execute("INSERT INTO audit (line) VALUES (?)", [_LINE])
            database.execute("COMMIT")

    taken = seconds(act)
    database.close()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    return taken
