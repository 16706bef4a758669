"""Importing many accounts with their hashes, beside SQLite doing the same writes."""

import io
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cwtui import services
from cwtui.accounts import first_admin
from cwtui.accounts.importing import creating, formats, lines, planning
from cwtui.accounts.model import Account, PasswordHash
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Operator
from tests.bench.measuring import Bench, medians, seconds
from tests.bench.people import PASSWORD, config_in
from tests.bench.table import Row, milliseconds

_HASH = f"$2b$12${'u' * 53}"
_OPERATOR = Operator("root")
_ROUNDS = 2


def rows(bench: Bench) -> Iterator[Row]:
    count = bench.scale.many
    content = _file(count)
    ours, theirs, parsed = medians(
        _ROUNDS,
        lambda: _import(bench.folder / "imported", content),
        lambda: _write(bench.folder / "imported.db", count),
        lambda: seconds(lambda: list(_entries(content))),
    )
    what = f"import of {count:,} accounts with hashes"
    yield Row(what, ours, milliseconds, "SQLite, accounts and log", theirs)
    yield Row(f"{what}: reading the file", parsed, milliseconds)


def _file(count: int) -> bytes:
    people = (f"user-{n:06d},Person {n},yes,{_HASH}" for n in range(count))
    return "\n".join(["username,display_name,mfa_required,password_hash", *people]).encode()


def _entries(content: bytes) -> Iterator[object]:
    return formats.entries(lines.lines(io.BytesIO(content)))


def _import(folder: Path, content: bytes) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    ports = services.create(config_in(folder))
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, _OPERATOR)

    def act() -> None:
        found = formats.entries(lines.lines(io.BytesIO(content)))
        plan = planning.plan(ports, _OPERATOR, found)
        assert not plan.problems
        creating.create(ports, _OPERATOR, plan, lambda _: None, lambda *_: None, 1)

    taken = seconds(act)
    shutil.rmtree(folder)
    return taken


def _write(path: Path, count: int) -> float:
    """Write as many accounts and events of the same length in one transaction."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID")
    database.execute("CREATE TABLE audit (n INTEGER PRIMARY KEY, line BLOB)")

    def act() -> None:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO accounts VALUES (?, ?)", map(_account, range(count)))
        database.executemany(
            "INSERT INTO audit VALUES (?, ?)", ((n, b"x" * 290) for n in range(count))
        )
        database.execute("COMMIT")

    taken = seconds(act)
    database.close()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    return taken


def _account(number: int) -> tuple[str, bytes]:
    account = Account(
        username=f"user-{number:06d}",
        created_at=1_800_000_000.0,
        display_name=f"Person {number}",
        mfa_required=True,
        password=PasswordHash(None, _HASH),
        session_epoch=1 << 30,
    )
    return account.username, msgspec.json.encode(account)
