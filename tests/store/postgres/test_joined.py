"""What a thread writes while it changes accounts, in the same transaction."""

from typing import NoReturn

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.store.postgres.opening import Parts
from tests.store.postgres.test_lost_connections import EVENT, count, log, state, use_step
from tests.store.samples import FULL, PLAIN


class Stopped(Exception):
    pass


def test_writes_before_a_change_is_prepared_stay(parts: Parts) -> None:
    """Such as a failed attempt, which is counted although the change that found it is undone."""
    copied: list[bytes] = []

    def copy(line: bytes) -> None:
        assert parts.accounts._database.current is None, "the transaction is over by then"
        copied.append(line)

    parts.audit._copy = copy

    def fail(*, reads: bool) -> NoReturn:
        with parts.accounts.change() as change:
            assert change.get("bob") is None
            use_step(parts)
            log(parts)
            change.put(PLAIN)
            if reads:
                assert change.names() == ["bob"]
            raise Stopped

    for times, reads in ((1, False), (2, True)):
        with pytest.raises(Stopped):
            fail(reads=reads)
        assert state(parts) == (False, times, times)
        assert len(copied) == times


def test_writes_after_a_change_was_prepared_are_undone_with_it(parts: Parts) -> None:
    def fail() -> NoReturn:
        with parts.accounts.change() as change:
            use_step(parts)
            change.put(PLAIN)
            change.prepare()
            use_step(parts)
            log(parts)
            raise Stopped

    with pytest.raises(Stopped):
        fail()
    assert state(parts) == (False, 1, 0)
    with parts.accounts.change() as change:
        change.put(PLAIN)
        change.prepare()
        use_step(parts)
        log(parts)
    assert state(parts) == (True, 2, 1)


def test_writes_after_others_that_are_undone_stay_too(parts: Parts) -> None:
    def fail() -> NoReturn:
        with parts.accounts.change() as change:
            change.put(PLAIN)
            assert change.names() == ["bob"]
            use_step(parts)
            raise Stopped

    with pytest.raises(Stopped):
        fail()
    assert state(parts) == (False, 1, 0)


def test_one_connection_is_enough_for_a_thread(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler may have no second one before the first transaction ends."""
    with parts.accounts.change() as change:
        change.put(FULL)
        monkeypatch.setattr(parts.connections, "_connect", lambda: pytest.fail("a second one"))
        use_step(parts)
        parts.audit.append(EVENT)
        assert parts.records.get("bob").devices
        assert list(parts.audit.lines_before(None)) == []
        assert parts.accounts.settings() == change.settings()
        change.prepare()
        parts.records.update("ada", count)
        log(parts)
    assert state(parts) == (False, 1, 2)


def test_a_write_that_should_stay_but_cannot_is_an_error(parts: Parts) -> None:
    def fail() -> NoReturn:
        with parts.accounts.change() as change:
            assert change.get("bob") is None
            use_step(parts)
            database = parts.accounts._database
            assert database.current is not None
            database.current._connection.close()
            raise Stopped

    with pytest.raises(CannotCheck):
        fail()
    assert state(parts) == (False, 0, 0)
