"""One trip to the database: statements that are sent together in one write, and their answers.

This speaks to libpq. psycopg's own pipeline makes a cursor for each statement and writes each by
itself, which costs 2.5 ms more of the processor in each sign-in.

Statements of a sign-in are prepared: the server parses and plans them once for each connection.
That needs a connection to the server itself. A pooler such as pgbouncer gives each transaction
another session, which knows other prepared statements. It does not pass on the number of the
server's process when a connection is made, so the server is asked for it in the first trip.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import psycopg
from psycopg import errors, generators
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import Loader, PyFormat, Transformer
from psycopg.errors import Diagnostic
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

ANSWER_SECONDS: Final = 12.0
"""How long an answer may take. The server itself gives up before that (see transactions)."""


class Often(str):
    """The SQL of a statement that is prepared, because each sign-in sends it."""

    __slots__ = ()


class Statement(NamedTuple):
    """A statement with its values, which never become part of its text."""

    sql: str
    values: Sequence[object] = ()


class Answer(NamedTuple):
    """What one statement returned: its rows, how many it concerned, and the command's name."""

    rows: list[Row]
    affected: int
    command: str


class _Ready(NamedTuple):
    """A statement as libpq sends it, with the types and formats of its values."""

    sql: str
    values: "Sequence[Buffer | None]"
    types: tuple[int, ...]
    formats: list[Format]

    @property
    def name(self) -> bytes:
        """The name to prepare it with, which nothing else can have: it follows from the text."""
        return b"cwtui_" + sha256(f"{self.sql}{self.types}".encode()).hexdigest()[:32].encode()


_DONE: Final = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_SERVER_PROCESS: Final = Statement("SELECT pg_catalog.pg_backend_pid()")


class Connection(psycopg.Connection[Row]):
    """A connection that waits for each answer only for a limited time."""

    gave_up_waiting = False
    """Whether the server committed without waiting for its standby any longer."""
    longest: float | None = None
    """How many seconds it waits for an answer, if not ANSWER_SECONDS."""
    _is_direct: bool | None = None
    """Whether it leads to the server itself; None if the server was not asked yet."""

    def set_up(self) -> None:
        """Do this once it is made."""
        self.add_notice_handler(self._note)
        self.adapters.register_loader("jsonb", _AsBytes)
        self.adapters.register_loader("json", _AsBytes)
        self._adapter = Transformer(self)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        """The names of prepared statements, by their text and the types of their values."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        return super().wait(gen, interval, timeout or self.longest or ANSWER_SECONDS)

    def answers(self, statements: Sequence[Statement], *, prepares: bool) -> list[Answer]:
        """Send these together, and return their answers. Raises psycopg.Error.

        `prepares`: whether statements may be prepared.
        """
        if self._is_direct is None:
            *answers, process = self._exchange([*statements, _SERVER_PROCESS], prepares=False)
            self._is_direct = process.rows[0][0] == self.info.backend_pid
            return answers
        return self._exchange(statements, prepares=prepares and self._is_direct)

    def _exchange(self, statements: Sequence[Statement], *, prepares: bool) -> list[Answer]:
        ready = [self._ready(one) for one in statements]
        try:
            preparing = self._put(ready, prepares=prepares)
            results = self.wait(self._results())
        except BaseException:
            self.close()  # answers may still be on the way
            raise
        for place, result in enumerate(results):
            if result.status not in _DONE:
                for one in (one for at, one in preparing.items() if at >= place):
                    del self._names[one.sql, one.types]  # the server did not come to these
                raise errors.error_from_result(result)
        return [
            self._answer(result) for place, result in enumerate(results) if place not in preparing
        ]

    def _ready(self, statement: Statement) -> _Ready:
        sql, values = statement
        adapter = self._adapter
        dumped = adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return _Ready(sql, dumped, adapter.types or (), adapter.formats or [])

    def _put(self, statements: Sequence[_Ready], *, prepares: bool) -> dict[int, _Ready]:
        """Put these into the buffer, so that they are sent in one write.

        Returns those that are prepared now, by the place of the answer to that.
        """
        preparing, answers = dict[int, _Ready](), 0
        self.pgconn.enter_pipeline_mode()
        for one in statements:
            if prepares and isinstance(one.sql, Often):
                name = self._names.get((one.sql, one.types))
                if name is None:
                    name = self._names[one.sql, one.types] = one.name
                    self.pgconn.send_prepare(name, _numbered(one.sql), one.types)
                    preparing[answers] = one
                    answers += 1
                self.pgconn.send_query_prepared(name, one.values, one.formats)
            else:
                sql = _numbered(one.sql)
                self.pgconn.send_query_params(sql, one.values, one.types, one.formats)
            answers += 1
        self.pgconn.pipeline_sync()
        return preparing

    def _results(self) -> PQGen[list[PGresult]]:
        """Send what is in the buffer, and return the results."""
        yield from generators.send(self.pgconn)
        results = list[PGresult]()
        while found := (yield from generators.fetch_many(self.pgconn)):
            if found[0].status == ExecStatus.PIPELINE_SYNC:
                self.pgconn.exit_pipeline_mode()
                return results
            results += found
        raise psycopg.OperationalError("the connection was closed")

    def _answer(self, result: PGresult) -> Answer:
        rows = list[Row]()
        if result.status == ExecStatus.TUPLES_OK:
            self._adapter.set_pgresult(result)
            rows = self._adapter.load_rows(0, result.ntuples, tuple)
        return Answer(rows, result.command_tuples or 0, (result.command_status or b"").decode())

    def _note(self, notice: Diagnostic) -> None:
        """Note a warning of the server that it gave up waiting: COMMIT succeeds all the same."""
        if notice.source_function == "SyncRepWaitForLSN":
            self.gave_up_waiting = True


class _AsBytes(Loader):
    """Loads JSON as the text that it is, for msgspec."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


@lru_cache(maxsize=256)
def _numbered(sql: str) -> bytes:
    """Return the statement as libpq takes it: with $1, $2 and so on for %s, and % for %%."""
    numbers = count(1)
    numbered = re.sub("%[s%]", lambda found: f"${next(numbers)}" if found[0] == "%s" else "%", sql)
    return numbered.encode()
