"""Open sessions in the database: a row for each, which its process notes every now and then.

A row that was not noted for two minutes is of a process or host that is gone. On the same host, a
process that is gone is known at once. All times are the database's. No connection is kept for a
session, so that poolers in transaction mode work.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from cwtui.accounts.model import EndAsked, OpenSession
from cwtui.host import processes
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.head import OWN_NAMES
from cwtui.store.postgres.problems import Cut
from cwtui.store.postgres.transactions import BEGIN, COMMIT, LIMITS
from cwtui.store.postgres.trips import Answer, Statement

TABLE: Final = (
    """
    CREATE TABLE cwtui.session (
        id text COLLATE "C" PRIMARY KEY,
        username text COLLATE "C" NOT NULL,
        document jsonb NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        active_at float8 NOT NULL,
        asked jsonb
    )
    """,
    "CREATE INDEX session_username ON cwtui.session (username)",
)

_QUICK: Final = Statement(
    f"SELECT {OWN_NAMES}, set_config('statement_timeout', '9000', true),"
    " set_config('lock_timeout', '8000', true), set_config('synchronous_commit', 'off', true)"
)
"""If the server loses such a row in a crash, the session notices and adds it again."""
_ADD: Final = (
    "INSERT INTO cwtui.session (id, username, document, active_at) VALUES (%s, %s, %s::jsonb, %s)"
    " ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()"
)
_NOTE: Final = (
    "UPDATE cwtui.session SET seen_at = clock_timestamp(), active_at = greatest(active_at, %s)"
    " WHERE id = %s AND seen_at < clock_timestamp() - interval '25 seconds'"
)
_ASKED: Final = "SELECT asked FROM cwtui.session WHERE id = %s"
_REMOVE: Final = "DELETE FROM cwtui.session WHERE id = %s"
_IS_OPEN: Final = "seen_at > clock_timestamp() - interval '2 minutes'"
_ALL: Final = (
    "SELECT id, document, active_at, asked IS NOT NULL FROM cwtui.session"  # noqa: S608  constants
    f" WHERE {_IS_OPEN} AND (%s::text IS NULL OR username = %s) LIMIT 10000"
)
_ASK: Final = (
    "UPDATE cwtui.session SET asked = %s::jsonb"  # noqa: S608  constants
    f" WHERE id = ANY (%s) AND {_IS_OPEN} RETURNING id"
)
_FORGET: Final = Statement(
    "DELETE FROM cwtui.session WHERE seen_at < clock_timestamp() - interval '1 day'"
)
"""A host that was suspended goes on with its sessions, and must find what they were asked."""


class _Process(Struct, frozen=True):
    """The process that notes a row, which is the service for a session of sshd.

    `kernel` says where it has this id: see `processes.kernel`.
    """

    kernel: str
    pid: Annotated[int, Meta(ge=1, lt=2**31)]
    began: str

    def has_ended(self, here: str) -> bool:
        """Whether it has, as far as that can be known on the kernel `here`."""
        is_here = self.kernel == here != ""
        return is_here and not processes.is_alive(self.pid, self.began)


class _Row(Struct, frozen=True):
    """What a document has besides the session. Rows of older versions lack it."""

    noted_by: _Process | None = None


class PostgresOpenSessions:
    """The OpenSessions port. Several threads may use it."""

    look_seconds = 10.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own: dict[str, OpenSession] = {}
        self._lock = Lock()

    def begin(self, session: OpenSession) -> None:
        self._write(_QUICK, _FORGET, _add(session))
        with self._lock:
            self._own[session.id] = session

    def look(self, id_: str, active_at: float) -> EndAsked | None:
        with self._lock:
            own = self._own.get(id_)
        if own is None:
            return None
        note, asked = Statement(_NOTE, (active_at, id_)), Statement(_ASKED, (id_,))
        found = self._write(_QUICK, note, asked)[-1].rows
        if not found:
            self._write(_QUICK, _add(replace(own, active_at=active_at)))
            return None
        return msgspec.json.decode(found[0][0], type=EndAsked) if found[0][0] else None

    def end(self, id_: str) -> None:
        with self._lock:
            own = self._own.get(id_)
        if own is not None:
            self._write(_QUICK, Statement(_REMOVE, (id_,)))
            with self._lock:
                self._own.pop(id_, None)

    def all(self, username: str | None = None) -> list[OpenSession]:
        rows = self._database.rows(Statement(_ALL, (username, username)))
        here = processes.kernel()
        found: list[OpenSession] = []
        for id_, document, active_at, is_ending in rows:
            # One row that is not as we write it must not hide all the others.
            with suppress(msgspec.MsgspecError):
                one = msgspec.json.decode(document, type=OpenSession)
                if not _has_ended(document, here):
                    found.append(replace(one, id=id_, active_at=active_at, is_ending=is_ending))
        return sorted(found, key=lambda one: (one.started_at, one.id))

    def ask_to_end(self, ids: Iterable[str], asked: EndAsked) -> frozenset[str]:
        values = (msgspec.json.encode(asked).decode(), [*ids])
        answer = self._write(LIMITS, Statement(_ASK, values))[-1]
        return frozenset(row[0] for row in answer.rows)

    def _write(self, *statements: Statement) -> Sequence[Answer]:
        """Write in one trip, in a transaction, and return the answers. Raises CannotCheck."""
        whole = [BEGIN, *statements, COMMIT]

        def send(*, new: bool) -> list[Answer]:
            with self._database.connections.one(new=new) as connection:
                return self._database.connections.send(connection, whole)[1:-1]

        # All of it can be repeated, so an answer that was lost need not be looked up.
        try:
            return self._database.repeated(lambda: send(new=False))
        except Cut:
            return send(new=True)


def _add(session: OpenSession) -> Statement:
    pid = os.getpid()
    process = _Process(processes.kernel(), pid, processes.began(pid))
    fields = msgspec.structs.asdict(session) | {"noted_by": process}
    document = msgspec.json.encode(fields).decode()
    return Statement(_ADD, (session.id, session.username, document, session.active_at))


def _has_ended(document: str, here: str) -> bool:
    process = msgspec.json.decode(document, type=_Row).noted_by
    return process is not None and process.has_ended(here)
