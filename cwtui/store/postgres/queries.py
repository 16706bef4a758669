"""Filters and orders of the list of users as SQL, with all values as parameters.

Most terms of the filter language become conditions. A term that does not is tested in Python, row
by row, after the others have left few rows over. So the language can grow before this module does.

An index finds the rows of a filter quickly if they are few; the index of the order finds the first
ones quickly if they are many. The database chooses by how many it expects, and cannot know that of
rare values. So the next rows in the order are looked at first: they show how many match.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from cwtui.accounts.account_state import Status
from cwtui.accounts.filter_language import Query
from cwtui.accounts.listing import AccountRow, Sort
from cwtui.store.postgres.conditions import EXPIRED, KINDS_OF_MFA, LOCKED, Part, has, translated
from cwtui.store.postgres.rows import as_kind
from cwtui.store.postgres.trips import Answer

_AT_FIRST: Final = 64
_AT_ONCE: Final = 5000
"""Rows that are read at once: at first, and at most."""
_MORE: Final = 8
"""How many times as many are read the next time."""
_MANY: Final = 20_000
"""From so many accounts on it matters how they are searched."""
_NEXT: Final = 2000
"""How many rows are looked at to see whether few or many match."""
_FEW: Final = 20
"""If fewer of them match, the matching rows are collected before they are sorted."""

_COUNTED: Final = "SELECT count(*) FROM cwtui.account AS account"
_RECORDS: Final = " LEFT JOIN cwtui.record AS record USING (username)"
_RECORD_OF_EACH: Final = (
    " LEFT JOIN LATERAL (SELECT * FROM cwtui.record AS its WHERE its.username = account.username"
    " OFFSET 0) AS record ON true"
)
"""The same for few accounts, whose records are looked up one by one."""

_Read = Callable[..., Answer]


class _Order(NamedTuple):
    """The expressions that rows are sorted by before their username, and a row's values of them."""

    columns: tuple[str, ...]
    values_of: Callable[[AccountRow], tuple[object, ...]]
    needs_records: bool = False
    has_index: bool = False


def page(
    read: _Read,
    query: Query[AccountRow],
    sort: Sort,
    after: AccountRow | None,
    limit: int | None,
    accounts: int,
) -> list[AccountRow]:
    """Return the first `limit` rows after this one that match, in this order.

    `accounts` is about how many there are.
    """
    order = _order(sort)
    if order is None:
        rest, conditions = translated(query)
        unsorted = _rows(read, conditions, _BY_USERNAME, None, limit=None, is_descending=False)
        return sort.page(rest.select(unsorted), after, limit)
    rest, conditions = translated(query)
    rows = _rows(
        read,
        conditions,
        order,
        after,
        limit=limit,
        is_descending=sort.is_descending,
        accounts=accounts,
    )
    return list(islice(rest.select(rows), limit))


def count(read: _Read, query: Query[AccountRow]) -> int:
    """Return the number of rows that match."""
    rest, conditions = translated(query)
    if rest.terms:
        rows = _rows(read, conditions, _BY_USERNAME, None, limit=None, is_descending=False)
        return sum(1 for _ in rest.select(rows))
    statement = _COUNTED + _records(conditions) + _where(conditions)
    found: int = read(statement, *_values(conditions)).rows[0][0]
    return found


def _rows(
    read: _Read,
    conditions: list[Part],
    order: _Order,
    after: AccountRow | None,
    *,
    limit: int | None,
    is_descending: bool,
    accounts: int = 0,
) -> Iterator[AccountRow]:
    """Yield the rows in this order, reading as needed."""
    at_once = _AT_ONCE if limit is None else min(max(limit, _AT_FIRST), _AT_ONCE)
    if order.needs_records:
        conditions = [*conditions, Part("true", needs_records=True)]
    ways = [_in_order]
    if conditions and order.has_index and accounts > _MANY:
        collected = [_collected] if any(part.has_index for part in conditions) else []
        ways = [_among_the_next, *collected, _in_order]
    while True:
        way = ways[0]
        follows = [] if after is None else [_following(order, after, is_descending=is_descending)]
        statement, values = way(conditions, follows, _sorted_by(order, is_descending=is_descending))
        found = [as_kind(AccountRow, *row) for row in read(statement, *values, at_once).rows]
        yield from found
        after = found[-1] if found else after
        if way is _among_the_next:
            ways = ways[1:] if len(found) < _FEW else [_in_order]
        elif len(found) < at_once:
            return
        else:
            ways, at_once = [_in_order], min(at_once * _MORE, _AT_ONCE)


def _in_order(
    conditions: list[Part], follows: list[Part], sorted_by: str
) -> tuple[str, list[object]]:
    """Return the statement for the first rows that match, and its values but the last."""
    every = [*conditions, *follows]
    tables = "cwtui.account AS account" + _records(every)
    return _first(tables + _where(every), sorted_by), _values(every)


