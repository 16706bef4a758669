"""Changes that the server ends because they wait for another one that waits for them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.ports import StandIn
from cwtui.store.postgres import building, opening
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Statement
from tests.store.postgres.counting import counted, trips
from tests.store.postgres.test_lost_connections import count, log, state
from tests.store.samples import PLAIN
from tests.store.stores import put

_WAITS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
_HOLD = "SELECT FROM cwtui.account WHERE username = 'bob' FOR UPDATE"
_WAIT = "SELECT FROM cwtui.organization FOR UPDATE"


def until_somebody_waits(watching: psycopg.Connection) -> None:
    while watching.execute(_WAITS).fetchone() == (0,):
        pass


@pytest.fixture
def impatient(url: str) -> Iterator[Parts]:
    """The same store. Its own changes are ended, soon after they have begun to wait in a circle."""
    opened = opening.parts(f"{url}&options=-c%20deadlock_timeout%3D20ms")
    yield opened
    opened.close()


@contextmanager
def in_the_way(url: str, statement: str) -> Iterator[Callable[[], None]]:
    """Another program that locks bob. From the call on it waits for all accounts.

    It then runs the statement, and ends.
    """
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watching:
        other.execute("SET deadlock_timeout = '1h'")
        other.execute(_HOLD)

        def run() -> None:
            other.execute(_WAIT)
            other.execute(statement.encode())
            other.commit()

        thread = threading.Thread(target=run)

        def wait() -> None:
            thread.start()
            until_somebody_waits(watching)

        yield wait
        thread.join()


def test_a_change_that_was_ended_for_another_one_is_made_again(
    url: str, parts: Parts, impatient: Parts
) -> None:
    put(parts.accounts, PLAIN)
    with (
        counted(impatient.connections) as taken,
        in_the_way(url, "SELECT") as wait,
        impatient.accounts.change() as change,
    ):
        found = change.get("bob")
        assert found is not None
        wait()
        change.put(found.changed(display_name="Bob"))
        change.prepare()
        log(impatient)
    changed = parts.accounts.get("bob")
    assert changed is not None
    assert changed.display_name == "Bob"
    assert state(parts) == (True, 0, 1), "It is logged once."
    assert len(taken) > 3, "It was ended, and made again."


def test_a_change_of_what_was_changed_by_the_other_one_is_refused(
    url: str, parts: Parts, impatient: Parts
) -> None:
    put(parts.accounts, PLAIN)
    theirs = 'UPDATE cwtui.account SET document = document || \'{"display_name": "Rob"}\''

    def change() -> None:
        with in_the_way(url, theirs) as wait, impatient.accounts.change() as change:
            found = change.get("bob")
            assert found is not None
            wait()
            change.put(found.changed(enabled=False))
            change.prepare()
            log(impatient)

    with pytest.raises(CannotCheck, match="Others changed the same data"):
        change()
    kept = parts.accounts.get("bob")
    assert kept is not None
    assert (kept.display_name, kept.enabled) == ("Rob", True)
    assert state(parts) == (True, 0, 0)


def test_a_restore_waits_for_changes_and_ends_none(url: str, parts: Parts) -> None:
    def restore() -> None:
        with building.replaced(Database(Connections(url))) as store:
            store.set_aside(1.0)

    thread = threading.Thread(target=restore)
    with psycopg.connect(url, autocommit=True) as watching:
        with trips(parts, 2), parts.accounts.change() as change:
            assert change.get("bob") is None
            thread.start()
            until_somebody_waits(watching)
            change.put(PLAIN)
        thread.join()
        kept = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'cwtui_before%'"
        (name,) = watching.execute(kept).fetchone() or ("",)
        schema = sql.Identifier(name)
        old = watching.execute(sql.SQL("SELECT username FROM {}.account").format(schema))
        assert old.fetchall() == [("bob",)]
        watching.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))
    assert parts.accounts.is_empty()


@pytest.mark.parametrize("error", ["40001", "40P01"])
def test_a_read_after_the_commit_that_fails_does_not_undo_it(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    """Some engines end a read, too, that cannot be put in an order."""
    put(parts.accounts, PLAIN)
    fails = f"DO $$ BEGIN RAISE SQLSTATE '{error}'; END $$"
    with parts.accounts.glance("bob", StandIn("?bob", 7)):
        monkeypatch.setattr(Glance, "again", [Statement(fails)])
        with parts.accounts.change() as change:
            change.put(PLAIN.changed(display_name="Bob"))
            change.prepare()
            log(parts)
        parts.records.update("bob", count)
        changed = parts.accounts.get("bob")
        assert changed is not None
        assert changed.display_name == "Bob"
    assert state(parts) == (True, 1, 1), "It is changed and logged once."
