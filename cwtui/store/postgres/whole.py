"""A whole store in a database, in one transaction, to copy it while others go on using it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from cwtui.accounts.audit.chain import Ends
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.upkeep.copying import Size
from cwtui.language import _
from cwtui.store.postgres import audit, schema
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.attempts import Seen, record_of
from cwtui.store.postgres.columns import PARTS
from cwtui.store.postgres.head import OWN_NAMES, Head, ids_of
from cwtui.store.postgres.rows import ADMINS, Read, decoded, documents, settings_of
from cwtui.store.postgres.trips import Answer, Statement

_AT_ONCE: Final = 2000
"""Records or events that are read at once."""

_BEGIN: Final = Statement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
LONG: Final = Statement(
    f"SELECT {OWN_NAMES}, set_config('idle_in_transaction_session_timeout', '1800000', true)"
)
"""What is copied to or from may be slow: half an hour, in milliseconds."""
_SHARED: Final = Statement("SELECT pg_try_advisory_xact_lock_shared(%s)", (schema.LOCK,))
"""While it is held, nobody else migrates the store or replaces it by a copy."""
_ROLLBACK: Final = Statement("ROLLBACK")

_HEAD: Final = "SELECT accounts, needed_keys, settings FROM cwtui.organization"
_COUNTS: Final = (
    "SELECT (SELECT count(*) FROM cwtui.account), (SELECT count(*) FROM cwtui.record),"
    " (SELECT count(*) FROM cwtui.audit)"
)
_RECORDS: Final = (
    "SELECT username, document, begun FROM cwtui.record WHERE part = %s AND username > %s"
    " ORDER BY username LIMIT %s"
)
_LINES: Final = "SELECT n, line FROM cwtui.audit WHERE n > %s ORDER BY n LIMIT %s"


class WholeDatabase(NamedTuple):
    """The Whole port. `read` runs a statement in a transaction that sees one instant."""

    read: Read

    def size(self) -> Size:
        return Size(*self.read(_COUNTS).rows[0])

    def settings(self) -> OrganizationSettings:
        return settings_of(self._head().settings)

    def needed_keys(self) -> frozenset[str]:
        return self._head().needed_keys

    def enabled_local_admins(self) -> frozenset[str]:
        return frozenset(row[0] for row in self.read(ADMINS).rows)

    def accounts(self) -> Iterator[Account]:
        return (decoded(username, document) for username, document in documents(self.read))

    def records(self) -> Iterator[tuple[int, Mapping[str, SignInRecord]]]:
        settings = self._head().settings
        for part in range(PARTS):
            found = dict(self._records(part, settings))
            if found:
                yield part, found

    def _records(self, part: int, settings: bytes) -> Iterator[tuple[str, SignInRecord]]:
        after = ""
        while rows := self.read(_RECORDS, part, after, _AT_ONCE).rows:
            yield from ((name, record_of(name, Seen(*row), settings)) for name, *row in rows)
            after = rows[-1][0]

    def lines(self) -> Iterator[bytes]:
        after = -1
        while rows := self.read(_LINES, after, _AT_ONCE).rows:
            for n, content in rows:
                yield from (line.content for line in audit.lines_of(n, content))
            after = rows[-1][0]

    def ends(self) -> Ends | None:
        return audit.ends_of(self.read(audit.ENDS).rows)

    def _head(self) -> Head:
        accounts, needed, settings = self.read(_HEAD).rows[0]
        return Head(accounts, ids_of(needed), settings)


@contextmanager
def at_one_instant(database: Database) -> Iterator[WholeDatabase]:
    """Lend everything as it is now. Raises CannotCheck."""
    schema.check(database)
    with database.connections.one(new=True) as connection:

        def read(sql: str, *values: object) -> Answer:
            return database.connections.send(connection, [Statement(sql, values)])[0]

        _, _, locked = database.connections.send(connection, [_BEGIN, LONG, _SHARED])
        refuse_unless_locked(locked)
        try:
            yield WholeDatabase(read)
        finally:
            if not connection.closed:
                with suppress(CannotCheck):
                    database.connections.send(connection, [_ROLLBACK])


def refuse_unless_locked(answer: Answer) -> None:
    """Raise CannotCheck if this answer says that somebody else has the lock."""
    if not answer.rows[0][0]:
        raise CannotCheck(
            _(
                "Somebody else creates, migrates or copies the store in this database at the "
                "moment. Or both names lead to the same database. Nothing was changed."
            )
        )
