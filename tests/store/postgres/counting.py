"""How often a process waits for an answer of the database: its round trips."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Answer, Statement


@contextmanager
def counted(connections: Connections) -> Iterator[list[int]]:
    """Lend a list that gets the number of statements of each trip in the block."""
    taken: list[int] = []
    send = connections.send

    def count(connection: Any, statements: Sequence[Statement]) -> list[Answer]:
        taken.append(len(statements))
        return send(connection, statements)

    with patch.object(connections, "send", count):
        yield taken


@contextmanager
def trips(parts: Parts, expected: int) -> Iterator[None]:
    """The block takes so many trips."""
    with counted(parts.connections) as taken:
        yield
    assert len(taken) == expected