def _among_the_next(
    conditions: list[Part], follows: list[Part], sorted_by: str
) -> tuple[str, list[object]]:
    """Like `_in_order`, but only among the next rows in the order."""
    following = f"cwtui.account AS account{_where(follows)} ORDER BY {sorted_by} LIMIT {_NEXT}"
    tables = f"(SELECT * FROM {following}) AS account{_records(conditions, _RECORD_OF_EACH)}"  # noqa: S608  all values are parameters
    values = [*_values(follows), *_values(conditions)]
    return _first(tables + _where(conditions), sorted_by), values


def _collected(
    conditions: list[Part], follows: list[Part], sorted_by: str
) -> tuple[str, list[object]]:
    """Like `_in_order`, but all rows that match are found before they are sorted.

    OFFSET makes the database do that.
    """
    every = [*conditions, *follows]
    matching = f"cwtui.account AS account{_records(every)}{_where(every)} OFFSET 0"
    tables = f"(SELECT account.* FROM {matching}) AS account"  # noqa: S608  all values are parameters
    return _first(tables, sorted_by), _values(every)


def _first(tables: str, sorted_by: str) -> str:
    chosen = "SELECT account.username, account.listed"
    return f"{chosen} FROM {tables} ORDER BY {sorted_by} LIMIT %s"


def _records(parts: list[Part], joined: str = _RECORDS) -> str:
    return joined if any(part.needs_records for part in parts) else ""


# Orders


def _order(sort: Sort) -> _Order | None:
    """Return the order as SQL; None if only Python can sort by that."""
    if sort.column == "mfa":
        return _Order((_by_mfa(sort),), lambda row: (sort.key(row),))
    if sort.column == "status":
        # Who is unused is no column.
        return None if sort.needs_uses else _Order((_BY_STATUS,), lambda row: (sort.key(row),))
    if sort.column == "last_sign_in":
        column = "coalesce(record.last_sign_in, 0)"
        return _Order((column,), lambda row: (float(sort.key(row)),), needs_records=True)
    return _ORDERS.get(sort.column)


_BY_USERNAME: Final = _Order((), lambda _: (), has_index=True)
_ORDERS: Final = {
    "username": _BY_USERNAME,
    "display_name": _Order(
        ("(account.folded_name = '')", "account.folded_name"),
        lambda row: (not row.display_name, row.display_name.casefold()),
        has_index=True,
    ),
    "origin": _Order(("account.origin",), lambda row: (row.origin.value,)),
    "roles": _Order(("account.roles",), lambda row: (list(row.roles),)),
    "created_at": _Order(("account.created_at",), lambda row: (row.created_at,), has_index=True),
}
_STATUS: Final = {status: place for place, status in enumerate(Status)}
_BY_STATUS: Final = (
    f"CASE WHEN NOT account.enabled THEN {_STATUS[Status.DISABLED]}"
    f" WHEN {EXPIRED} THEN {_STATUS[Status.EXPIRED]}"
    f" WHEN {LOCKED} THEN {_STATUS[Status.LOCKED]} ELSE {_STATUS[Status.ENABLED]} END"
)


def _by_mfa(sort: Sort) -> str:
    """Return the place of an account, which follows from two of its columns."""
    places = " ".join(f"WHEN {has(row)} THEN {int(sort.key(row))}" for row in KINDS_OF_MFA)
    return f"CASE {places} END"


def _sorted_by(order: _Order, *, is_descending: bool) -> str:
    way = " DESC" if is_descending else ""
    # Accounts that are equal in the order are always sorted forward by their username.
    last = "account.username" + ("" if order.columns else way)
    return ", ".join([*(column + way for column in order.columns), last])


def _following(order: _Order, after: AccountRow, *, is_descending: bool) -> Part:
    """Return the condition for the rows that come after this one, which may be gone by now."""
    comes = "<" if is_descending else ">"
    if not order.columns:
        return Part(f"account.username {comes} %s", (after.username,))
    values = order.values_of(after)
    mine = f"({', '.join(order.columns)})"
    its = f"({', '.join(map(_placeholder, values))})"
    return Part(
        f"({mine} {comes} {its} OR ({mine} = {its} AND account.username > %s))",
        (*values, *values, after.username),
        order.needs_records,
    )


def _placeholder(value: object) -> str:
    match value:
        case bool():
            return "%s::boolean"
        case list():
            return '%s::text[] COLLATE "C"'
        case str():
            return '%s::text COLLATE "C"'
        case int():
            return "%s::integer"
    return "%s::float8"


def _where(conditions: list[Part]) -> str:
    return f" WHERE {' AND '.join(part.sql for part in conditions)}" if conditions else ""


def _values(conditions: list[Part]) -> list[object]:
    return [value for part in conditions for value in part.values]
