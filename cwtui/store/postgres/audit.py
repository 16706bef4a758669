"""The audit log in the database: rows that are only added, in the same chain as in files."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final

from cwtui.accounts.audit.chain import NOTHING, Ends, Link
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import Line, Position, encode
from cwtui.accounts.batched import batched
from cwtui.accounts.errors import CannotCheck
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.problems import Exists
from cwtui.store.postgres.trips import Answer, Often, Statement

_NAME: Final = "the audit log"
_FEW: Final = 32
_MANY: Final = 2048
"""How many lines are read at once, at first and at most."""
_MORE: Final = 4
_AT_ONCE: Final = 1000
"""Events that one statement adds."""

FUNCTION: Final = (
    # The only way to add events for roles without rights to these tables. The lock makes others
    # wait, so that events are chained one after the other. The end of the chain is written once,
    # as each of its versions makes the next one slower until the transaction ends.
    # A role could send anything. So a line must be one object, must not say its number again, and
    # must not have a time long past: a search for what is newer ends at the first older event.
    r"""
    CREATE OR REPLACE FUNCTION cwtui.append_events(acts uuid[], events text[])
    RETURNS SETOF bytea
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    DECLARE
        head cwtui.audit_head;
        given record;
        line bytea;
        written json;
    BEGIN
        SELECT * INTO STRICT head FROM cwtui.audit_head FOR UPDATE;
        FOR given IN SELECT * FROM unnest(acts, events) AS given (act, event) LOOP
            IF (given.event ~ '[\r\n]' OR octet_length(given.event) > 65000) IS NOT FALSE THEN
                RAISE EXCEPTION 'no event of cwtui';
            END IF;
            written := concat('{"n":', head.n + 1, ',"previous":"', head.hash, '",', given.event);
            IF (
                written ->> 'n' <> (head.n + 1)::text OR written ->> 'previous' <> head.hash
                OR ((written ->> 'at')::timestamptz < clock_timestamp() - interval '1 day'
                    AND strpos(coalesce(written ->> 'reason', ''), 'while_cut_off=') = 0)
            ) IS NOT FALSE THEN
                RAISE EXCEPTION 'no event of cwtui';
            END IF;
            line := convert_to(written::text, 'UTF8');
            INSERT INTO cwtui.audit (n, act, line) VALUES (head.n + 1, given.act, line);
            head.n := head.n + 1;
            head.previous := head.hash;
            head.hash := encode(sha256(line), 'hex');
            RETURN NEXT line;
        END LOOP;
        UPDATE cwtui.audit_head SET n = head.n, previous = head.previous, hash = head.hash;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION cwtui.append_events(uuid[], text[]) FROM PUBLIC",
)
_APPEND: Final = Often("SELECT cwtui.append_events(%s::uuid[], %s::text[])")
_FOUND: Final = "SELECT line FROM cwtui.audit WHERE act = ANY (%s::uuid[]) ORDER BY n"
ENDS: Final = (
    "SELECT n, hash, first_n, first_previous,"
    " (SELECT line FROM cwtui.audit WHERE audit.n = audit_head.n) FROM cwtui.audit_head"
)
_FORWARD: Final = "SELECT n, line FROM cwtui.audit WHERE n >= %s ORDER BY n LIMIT %s"
_BACKWARD: Final = "SELECT n, line FROM cwtui.audit WHERE n <= %s ORDER BY n DESC LIMIT %s"
_PLACES: Final = 1 << 20
"""More lines than a row ever has."""
_LAST: Final = (1 << 54) * _PLACES


class PostgresAuditLog:
    """The AuditLog port. `copy` is called with each line once it is in the database.

    The database numbers and chains the events, one after the other. Each has a number of its own
    too, so that it is not written twice if the connection is lost.
    """

    def __init__(self, database: Database, copy: Callable[[bytes], None] | None = None) -> None:
        self._database = database
        self._copy = copy

    def append(self, *events: Event) -> None:
        for some in batched(events, _AT_ONCE):
            self._append(some)

    def _append(self, events: Sequence[Event]) -> None:
        acts = [str(uuid.uuid4()) for _ in events]
        statement = appending(acts, events)
        current = self._database.current
        if current is not None and current.can_take:
            # Committed together with the change of accounts that it is about.
            answers: list[Answer] = []
            with current.taking() as transaction:
                transaction.at_end(statement, answers.append)
                transaction.after(lambda: self._tell(acts, answers))
            return
        try:
            answers = [self._database.add(statement)]
        except Exists:
            answers = []
        self._tell(acts, answers)

    def lines(self, start: Position) -> Iterator[Line]:
        row, count = start.offset // _PLACES, _FEW
        while rows := self._database.rows(Statement(_FORWARD, (row, count))):
            for n, content in rows:
                yield from (
                    one for one in lines_of(n, content) if one.position.offset >= start.offset
                )
            row, count = rows[-1][0] + 1, min(count * _MORE, _MANY)

    def lines_before(self, position: Position | None) -> Iterator[Line]:
        end = position.offset if position is not None else _LAST
        row, count = end // _PLACES, _FEW
        while rows := self._database.rows(Statement(_BACKWARD, (row, count))):
            for n, content in rows:
                found = reversed(lines_of(n, content))
                yield from (one for one in found if one.position.offset < end)
            row, count = rows[-1][0] - 1, min(count * _MORE, _MANY)

    def ends(self) -> Ends | None:
        return ends_of(self._database.rows(Statement(ENDS)))

    def _tell(self, acts: list[str], answers: list[Answer]) -> None:
        """Copy the lines. Without an answer, because that was lost, they are read again."""
        if self._copy is None:
            return
        # The event is recorded, so errors from here on must not say otherwise.
        with suppress(CannotCheck):
            found = answers or self._database.read(Statement(_FOUND, (acts,)))[1]
            for (line,) in found[0].rows:
                self._copy(bytes(line))


def appending(acts: Sequence[str], events: Sequence[Event]) -> Statement:
    """Return the statement that adds these events. It can be repeated with the same acts."""
    return Statement(_APPEND, (list(acts), [_without_link(one) for one in events]))


def ends_of(rows: Sequence[tuple[Any, ...]]) -> Ends | None:
    """Return the ends of the chain from what ENDS reads."""
    n, hash_, first, first_previous, line = rows[0] if rows else (0, "", 1, NOTHING, None)
    if not n:
        return None
    if line is not None and b"\n" in line and sha256(line).hexdigest() == hash_:
        # The next event gets the hash of the whole row, but the link is that of its event.
        hash_ = sha256(line.partition(b"\n")[0]).hexdigest()
    return Ends(Link(first, first_previous), Link(n, hash_))


def lines_of(n: int, content: bytes) -> list[Line]:
    """Return the lines of a row: an event, and what a copy found after it in files.

    A line is found by its row and its place in it. Its length is the step to the next place.
    """
    return [
        Line(Position(1, n * _PLACES + place, max(n - 1, 0) + place), _NAME, one, 1)
        for place, one in enumerate(bytes(content).split(b"\n"))
    ]


_NUMBERED: Final = b'{"n":0,"previous":"",'


def _without_link(event: Event) -> str:
    """Return the rest of the event's line, to which the database adds its number and the hash."""
    line = encode(event, 0, "")
    if not line.startswith(_NUMBERED):
        message = "a line of the audit log begins in another way"
        raise RuntimeError(message)
    return line.removeprefix(_NUMBERED).decode()
