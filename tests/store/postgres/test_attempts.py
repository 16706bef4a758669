"""Attempts that are counted in the trip that reads the record."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count as count_from
from itertools import islice
from threading import Barrier

import pytest
from msgspec.structs import replace

from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.ports import Others, StandIn
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.throttle import Counted, Try, with_try
from cwtui.store.postgres import opening
from cwtui.store.postgres.columns import part_of
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Statement
from tests.accounts.steps import at_step, last_step
from tests.store.postgres.counting import trips
from tests.store.postgres.relay import Relay
from tests.store.postgres.test_lost_connections import COMMIT, count, put

SETTINGS = OrganizationSettings()
TRY = Try("password_attempts", "10.0.0.1", 1000.0)
KNOWN = SignInRecord(known_sources=("10.0.0.1",))
FAILED = SignInRecord(password_attempts={"": Attempts(1, 1000.0)})


@contextmanager
def begun(parts: Parts, attempt: Try, username: str = "bob") -> Iterator[None]:
    with parts.accounts.glance(username, StandIn(f"?{username}", 7), attempt):
        yield


def counted(parts: Parts, attempt: Try, name: str = "bob", others: Others | None = None) -> Counted:
    return parts.records.update(
        name, lambda record: with_try(record, attempt, SETTINGS), others, attempt
    )


def rows(parts: Parts) -> dict[str, SignInRecord | Exception]:
    return dict(parts.records.all())


@pytest.mark.parametrize(("username", "name"), [("bob", "bob"), ("eve", "?eve")])
def test_an_attempt_counts_before_it_is_checked(
    parts: Parts, url: str, username: str, name: str
) -> None:
    put(parts)
    others = opening.parts(url)
    with trips(parts, 1), begun(parts, TRY, username):
        assert others.records.get(name) == FAILED
        assert counted(parts, TRY, name).left == 4
    assert rows(others) == {name: FAILED}
    with begun(others, TRY, username), trips(others, 1):
        # What follows from the check is written together with it.
        assert counted(others, TRY, name).left == 3
        others.records.update(name, count)
    failed = SignInRecord(password_attempts={"": Attempts(2, 1000.0)})
    assert parts.records.get(name) == at_step(1, failed)
    others.close()


def test_an_attempt_is_counted_once_if_its_answer_was_lost(
    parts: Parts, far: Parts, relay: Relay
) -> None:
    put(parts)
    for step in ("after", "before"):
        parts.records.remove("bob")
        setattr(relay, step, COMMIT)
        with begun(far, TRY):
            assert counted(far, TRY).left == 4
        assert getattr(relay, step) is None
        assert parts.records.get("bob") == FAILED


def test_attempts_at_the_same_moment_have_one_budget(parts: Parts, url: str) -> None:
    put(parts)
    hosts = [opening.parts(url) for _ in range(12)]
    gate = Barrier(len(hosts))

    def attempt(number: int) -> bool:
        mine = replace(TRY, at=1000.0 + number / 100)
        gate.wait(20)
        with begun(hosts[number], mine):
            return counted(hosts[number], mine).throttled is None

    with ThreadPoolExecutor(len(hosts)) as pool:
        allowed = list(pool.map(attempt, range(len(hosts))))
    assert sum(allowed) == SETTINGS.password_limit
    for host in hosts:
        host.close()


def test_an_attempt_that_must_wait_writes_nothing(parts: Parts) -> None:
    put(parts)
    banned = SignInRecord(
        password_attempts={"": Attempts(5, 1000.0, 1300.0, refusal_recorded=True)}
    )
    parts.records.update("bob", lambda _: (banned, None))
    with trips(parts, 1), begun(parts, TRY):
        assert counted(parts, TRY).throttled is not None
    assert rows(parts) == {"bob": banned}
    assert parts.accounts._database.rows(Statement("SELECT begun FROM cwtui.record")) == [(b"[]",)]
    # Once the wait is over, the attempt counts with the glance again.
    later = replace(TRY, at=1301.0)
    with trips(parts, 1), begun(parts, later):
        assert counted(parts, later).throttled is None


def test_attempts_are_applied_before_they_become_many(parts: Parts) -> None:
    """Such as those of a process that was killed again and again."""
    put(parts)
    for number in range(12):
        with begun(parts, replace(TRY, at=1000.0 + number)):
            pass
    record = parts.records.get("bob")
    assert record.password_attempts[""].failures == SETTINGS.password_limit
    late = replace(TRY, at=1020.0)
    with begun(parts, late):
        assert counted(parts, late).throttled is not None
    assert parts.records.banned().keys() == {"bob"}


def test_a_made_up_name_begins_with_the_known_sources_of_an_account(parts: Parts) -> None:
    put(parts)
    parts.records.update("bob", lambda _: (KNOWN, None))
    with begun(parts, TRY, "eve"):
        counted(parts, TRY, "?eve")
    own = KNOWN.changed(password_attempts={"10.0.0.1": Attempts(1, 1000.0)})
    assert rows(parts) == {"bob": KNOWN, "?eve": own}


def test_too_many_records_are_removed_with_the_next_statements(parts: Parts) -> None:
    put(parts)
    alike = (f"?{number}" for number in count_from(0) if part_of(f"?{number}") == part_of("bob"))
    for name in islice(alike, 3):
        parts.records.update(name, count)
    others = Others("?", 2, dict[str, SignInRecord | None].fromkeys)
    with begun(parts, TRY):
        counted(parts, TRY, others=others)
        assert len(rows(parts)) == 4
        parts.records.update("bob", count)
        assert list(rows(parts)) == ["bob"]
        with trips(parts, 1):
            parts.records.update("bob", count)


def test_changes_of_others_meanwhile_are_kept(parts: Parts, url: str) -> None:
    put(parts)
    others = opening.parts(url)
    with begun(parts, TRY):
        counted(parts, TRY)
        with begun(others, replace(TRY, at=1001.0)):
            pass
        parts.records.update("bob", count)
    record = parts.records.get("bob")
    assert record.password_attempts[""].failures == 2
    assert last_step(record) == 1
    others.close()
