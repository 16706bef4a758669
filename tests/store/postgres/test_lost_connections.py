"""What happens if the connection to the database is lost, or nothing comes over it any more."""

import time
import uuid
from collections.abc import Callable

import pytest

from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import SignInRecord
from cwtui.store.postgres import connections, opening, transactions, trips
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Statement
from tests.accounts.steps import at_step, last_step
from tests.store.postgres.relay import Relay
from tests.store.samples import FULL, PLAIN

EVENT = Event(
    at=4_000_000_000.0,
    event=EventType.USER_CREATE,
    actor="ada",
    subject="bob",
    source="here",
    outcome=Outcome.SUCCESS,
)
COMMIT = b"\0COMMIT\0"


def put(parts: Parts) -> None:
    with parts.accounts.change() as change:
        change.put(PLAIN)
        change.prepare()
        parts.audit.append(EVENT)


def count(before: SignInRecord) -> tuple[SignInRecord, None]:
    return at_step(last_step(before) + 1, before), None


def use_step(parts: Parts) -> None:
    parts.records.update("bob", count)


def log(parts: Parts) -> None:
    parts.audit.append(EVENT)


def state(parts: Parts) -> tuple[bool, int, int]:
    """Whether bob exists, the step that he used last, and the number of events."""
    step = last_step(parts.records.get("bob"))
    return parts.accounts.get("bob") is not None, step, len(list(parts.audit.lines(START)))


ACTS: dict[Callable[[Parts], None], tuple[bool, int, int]] = {
    put: (True, 0, 1),
    use_step: (False, 1, 0),
    log: (False, 0, 1),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_whose_answer_was_lost_is_looked_up(
    act: Callable[[Parts], None], parts: Parts, far: Parts, relay: Relay
) -> None:
    """It is done once, and the caller learns that it was."""
    copied: list[bytes] = []
    far.audit._copy = copied.append
    relay.after = COMMIT
    act(far)
    assert relay.after is None
    assert state(parts) == ACTS[act] == state(far)
    assert copied == [line.content for line in parts.audit.lines(START)]


@pytest.mark.parametrize("act", [put, use_step])
def test_an_act_that_never_arrived_is_not_done(
    act: Callable[[Parts], None], parts: Parts, far: Parts, relay: Relay
) -> None:
    relay.before = COMMIT
    with pytest.raises(CannotCheck, match="Nothing was changed"):
        act(far)
    assert relay.before is None
    assert state(parts) == (False, 0, 0)
    act(far)
    assert state(far) == ACTS[act]


def test_an_act_is_not_confused_with_another_after_a_crash(parts: Parts, far: Parts) -> None:
    """The server loses what was not committed, and others may get its place."""
    database = far.accounts._database
    lost = str(uuid.uuid4())
    assert not database.was_committed(lost)
    use_step(parts)
    with pytest.raises(CannotCheck, match="already"), database.change() as transaction:
        # It arrives only now, and can no longer be committed.
        transaction.later(Statement(transactions.ACT, (lost,)))


def test_an_event_that_never_arrived_is_sent_again(parts: Parts, far: Parts, relay: Relay) -> None:
    relay.before = COMMIT
    log(far)
    assert relay.before is None
    assert state(parts) == (False, 0, 1)


def test_connections_that_the_server_closed_are_replaced(parts: Parts, far: Parts) -> None:
    """As after its restart: nobody notices, unless it happens in the middle of a change."""
    for act in ACTS:
        act(far)
        end_connections(parts)
        assert far.accounts.get("bob") == PLAIN
        end_connections(parts)
        act(far)
        end_connections(parts)
    assert state(far) == (True, 2, 4)

    def interrupted() -> None:
        with far.accounts.change() as change:
            assert change.get("bob") == PLAIN
            change.put(FULL)
            end_connections(parts)
            assert change.names() == []

    with pytest.raises(CannotCheck, match="lost"):
        interrupted()
    assert far.accounts.names() == ["bob"]


def end_connections(parts: Parts) -> None:
    """End all others, as a server does that is shut down."""
    with parts.connections.one() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_waiting_for_the_database_has_an_end(
    far: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for an answer nor for a new connection."""
    monkeypatch.setattr(trips, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr("cwtui.store.postgres.access._LOOKED_UP_FOR", 0.1)
    relay.hold()
    monkeypatch.setitem(connections._ALWAYS, "connect_timeout", 1)
    begun = time.monotonic()
    with pytest.raises(CannotCheck, match="database"):
        put(far)
    assert time.monotonic() - begun < 5
    relay.cut()
    relay.release()
    monkeypatch.undo()
    put(far)


def test_a_row_that_others_keep_locked_is_waited_for_only_so_long(
    parts: Parts, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "cwtui.store.postgres.transactions.LIMITS",
        Statement("SELECT set_config('lock_timeout', '50', true)"),
    )
    others = opening.parts(url)
    with others.accounts.change() as change:
        change.settings()
        with pytest.raises(CannotCheck, match="busy"):
            put(parts)
    others.close()
    put(parts)


def test_a_database_that_became_read_only_says_so(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("access", "transactions"):
        begin = Statement("BEGIN READ ONLY")
        monkeypatch.setattr(f"cwtui.store.postgres.{module}.BEGIN", begin)
    for act in ACTS:
        with pytest.raises(CannotCheck, match="read-only"):
            act(parts)
    monkeypatch.undo()
    assert state(parts) == (False, 0, 0)


def test_a_connection_that_nobody_uses_is_closed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(parts)
    assert parts.connections.close_old()
    monkeypatch.setattr(connections, "_KEPT_SECONDS", 0.0)
    assert not parts.connections.close_old()
    log(parts)
    assert state(parts)[2] == 2
