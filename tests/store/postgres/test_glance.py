"""What a step of a sign-in reads at once, and how it goes on if others change that meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest
from msgspec.structs import replace

from cwtui.accounts.errors import SignInFailed
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import Others, StandIn
from cwtui.store.postgres.opening import Parts
from tests.accounts.steps import at_step, last_step
from tests.store.postgres.counting import counted, trips
from tests.store.postgres.relay import Relay
from tests.store.postgres.test_lost_connections import COMMIT, count, log, put, state
from tests.store.samples import PLAIN, RECORD


@contextmanager
def glancing(parts: Parts) -> Iterator[None]:
    with parts.accounts.glance("bob", StandIn("?bob", 7)):
        yield


def test_a_glance_reads_everything_in_one_trip(parts: Parts) -> None:
    put(parts)
    parts.records.update("?bob", lambda _: (RECORD, None))
    expected = parts.accounts.settings()
    with trips(parts, 1), glancing(parts):
        assert parts.accounts.get("bob") == PLAIN
        assert parts.accounts.username_at(7) == "bob"
        assert parts.accounts.settings() == expected
        assert parts.records.get("bob") == SignInRecord()
        assert parts.records.get("?bob") == RECORD
    with trips(parts, 1):
        assert parts.records.get("?bob") == RECORD


def test_a_change_of_what_was_seen_takes_one_trip(parts: Parts) -> None:
    """Together with an event, and with what the account is by then."""
    put(parts)

    def act() -> None:
        parts.records.update("bob", count)
        log(parts)

    with glancing(parts):
        for times in (1, 2):
            with trips(parts, 1):
                parts.records.together(act)
                assert last_step(parts.records.get("bob")) == times
                assert parts.accounts.get("bob") == PLAIN
    assert state(parts) == (True, 2, 3)


def test_changes_of_others_are_seen_at_the_next_try(parts: Parts, far: Parts) -> None:
    put(parts)
    parts.records.update("bob", count)
    with glancing(parts):
        far.records.update("bob", lambda _: (at_step(40, SignInRecord()), None))
        seen: list[int] = []

        def step(record: SignInRecord) -> tuple[SignInRecord, int]:
            seen.append(last_step(record))
            return at_step(last_step(record) + 1, record), last_step(record) + 1

        def act() -> int:
            log(parts)
            return parts.records.update("bob", step)

        assert parts.records.together(act) == 41
        assert seen == [1, 40]
        assert parts.records.get("bob") == at_step(41, SignInRecord())
        with far.accounts.change() as change:
            change.put(PLAIN.changed(enabled=False))
        parts.records.update("bob", step)
        account = parts.accounts.get("bob")
        assert account is not None
        assert not account.enabled
    assert state(parts) == (True, 42, 2)


def test_a_change_of_what_was_seen_is_looked_up_if_its_answer_was_lost(
    parts: Parts, far: Parts, relay: Relay
) -> None:
    for times, step in ((1, "after"), (2, "before")):
        with glancing(far):
            setattr(relay, step, COMMIT)
            far.records.update("bob", count)
            assert getattr(relay, step) is None
            assert far.records.get("bob") == parts.records.get("bob")
        assert state(parts) == (False, times, 0)


def test_a_refusal_is_made_only_from_what_is_true_now(parts: Parts, far: Parts) -> None:
    """Such as for a code that was used, as far as an old glance says."""
    parts.records.update("bob", lambda _: (at_step(7, SignInRecord()), None))

    def use(record: SignInRecord) -> tuple[SignInRecord, None]:
        if last_step(record) >= 7:
            raise SignInFailed("code", "used")
        return at_step(7, record), None

    with glancing(parts):
        far.records.update("bob", lambda record: (at_step(0, record), None))
        parts.records.update("bob", use)
        assert last_step(far.records.get("bob")) == 7

        def refused() -> NoReturn:
            log(parts)
            parts.records.update("bob", use)
            raise AssertionError

        with pytest.raises(SignInFailed):
            parts.records.together(refused)
        # What was tried did not happen, and nobody takes it for true.
        assert parts.records.get("bob") == far.records.get("bob")
    assert state(parts) == (False, 7, 0)


def test_made_up_names_and_others_take_the_same_trips(parts: Parts) -> None:
    """Otherwise the time would tell which names have an account."""
    others = Others("?", 1000, lambda _: {})
    taken = set()
    for username, name in (("bob", "bob"), ("eve", "?eve")):
        with counted(parts.connections) as its:
            with parts.accounts.glance(username, StandIn(f"?{username}", 7)):
                parts.records.update(name, count, others)
            parts.records.update(name, count, others)
        taken.add(len(its))
    assert taken == {2 + 2}


def test_the_next_step_knows_what_the_last_one_saw(parts: Parts, far: Parts) -> None:
    put(parts)
    begun = parts.clock.now()

    @contextmanager
    def going_on(since: float = begun) -> Iterator[None]:
        with parts.accounts.glance("bob", StandIn("?bob", 7), since=since):
            yield

    with glancing(parts):
        pass
    with trips(parts, 1), going_on():
        assert parts.accounts.get("bob") == PLAIN
        parts.records.update("bob", count)
    with trips(parts, 1), going_on(parts.clock.now()):
        pass
    # What others changed is seen with the first write, and settings that count before it is made.
    with far.accounts.change() as change:
        change.put(PLAIN.changed(enabled=False))
    with going_on():
        parts.records.update("bob", count)
        account = parts.accounts.get("bob")
        assert account is not None
        assert not account.enabled
    with far.accounts.change() as change:
        change.put_settings(replace(change.settings(), code_limit=3))
    seen: list[int] = []

    def step(record: SignInRecord) -> tuple[SignInRecord, None]:
        seen.append(parts.accounts.settings().code_limit)
        return count(record)

    with going_on():
        parts.records.update("bob", step)
    assert seen == [5, 3]
    assert last_step(parts.records.get("bob")) == 3
