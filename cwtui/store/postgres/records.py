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
from cwtui.store.postgres.access import Database, joined
from cwtui.store.postgres.connections import Statement
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.last_sign_ins import LastSignIns
from cwtui.store.postgres.transactions import Transaction

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
_ADD: Final = (
    "WITH done AS (INSERT INTO cwtui.record (username, document, part, waits_until, last_sign_in)"
    " VALUES (%s, %s::jsonb, %s, %s, %s)"
    " ON CONFLICT (username) DO NOTHING RETURNING username) SELECT 1 / count(*) FROM done"
)
_SWAP: Final = (
    "WITH done AS (UPDATE cwtui.record SET document = %s::jsonb, waits_until = %s,"
    " last_sign_in = %s WHERE username = %s AND document = %s::jsonb RETURNING username)"
    " SELECT 1 / count(*) FROM done"
)
"""Both fail by a division by zero if the record is not as it was seen."""
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
        glance = self._database.glance
        if glance is not None and username in glance.records:
            document = glance.records[username]
            return decoded(username, document) if document is not None else SignInRecord()
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
                glance = self._database.glance if transaction.goes_by_glance else None
                if glance is not None and username in glance.records:
                    result = _swap(transaction, glance, username, step)
                else:
                    result = _update(transaction, self._database.glance, username, step)
                if others is not None:
                    self._look_at_crowd(transaction, username, others)
                return result

        return self._database.together(act)

    def together(self, act: Callable[[], T]) -> T:
        return self._database.together(act)

    def remove(self, *usernames: str) -> None:
        with joined(self._database) as transaction:
            transaction.later(Statement(_REMOVE, (list(usernames),)))

    def _look_at_crowd(self, transaction: Transaction, username: str, others: Others) -> None:
        """Change the other records afterwards, if there are too many by now.

        Every name is looked at alike, so that the time does not tell made-up names from others.
        """
        sizes: list[int] = []

        def clean() -> None:
            if sizes and sizes[-1] > others.most:
                self._database.repeated(lambda: self._change_others(username, others))

        transaction.later(_crowd(username, others), lambda answer: sizes.append(answer.rows[0][0]))
        transaction.after(clean)

    def _change_others(self, username: str, others: Others) -> None:
        with self._database.change() as transaction:
            _change_others(transaction, username, others)

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


def _swap(
    transaction: Transaction,
    glance: Glance,
    username: str,
    step: Callable[[SignInRecord], tuple[SignInRecord, T]],
) -> T:
    """Change the record if it still is as it was seen. Otherwise the transaction fails."""
    seen = glance.records[username]
    before = decoded(username, seen) if seen is not None else SignInRecord()
    after, result = step(before)
    if after == before:
        # Nobody needs to know whether it still is.
        return result
    document = msgspec.json.encode(after)
    until, last = throttle.longest_wait(after, 0.0), after.last_sign_in
    if seen is None:
        values = (username, document.decode(), part_of(username), until, last)
        transaction.later(Statement(_ADD, values))
    else:
        values_ = (document.decode(), until, last, username, seen.decode())
        transaction.later(Statement(_SWAP, values_))
    glance.records[username] = document
    return result


def _update(
    transaction: Transaction,
    glance: Glance | None,
    username: str,
    step: Callable[[SignInRecord], tuple[SignInRecord, T]],
) -> T:
    part = part_of(username)
    take, found = transaction.run(Statement(_TAKE, (username, part)), Statement(_LOCK, (username,)))
    if not found.rows:
        raise problems.Conflict("The record was removed at the same moment. Try again.")
    before = decoded(username, found.rows[0][0])
    after, result = step(before)
    if after != before:
        transaction.later(_put(username, after))
    elif take.affected and transaction.takes_others:
        transaction.later(Statement(_REMOVE, ([username],)))
    if glance is not None:
        glance.records[username] = msgspec.json.encode(after) if after != SignInRecord() else None
    return result


def _crowd(username: str, others: Others) -> Statement:
    prefix = others.prefix
    values = (part_of(username), prefix, len(prefix), prefix, username, others.most + 1)
    return Statement(_CROWD, values)


def _change_others(transaction: Transaction, username: str, others: Others) -> None:
    counted, found = transaction.run(
        _crowd(username, others), Statement(_OTHERS, (part_of(username), username))
    )
    if counted.rows[0][0] <= others.most:
        return  # somebody else was first
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
