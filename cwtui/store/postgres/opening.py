"""Opens the store in a database: its parts share the connections, and the time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from cwtui.store.postgres import address, schema
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.accounts import PostgresAccountStore
from cwtui.store.postgres.audit import PostgresAuditLog
from cwtui.store.postgres.clock import DatabaseClock
from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.keyring import KeyringRow
from cwtui.store.postgres.open_sessions import PostgresOpenSessions
from cwtui.store.postgres.records import PostgresRecordStore
from cwtui.store.postgres.trips import Statement


class Parts(NamedTuple):
    """The ports of one store."""

    accounts: PostgresAccountStore
    records: PostgresRecordStore
    audit: PostgresAuditLog
    sessions: PostgresOpenSessions
    clock: DatabaseClock
    connections: Connections
    keyring: KeyringRow

    def close(self) -> None:
        self.connections.close()


_NOW: Final = Statement("SELECT extract(epoch FROM clock_timestamp())::float8")
_IS_READ_ONLY: Final = Statement("SELECT current_setting('transaction_read_only')::boolean")


@contextmanager
def opened(url: str, read_password: Callable[[], str] | None = None) -> Iterator[Database]:
    """Lend the database, which may have no store. Raises CannotCheck."""
    connections = Connections(url, read_password)
    try:
        yield Database(connections)
    finally:
        connections.close()


def is_there(url: str, read_password: Callable[[], str] | None = None) -> bool:
    """Whether the database has a store. Raises CannotCheck."""
    with opened(url, read_password) as database:
        return schema.is_there(database)


def is_read_only(url: str, read_password: Callable[[], str] | None = None) -> bool:
    """Whether nothing can be written, as in a replica. Raises CannotCheck."""
    with opened(url, read_password) as database:
        return bool(database.ask(_IS_READ_ONLY)[0].rows[0][0])


def clock(url: str, read_password: Callable[[], str] | None = None) -> DatabaseClock:
    """Return a clock that knows the database's time. It need not have a store.

    Raises CannotCheck.
    """
    with opened(url, read_password) as database:
        asked = database.clock.here()
        (answer,) = database.ask(_NOW)
        database.clock.learn(answer.rows[0][0], asked, database.clock.here())
        return database.clock


def create(url: str, read_password: Callable[[], str] | None = None) -> None:
    """Create a store without accounts, unless there is one. Raises CannotCheck."""
    with opened(url, read_password) as database:
        schema.create(database)


def parts(
    url: str,
    read_password: Callable[[], str] | None = None,
    copy: Callable[[bytes], None] | None = None,
) -> Parts:
    """Open an existing store. Raises CannotCheck."""
    connections = Connections(url, read_password)
    database = Database(connections)
    schema.check(database)
    return Parts(
        PostgresAccountStore(database),
        PostgresRecordStore(database),
        PostgresAuditLog(database, copy),
        PostgresOpenSessions(database),
        database.clock,
        connections,
        KeyringRow(database, f"in {address.shown(url)}"),
    )
