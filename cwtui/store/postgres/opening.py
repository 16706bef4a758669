"""Opens the store in a database: its parts share the connections, and the time."""

from collections.abc import Callable
from typing import NamedTuple

from cwtui.store.postgres import schema
from cwtui.store.postgres.accounts import PostgresAccountStore
from cwtui.store.postgres.audit import PostgresAuditLog
from cwtui.store.postgres.clock import DatabaseClock
from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.records import PostgresRecordStore
from cwtui.store.postgres.transactions import Database


class Parts(NamedTuple):
    """The ports of one store."""

    accounts: PostgresAccountStore
    records: PostgresRecordStore
    audit: PostgresAuditLog
    clock: DatabaseClock
    connections: Connections

    def close(self) -> None:
        self.connections.close()


def is_there(url: str, read_password: Callable[[], str] | None = None) -> bool:
    """Whether the database has a store. Raises CannotCheck."""
    connections = Connections(url, read_password)
    try:
        return schema.is_there(Database(connections))
    finally:
        connections.close()


def create(url: str, read_password: Callable[[], str] | None = None) -> None:
    """Create a store without accounts, unless there is one. Raises CannotCheck."""
    connections = Connections(url, read_password)
    try:
        schema.create(Database(connections))
    finally:
        connections.close()


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
        database.clock,
        connections,
    )
