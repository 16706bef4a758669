"""Build a whole store in a database out of another one, in one transaction.

Until it is committed, nobody sees anything of it, and an interruption leaves nothing behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import msgspec

from cwtui.accounts import throttle
from cwtui.accounts.audit.chain import NOTHING
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.batched import batched
from cwtui.accounts.errors import Refused
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.upkeep.copying import Step, Summary, Whole, stepping
from cwtui.language import _
from cwtui.store.postgres import audit, schema
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.account_changes import PUT, SET
from cwtui.store.postgres.columns import columns_of
from cwtui.store.postgres.transactions import Transaction
from cwtui.store.postgres.trips import Answer, Statement
from cwtui.store.postgres.whole import LONG, WholeDatabase, refuse_unless_locked

_AT_ONCE: Final = 2000
"""Rows that are written at once."""

_LOCK: Final = Statement("SELECT pg_try_advisory_xact_lock(%s)", (schema.LOCK,))
_IS_EMPTY: Final = Statement(
    "SELECT NOT EXISTS (SELECT FROM cwtui.account) AND NOT EXISTS (SELECT FROM cwtui.record)"
    " AND NOT EXISTS (SELECT FROM cwtui.audit) AND (SELECT n = 0 FROM cwtui.audit_head)"
)
_NAMED: Final = "SELECT to_regnamespace(%s) IS NOT NULL"
_RENAME: Final = "ALTER SCHEMA cwtui RENAME TO {}"
_HAS_LOG: Final = "SELECT n > 0 FROM cwtui.audit_head"
_AFTER_OTHERS: Final = Statement("SELECT FROM cwtui.organization FOR UPDATE")
"""Waits for changes that have begun. They would wait for the tables' locks, and these for them."""
_NOBODY_ELSE: Final = Statement(
    "LOCK TABLE cwtui.organization, cwtui.account, cwtui.record IN SHARE ROW EXCLUSIVE MODE"
)
_KEEP: Final = (
    "CREATE SCHEMA {}",
    "CREATE TABLE {}.account AS TABLE cwtui.account",
    "CREATE TABLE {}.record AS TABLE cwtui.record",
    "CREATE TABLE {}.organization AS TABLE cwtui.organization",
)
_EMPTY: Final = (
    "DELETE FROM cwtui.account",
    "DELETE FROM cwtui.record",
    "UPDATE cwtui.organization SET accounts = 0",
)
_RECORDS: Final = """
    INSERT INTO cwtui.record (username, document, part, waits_until, last_sign_in)
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (
        username text, document jsonb, part smallint, waits_until float8, last_sign_in float8
    )
"""
_KEEP_KEYRING: Final = (
    "UPDATE cwtui.organization SET keyring = (SELECT keyring FROM {}.organization)"
)
_LINES: Final = """
    INSERT INTO cwtui.audit (n, act, line)
    SELECT given.n, gen_random_uuid(), given.line
    FROM unnest(%s::bigint[], %s::bytea[]) AS given (n, line)
"""
_END: Final = (
    "UPDATE cwtui.audit_head SET n = %s, hash = %s, previous = '', first_n = %s,"
    " first_previous = %s"
)


class DatabaseTarget:
    """A store that is being written. `kept` is the schema with the one that was there, if any."""

    def __init__(self, transaction: Transaction, kept: str | None) -> None:
        self._transaction = transaction
        self.kept = kept

    def write(self, source: Whole, summary: Summary, step: Step) -> None:
        """Write everything. Raises CannotCheck."""
        self.write_tables(source, step)
        self.write_log(source, summary, step)

    def write_tables(self, source: Whole, step: Step) -> None:
        """Write everything but the audit log. Raises CannotCheck."""
        settings = msgspec.json.encode(source.settings()).decode()
        needed = msgspec.json.encode(sorted(source.needed_keys())).decode()
        self._write(SET, settings, needed)
        for accounts in batched(stepping(source.accounts(), step), _AT_ONCE):
            rows = [columns_of(account) for account in accounts]
            self._write(PUT, msgspec.json.encode(rows).decode())
        for part, records in source.records():
            for some in batched(stepping(iter(records.items()), step), _AT_ONCE):
                found = [_record(username, part, record) for username, record in some]
                self._write(_RECORDS, msgspec.json.encode(found).decode())

    def write_log(self, source: Whole, summary: Summary, step: Step) -> None:
        """Write the audit log. Raises CannotCheck."""
        for lines in batched(_rows(stepping(source.lines(), step)), _AT_ONCE):
            self._write(_LINES, [n for n, _ in lines], [content for _, content in lines])
        first, following = summary.chain
        begin = (first.n, first.hash) if first is not None else (1, NOTHING)
        self._write(_END, following.n - 1, following.hash, *begin)

    @contextmanager
    def whole(self) -> Iterator[WholeDatabase]:
        """Lend what was written, to read it back."""
        yield WholeDatabase(self._read)

    def append(self, event: Event) -> None:
        """Write an event to the audit log. Raises CannotCheck."""
        self._transaction.later(audit.appending([str(uuid4())], [event]))
        self._transaction.run()

    def _read(self, sql: str, *values: object) -> Answer:
        return self._transaction.run(Statement(sql, values))[0]

    def _write(self, sql: str, *values: object) -> None:
        self._transaction.later(Statement(sql, values))
        self._transaction.run()  # so that only few rows are in memory


