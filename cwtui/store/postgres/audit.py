"""The audit log in the database: rows that are only added, in the same chain as in files."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from cwtui.accounts.audit.chain import NOTHING, Ends, Link
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import Line, Position, encode
from cwtui.accounts.errors import CannotCheck
from cwtui.store.postgres.connections import Answer, Statement
from cwtui.store.postgres.problems import Exists
from cwtui.store.postgres.transactions import Database

_NAME: Final = "the audit log"
_FEW: Final = 32
_MANY: Final = 2048
"""How many lines are read at once, at first and at most."""
_MORE: Final = 4

_APPEND: Final = "SELECT cwtui.append_event(%s::uuid, %s)"
_FOUND: Final = "SELECT line FROM cwtui.audit WHERE act = %s::uuid"
_HEAD: Final = "SELECT n, hash FROM cwtui.audit_head"
_FORWARD: Final = "SELECT n, line FROM cwtui.audit WHERE n > %s ORDER BY n LIMIT %s"
_BACKWARD: Final = "SELECT n, line FROM cwtui.audit WHERE n <= %s ORDER BY n DESC LIMIT %s"
_LAST: Final = (1 << 63) - 1


class PostgresAuditLog:
    """The AuditLog port. `copy` is called with each line once it is in the database.

    The database numbers and chains the events, one after the other. Each has a number of its own
    too, so that it is not written twice if the connection is lost.
    """

    def __init__(self, database: Database, copy: Callable[[bytes], None] | None = None) -> None:
        self._database = database
        self._copy = copy

    def append(self, event: Event) -> None:
        act = str(uuid.uuid4())
        statement = Statement(_APPEND, (act, _event(event)))
        current = self._database.current
        if current is not None and current.can_take:
            # Committed together with the change of accounts that it is about.
            answers: list[Answer] = []
            with current.taking() as transaction:
                transaction.later(statement, answers.append)
                transaction.after(lambda: self._tell(act, answers))
            return
        try:
            answers = [self._database.add(statement)]
        except Exists:
            answers = []
        self._tell(act, answers)

    def lines(self, start: Position) -> Iterator[Line]:
        after, count = start.line, _FEW
        while rows := self._database.rows(Statement(_FORWARD, (after, count))):
            yield from (_line(*row) for row in rows)
            after, count = rows[-1][0], min(count * _MORE, _MANY)

    def lines_before(self, position: Position | None) -> Iterator[Line]:
        last, count = (position.line if position is not None else _LAST), _FEW
        while rows := self._database.rows(Statement(_BACKWARD, (last, count))):
            yield from (_line(*row) for row in rows)
            last, count = rows[-1][0] - 1, min(count * _MORE, _MANY)

    def ends(self) -> Ends | None:
        ((n, hash_),) = self._database.rows(Statement(_HEAD)) or [(0, "")]
        return Ends(Link(1, NOTHING), Link(n, hash_)) if n else None

    def _tell(self, act: str, answers: list[Answer]) -> None:
        """Copy the line. Without an answer, because that was lost, it is read again."""
        if self._copy is None:
            return
        # The event is recorded, so errors from here on must not say otherwise.
        with suppress(CannotCheck):
            found = answers or self._database.read(Statement(_FOUND, (act,)))[1]
            self._copy(bytes(found[0].rows[0][0]))


def _line(n: int, content: bytes) -> Line:
    # A line is found by its number. Its length is that of the step to the next number.
    return Line(Position(1, n - 1, n - 1), _NAME, bytes(content), 1)


_NUMBERED: Final = b'{"n":0,"previous":"",'


def _event(event: Event) -> str:
    """Return the rest of the event's line, to which the database adds its number and the hash."""
    line = encode(event, 0, "")
    if not line.startswith(_NUMBERED):
        message = "a line of the audit log begins in another way"
        raise RuntimeError(message)
    return line.removeprefix(_NUMBERED).decode()
