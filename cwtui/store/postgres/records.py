"""Sign-in records in the database: one row each, locked while it is changed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar
from zlib import crc32

import msgspec

from cwtui.accounts import throttle
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import Others
from cwtui.store.postgres import problems
from cwtui.store.postgres.connections import Statement
from cwtui.store.postgres.last_sign_ins import LastSignIns
from cwtui.store.postgres.transactions import Database, Transaction, joined

T = TypeVar("T")

PARTS: Final = 64
"""Records are crowded out part by part, as in files."""

_GET: Final = "SELECT document FROM cwtui.record WHERE username = %s"
_WAITING: Final = "SELECT username, document FROM cwtui.record WHERE waits_until > 0"
_MANY: Final = (
    "SELECT username, document FROM cwtui.record WHERE username > %s ORDER BY username LIMIT %s"
)
_TAKE: Final = (
    "INSERT INTO cwtui.record (username, document, part, waits_until)"
    " VALUES (%s, '{}', %s, 0) ON CONFLICT (username) DO NOTHING"
)
"""A record that is not there yet cannot be locked, so it is added first."""
_LOCK: Final = f"{_GET} FOR UPDATE"
_PUT: Final = (
    "INSERT INTO cwtui.record (username, document, part, waits_until, last_sign_in)"
    " VALUES (%s, %s::jsonb, %s, %s, %s) ON CONFLICT (username) DO UPDATE SET"
    " document = excluded.document, waits_until = excluded.waits_until,"
    " last_sign_in = excluded.last_sign_in"
)
_REMOVE: Final = "DELETE FROM cwtui.record WHERE username = ANY (%s)"
_CROWD: Final = (
    "SELECT count(*) FROM (SELECT FROM cwtui.record WHERE part = %s AND username >= %s"
    " AND left(username, %s) = %s AND username <> %s LIMIT %s) AS crowd"
)
_OTHERS: Final = (
    "SELECT username, document FROM cwtui.record WHERE part = %s AND username <> %s"
    " ORDER BY username FOR UPDATE"
)
_AT_ONCE: Final = 5000


class PostgresRecordStore:
    """The RecordStore port.

    A change of a thread that also changes accounts is part of that, once it was prepared.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, username: str) -> SignInRecord:
        rows = self._database.rows(Statement(_GET, (username,)))
        return decoded(username, rows[0][0]) if rows else SignInRecord()

    def banned(self) -> dict[str, SignInRecord]:
        rows = self._database.rows(Statement(_WAITING))
        return {username: decoded(username, document) for username, document in rows}

    def last_sign_ins(self) -> LastSignIns:
        return LastSignIns(self._database.rows)

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
    ) -> T:
        def act() -> T:
            with joined(self._database) as transaction:
                return _update(transaction, username, step, others)

        current = self._database.current
        # What belongs to a larger transaction cannot be repeated alone.
        return act() if current is not None else self._database.repeated(act)

    def remove(self, username: str) -> None:
        with joined(self._database) as transaction:
            transaction.later(Statement(_REMOVE, ([username],)))

    def all(self) -> Iterator[tuple[str, SignInRecord | CannotCheck]]:
        """Yield each record by username, or what is wrong with it. Raises CannotCheck."""
        after = ""
        while rows := self._database.rows(Statement(_MANY, (after, _AT_ONCE))):
            for username, document in rows:
                try:
                    yield username, decoded(username, document)
                except CannotCheck as error:
                    yield username, error
            after = rows[-1][0]


def _update(
    transaction: Transaction,
    username: str,
    step: Callable[[SignInRecord], tuple[SignInRecord, T]],
    others: Others | None,
) -> T:
    part = part_of(username)
    take, found = transaction.run(Statement(_TAKE, (username, part)), Statement(_LOCK, (username,)))
    if not found.rows:
        raise problems.Conflict("The record was removed at the same moment. Try again.")
    before = decoded(username, found.rows[0][0])
    after, result = step(before)
    # Only one more record with such a name can make them too many.
    if others is not None and username.startswith(others.prefix):
        _change_others(transaction, username, others)
    if after != before:
        transaction.later(_put(username, after))
    elif take.affected and transaction.takes_others:
        transaction.later(Statement(_REMOVE, ([username],)))
    return result


def _change_others(transaction: Transaction, username: str, others: Others) -> None:
    part, prefix = part_of(username), others.prefix
    crowd = Statement(_CROWD, (part, prefix, len(prefix), prefix, username, others.most + 1))
    (counted,) = transaction.run(crowd)
    if counted.rows[0][0] <= others.most:
        return
    (found,) = transaction.run(Statement(_OTHERS, (part, username)))
    changed = others.change(_Others(dict(found.rows)))
    gone = [name for name, record in changed.items() if record is None]
    if gone:
        transaction.later(Statement(_REMOVE, (gone,)))
    for name, record in changed.items():
        if record is not None:
            transaction.later(_put(name, record))


class _Others(Mapping[str, SignInRecord]):
    """Records that are decoded on access."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = documents

    def __getitem__(self, username: str) -> SignInRecord:
        return decoded(username, self._documents[username])

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)


def _put(username: str, record: SignInRecord) -> Statement:
    document = msgspec.json.encode(record).decode()
    until = throttle.longest_wait(record, 0.0)
    return Statement(_PUT, (username, document, part_of(username), until, record.last_sign_in))


def part_of(username: str) -> int:
    """Return the part that this user's record is in."""
    return crc32(username.encode()) % PARTS


def decoded(username: str, document: bytes) -> SignInRecord:
    """Return the record. Raises StoreDamaged."""
    try:
        return msgspec.json.decode(document, type=SignInRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise problems.damaged(f"The sign-in record of {username}", error) from None