class Replaced(DatabaseTarget):
    """A store whose accounts and records are replaced. Nobody else can change it meanwhile."""

    def has_log(self) -> bool:
        """Whether the audit log has events."""
        return bool(self._read(_HAS_LOG).rows[0][0])

    def set_aside(self, now: float) -> None:
        """Keep accounts, records and settings in tables of their own, and empty the store's."""
        self.kept = _free_name(self._transaction, "restore", now)
        for statement in _KEEP:
            self._write(statement.format(self.kept))
        for statement in _EMPTY:
            self._write(statement)


@contextmanager
def replaced(database: Database) -> Iterator[Replaced]:
    """Lend the store, or a new one, to replace what is in it; an exception undoes all.

    Raises CannotCheck.
    """
    _check_version(database)
    with database.change() as transaction:
        locked, _long = transaction.run(_LOCK, LONG)
        refuse_unless_locked(locked)
        if not schema.is_there_in(transaction):
            schema.create_in(transaction)
        transaction.run(_AFTER_OTHERS, _NOBODY_ELSE)
        yield Replaced(transaction, None)


@contextmanager
def new_store(
    database: Database, where: str, now: float, *, replace: bool
) -> Iterator[DatabaseTarget]:
    """Lend a store that is being written, and commit it at the end; an exception undoes all.

    Raises Refused if there is a store already, unless it is to be replaced, and CannotCheck.
    """
    _check_version(database)
    with database.change() as transaction:
        locked, _long = transaction.run(_LOCK, LONG)
        refuse_unless_locked(locked)
        kept: str | None = None
        is_there = schema.is_there_in(transaction)
        if is_there and not transaction.run(_IS_EMPTY)[0].rows[0][0]:
            if not replace:
                raise Refused(
                    _(
                        "There is a store in {where} already. Nothing was changed. To put the copy "
                        "in its place, add --replace. The old store is kept.",
                        where=where,
                    )
                )
            kept, is_there = _set_aside(transaction, now), False
        if not is_there:
            schema.create_in(transaction)
        if kept is not None:
            transaction.later(Statement(_KEEP_KEYRING.format(kept)))
        yield DatabaseTarget(transaction, kept)


def _check_version(database: Database) -> None:
    """Bring the tables to this version, if there are any. Raises CannotCheck, and StoreTooNew."""
    if schema.is_there(database):
        schema.check(database)


def _set_aside(transaction: Transaction, now: float) -> str:
    """Give the store's schema another name, and return it."""
    name = _free_name(transaction, "copy", now)
    transaction.later(Statement(_RENAME.format(name)))
    return name


def _free_name(transaction: Transaction, act: str, now: float) -> str:
    """Return a name for a schema with the old store."""
    while True:
        name = f"cwtui_before_{act}_{datetime.fromtimestamp(now, UTC):%Y%m%dt%H%M%Sz}"
        (found,) = transaction.run(Statement(_NAMED, (name,)))
        if not found.rows[0][0]:
            return name
        now += 1


def _record(username: str, part: int, record: SignInRecord) -> dict[str, object]:
    return {
        "username": username,
        "document": record,
        "part": part,
        "waits_until": throttle.longest_wait(record, 0.0),
        "last_sign_in": record.last_sign_in,
    }


def _rows(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the rows for these lines: each event, with the lines after it that are no events.

    So the hash of a row is what the next event contains.
    """
    n, kept = 0, list[bytes]()
    for line in lines:
        record = decode(line)
        if record is not None and record.n > n:
            if kept:
                yield (n or record.n - 1), b"\n".join(kept)
            n, kept = record.n, []
        kept.append(line)
    if kept:
        yield n, b"\n".join(kept)
