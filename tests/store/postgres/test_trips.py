"""Statements that are sent together, and those that the server prepares for that."""

from typing import Any

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.problems import Conflict
from cwtui.store.postgres.trips import Often, Statement
from tests.store.postgres.counting import trips
from tests.store.postgres.test_lost_connections import ACTS, state
from tests.store.samples import FULL, PLAIN
from tests.store.stores import put

PREPARED = Statement(
    "SELECT statement FROM pg_prepared_statements WHERE name LIKE 'cwtui!_%%' ESCAPE '!'"
)
FORGET = Statement("DEALLOCATE ALL")


def sent(parts: Parts, *statements: Statement) -> list[list[tuple[Any, ...]]]:
    """The rows of each answer. All trips of a test use the same connection."""
    with parts.connections.one() as connection:
        return [answer.rows for answer in parts.connections.send(connection, statements)]


def test_frequent_statements_are_prepared_once_for_each_connection(parts: Parts) -> None:
    """A connection's first trip only finds out whether that is possible."""
    one = Statement(Often("SELECT %s::int"), (7,))
    for _ in range(2):
        with parts.connections.one(new=True) as connection:
            for expected in ([], [("SELECT $1::int",)]):
                answers = parts.connections.send(connection, [one, one, PREPARED])
                assert [answer.rows for answer in answers] == [[(7,)], [(7,)], expected]


def test_acts_go_on_without_prepared_statements_if_the_server_lost_them(parts: Parts) -> None:
    """Such as behind a pooler that is not known as one. Each act happens once."""
    for _ in range(2):
        for act in ACTS:
            act(parts)
    assert len(sent(parts, PREPARED)[0]) > 3
    for times, act in enumerate(ACTS):
        parts.connections._prepares = True
        act(parts)
        act(parts)
        sent(parts, FORGET)
        act(parts)
        assert sent(parts, PREPARED) == [[]], times
    assert state(parts) == (True, 2 + 3, 2 * (2 + 3))


def test_a_statement_that_was_not_prepared_because_of_an_error_is_prepared_later(
    parts: Parts,
) -> None:
    before, after = Statement(Often("SELECT 1 AS before")), Statement(Often("SELECT 2 AS after"))
    sent(parts)
    with pytest.raises(CannotCheck):
        sent(parts, before, Statement("SELECT 1 / 0"), after)
    for _ in range(2):
        assert sent(parts, before, after) == [[(1,)], [(2,)]]


def test_a_statement_whose_columns_have_changed_is_repeated(parts: Parts) -> None:
    every = Statement(Often("SELECT * FROM pg_temp.changing"))
    sent(parts, Statement("CREATE TEMPORARY TABLE changing AS SELECT 1 AS first"))
    assert [sent(parts, every) for _ in range(2)] == [[[(1,)]]] * 2
    sent(parts, Statement("ALTER TABLE pg_temp.changing ADD COLUMN second int"))
    with pytest.raises(Conflict):
        sent(parts, every)
    assert sent(parts, every) == [[(1, None)]]


def test_a_value_that_cannot_be_sent_leaves_the_connection_as_it_is(parts: Parts) -> None:
    process = Statement("SELECT pg_backend_pid()")
    before = sent(parts, process)
    with pytest.raises(CannotCheck, match="NUL"):
        sent(parts, process, Statement("SELECT %s::text", ("a\0b",)))
    assert sent(parts, process, Statement("SELECT '100 %%'")) == [*before, [("100 %",)]]


def test_several_accounts_take_one_trip(parts: Parts) -> None:
    put(parts.accounts, FULL, PLAIN)
    names = [FULL.username, "nobody", PLAIN.username]
    with trips(parts, 1):
        assert parts.accounts.several(names) == [FULL, None, PLAIN]
    with parts.accounts.change() as change:
        with trips(parts, 1):
            assert change.several(names) == [FULL, None, PLAIN]
        with trips(parts, 0):
            assert change.several(names) == [FULL, None, PLAIN]
            assert change.get("nobody") is None
