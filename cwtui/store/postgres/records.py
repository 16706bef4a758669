"""Sign-in records in the database: one row each, locked while it is changed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import msgspec

from cwtui.accounts import throttle
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import Others
from cwtui.accounts.throttle import Try
from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.access import Database, joined
from cwtui.store.postgres.attempts import Seen, record_of
from cwtui.store.postgres.columns import part_of
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.head import HEAD
from cwtui.store.postgres.last_sign_ins import LastSignIns
from cwtui.store.postgres.transactions import Transaction
from cwtui.store.postgres.trips import Answer, Often, Statement

T = TypeVar("T")

_GET: Final = "SELECT document, begun FROM cwtui.record WHERE username = %s"
_WAITING: Final = "SELECT username, document, begun FROM cwtui.record WHERE waits_until > 0"
_MANY: Final = (
    "SELECT username, document, begun FROM cwtui.record WHERE username > %s"
    " ORDER BY username LIMIT %s"
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
    " last_sign_in = excluded.last_sign_in, begun = '[]'"
)
_ADD: Final = (
    "WITH done AS (INSERT INTO cwtui.record (username, document, part, waits_until, last_sign_in)"
    " VALUES (%s, %s::jsonb, %s, %s, %s)"
    " ON CONFLICT (username) DO NOTHING RETURNING username) SELECT 1 / count(*) FROM done"
)
_SWAP: Final = Often(
    "WITH done AS (UPDATE cwtui.record SET document = %s::jsonb, waits_until = %s,"
    " last_sign_in = %s, begun = '[]'"
    " WHERE username = %s AND document = %s::jsonb AND begun = %s::jsonb RETURNING username)"
    " SELECT 1 / count(*) FROM done"
)
_SAME_SETTINGS: Final = Often(
    "SELECT 1 / count(*) FROM cwtui.organization WHERE settings = %s::jsonb"
)
"""These fail by a division by zero if something is not as it was seen."""
_REMOVE: Final = "DELETE FROM cwtui.record WHERE username = ANY (%s)"
_CROWD: Final = Often(
    "SELECT count(*) FROM (SELECT FROM cwtui.record WHERE part = %s AND username >= %s"
    " AND left(username, %s) = %s AND username <> %s LIMIT %s) AS crowd"
)
_OTHERS: Final = (
    "SELECT username, document, begun FROM cwtui.record WHERE part = %s AND username <> %s"
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
            return record_of(username, glance.records[username], glance.settings)
        head, (found,) = self._database.read(Statement(_GET, (username,)))
        seen = Seen(*found.rows[0]) if found.rows else None
        return record_of(username, seen, head.settings)

    def banned(self) -> dict[str, SignInRecord]:
        """Those whose last attempt is not applied yet may be missing."""
        head, (found,) = self._database.read(Statement(_WAITING))
        return {name: record_of(name, Seen(*row), head.settings) for name, *row in found.rows}

    def last_sign_ins(self) -> LastSignIns:
        return LastSignIns(self._database.rows)

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
        begun: Try | None = None,
    ) -> T:
        glance = self._database.glance
        before = glance.before(username, begun) if glance is not None else None
        if glance is not None and before is not None:
            glance.others = others  # they are looked at with what follows
            return step(record_of(username, before, glance.settings))[1]

        def act() -> T:
            with joined(self._database) as transaction:
                if glance is not None and transaction.goes_by_glance and username in glance.records:
                    result = _swap(transaction, glance, username, step)
                else:
                    result = self._update(transaction, username, step)
                looked_at = others or (glance.others if glance is not None else None)
                if looked_at is not None:
                    self._look_at_crowd(transaction, username, looked_at)
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
            if self._database.glance is not None:
                self._database.glance.others = None
            if sizes and sizes[-1] > others.most:
                self._database.repeated(lambda: self._change_others(username, others))

        transaction.later(_crowd(username, others), lambda answer: sizes.append(answer.rows[0][0]))
        transaction.after(clean)

    def _change_others(self, username: str, others: Others) -> None:
        with self._database.change() as transaction:
            asked = self._database.clock.here()
            counted, found, head = transaction.run(
                _crowd(username, others), Statement(_OTHERS, (part_of(username), username)), HEAD
            )
            if counted.rows[0][0] > others.most:  # otherwise somebody else was first
                settings = self._database.learn(head, asked, is_final=False).settings
                _change(transaction, found, settings, others)

    def _update(
        self,
        transaction: Transaction,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
    ) -> T:
        """Change the record under its lock."""
        asked = self._database.clock.here()
        take, found, head = transaction.run(
            Statement(_TAKE, (username, part_of(username))), Statement(_LOCK, (username,)), HEAD
        )
        if not found.rows:
            raise problems.Conflict(_("The record was removed at the same moment. Try again."))
        settings = self._database.learn(head, asked, is_final=False).settings
        seen = Seen(*found.rows[0])
        before = record_of(username, seen, settings)
        after, result = step(before)
        if after != before or not seen.is_whole:
            transaction.later(_put(username, after))
        elif take.affected and transaction.takes_others:
            transaction.later(Statement(_REMOVE, ([username],)))
        if self._database.glance is not None:
            is_there = after != SignInRecord()
            now = Seen(msgspec.json.encode(after)) if is_there else None
            self._database.glance.records[username] = now
        return result

    def all(self) -> Iterator[tuple[str, SignInRecord | CannotCheck]]:
        """Yield each record by username, or what is wrong with it. Raises CannotCheck."""
        after = ""
        while True:
            head, (found,) = self._database.read(Statement(_MANY, (after, _AT_ONCE)))
            if not found.rows:
                return
            for username, *row in found.rows:
                try:
                    yield username, record_of(username, Seen(*row), head.settings)
                except CannotCheck as error:
                    yield username, error
            after = found.rows[-1][0]


def _swap(
    transaction: Transaction,
    glance: Glance,
    username: str,
    step: Callable[[SignInRecord], tuple[SignInRecord, T]],
) -> T:
    """Change the record if it still is as it was seen. Otherwise the transaction fails."""
    seen = glance.records[username]
    before = record_of(username, seen, glance.settings)
    after, result = step(before)
    if after == before and (seen is None or seen.is_whole):
        # Nobody needs to know whether it still is.
        return result
    document = msgspec.json.encode(after)
    until, last = throttle.longest_wait(after, 0.0), after.last_sign_in
    if glance.is_kept and glance.settings is not None:
        transaction.later(Statement(_SAME_SETTINGS, (glance.settings.decode(),)))
    if seen is None:
        values = (username, document.decode(), part_of(username), until, last)
        transaction.later(Statement(_ADD, values))
    else:
        as_seen = (seen.document.decode(), seen.begun.decode())
        transaction.later(Statement(_SWAP, (document.decode(), until, last, username, *as_seen)))
    glance.records[username] = Seen(document)
    return result


def _crowd(username: str, others: Others) -> Statement:
    prefix = others.prefix
    values = (part_of(username), prefix, len(prefix), prefix, username, others.most + 1)
    return Statement(_CROWD, values)


def _change(transaction: Transaction, found: Answer, settings: bytes, others: Others) -> None:
    rows = {name: Seen(*row) for name, *row in found.rows}
    changed = others.change(_Others(rows, settings))
    gone = [name for name, record in changed.items() if record is None]
    if gone:
        transaction.later(Statement(_REMOVE, (gone,)))
    for name, record in changed.items():
        if record is not None:
            transaction.later(_put(name, record))


class _Others(Mapping[str, SignInRecord]):
    """Records that are decoded on access."""

    def __init__(self, rows: Mapping[str, Seen], settings: bytes) -> None:
        self._rows = rows
        self._settings = settings

    def __getitem__(self, username: str) -> SignInRecord:
        return record_of(username, self._rows[username], self._settings)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _put(username: str, record: SignInRecord) -> Statement:
    document = msgspec.json.encode(record).decode()
    until = throttle.longest_wait(record, 0.0)
    return Statement(_PUT, (username, document, part_of(username), until, record.last_sign_in))
