"""The columns of a table, and which of them are shown how wide in a window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

R = TypeVar("R")

_MOST_COMPARED: Final = 100_000
"""In longer lists, rows are not compared, because that would delay the first rows."""


@dataclass(frozen=True)
class Short(Generic[R]):
    """A narrower form of a column, for windows in which the usual form does not fit."""

    width: int
    cell: Callable[[R], str]
    title: str | None = None


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column: its title, its width in cells, and how the text of a cell is made of a row.

    If there is no room for all columns, these give way, in this order: columns with the same
    `value` in all rows are left out; columns with a `short` form take it, the first ones first;
    columns with a `least` width shrink to it; `optional` columns are left out, the last ones first.
    If there is too much room, columns grow to their `most`, the first ones first.
    """

    title: str
    width: int
    cell: Callable[[R], str]
    least: int | None = None
    most: int | None = None
    short: Short[R] | None = None
    value: Callable[[R], object] | None = None
    optional: bool = False
    sorts: str = ""
    """What the list is sorted by if this column is chosen; empty if it cannot be."""


@dataclass(frozen=True)
class Shown(Generic[R]):
    """A column as it is shown: in its usual or its short form, and its final width."""

    title: str
    width: int
    cell: Callable[[R], str]
    sorts: str = ""


def equal_columns(columns: Sequence[Column[R]], rows: Sequence[R]) -> frozenset[str]:
    """Return the titles of the columns that have the same value in all rows.

    A single row has nothing to compare it with, so none is returned for it.
    """
    if not 1 < len(rows) <= _MOST_COMPARED:
        return frozenset()
    return frozenset(
        column.title
        for column in columns
        if column.value is not None and _are_equal(column.value, rows)
    )


def _are_equal(value: Callable[[R], object], rows: Sequence[R]) -> bool:
    first = value(rows[0])
    return all(value(row) == first for row in rows)


def fitted_columns(
    columns: Sequence[Column[R]], room: int, equal: frozenset[str] = frozenset()
) -> tuple[Shown[R], ...]:
    """Return the columns to show in a row of `room` cells. One cell separates two columns."""
    kept = columns
    for kept in _fewer(columns, equal):
        for ideal in (True, False):
            for shown in _shorter(kept):
                if _sum(shown, ideal=ideal) <= room:
                    return _spread(shown, room)
    return _spread(_shortest(kept), room)


def _fewer(columns: Sequence[Column[R]], equal: frozenset[str]) -> Iterator[Sequence[Column[R]]]:
    """Yield the columns, then without equal ones, then with ever fewer optional ones."""
    yield columns
    kept = [column for column in columns if column.title not in equal]
    yield kept
    for column in reversed(kept):
        if column.optional:
            kept = [other for other in kept if other is not column]
            yield kept


def _shorter(columns: Sequence[Column[R]]) -> Iterator[list[Column[R]]]:
    """Yield the columns in their usual form, then with one more short form at a time."""
    shown = list(columns)
    yield shown
    for position, column in enumerate(columns):
        if column.short is not None:
            shown = [*shown[:position], _in_short(column), *shown[position + 1 :]]
            yield shown


def _shortest(columns: Sequence[Column[R]]) -> list[Column[R]]:
    return [_in_short(column) for column in columns]


def _in_short(column: Column[R]) -> Column[R]:
    short = column.short
    if short is None:
        return column
    title = column.title if short.title is None else short.title
    return replace(
        column, title=title, width=short.width, cell=short.cell, least=None, most=None, short=None
    )


def _least(column: Column[R]) -> int:
    return column.width if column.least is None else column.least


def _sum(columns: Sequence[Column[R]], *, ideal: bool) -> int:
    widths = (column.width if ideal else _least(column) for column in columns)
    return sum(widths) + len(columns) - 1


def _spread(columns: Sequence[Column[R]], room: int) -> tuple[Shown[R], ...]:
    """Return the columns with the room that is left, or that is missing, spread among them."""
    widths = [_least(column) for column in columns]
    left = room - _sum(columns, ideal=False)
    ideals = [column.width for column in columns]
    mosts = [column.width if column.most is None else column.most for column in columns]
    for targets in (ideals, mosts):
        for position, target in enumerate(targets):
            more = max(0, min(left, target - widths[position]))
            widths[position] += more
            left -= more
    for position in range(len(columns) - 1, -1, -1):
        # The window is smaller than any that we show pages in.
        less = min(max(0, -left), widths[position] - 1)
        widths[position] -= less
        left += less
    return tuple(
        Shown(column.title, width, column.cell, column.sorts)
        for column, width in zip(columns, widths, strict=True)
    )
