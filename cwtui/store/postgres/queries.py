"""Filters and orders of the list of users as SQL, with all values as parameters.

Most terms of the filter language become conditions. A term that does not is tested in Python, row
by row, after the others have left few rows over. So the language can grow before this module does.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, product
from math import inf
from typing import Final, NamedTuple

import msgspec

from cwtui.accounts.account_state import Status
from cwtui.accounts.account_words import SoughtStatus
from cwtui.accounts.filter_language import Query, Term
from cwtui.accounts.filter_times import Span
from cwtui.accounts.listing import AccountRow, Present, Sort
from cwtui.store.postgres import problems
from cwtui.store.postgres.connections import Answer

_AT_FIRST: Final = 64
_AT_ONCE: Final = 5000
"""Rows that are read at once: at first, and at most."""
_MORE: Final = 8
"""How many times as many are read the next time."""

_LISTED: Final = "SELECT account.username, account.listed FROM cwtui.account AS account"
_COUNTED: Final = "SELECT count(*) FROM cwtui.account AS account"
_RECORDS: Final = " LEFT JOIN cwtui.record AS record USING (username)"
_LOCKED: Final = (
    "account.username IN (SELECT waits.username FROM cwtui.record AS waits"
    " WHERE waits.waits_until > 0"
    " AND waits.waits_until > extract(epoch FROM statement_timestamp()))"
)

_EXPIRED: Final = "coalesce(account.expires_at <= extract(epoch FROM statement_timestamp()), false)"
_OPEN: Final = f"account.enabled AND NOT {_EXPIRED}"
"""What is true of accounts that can be used unless they are unused."""

_Read = Callable[..., Answer]


class _Part(NamedTuple):
    """Part of a statement, and its values."""

    sql: str
    values: tuple[object, ...] = ()
    needs_records: bool = False


class _Order(NamedTuple):
    """The expressions that rows are sorted by before their username, and a row's values of them."""

    columns: tuple[str, ...]
    values_of: Callable[[AccountRow], tuple[object, ...]]
    needs_records: bool = False


def page(
    read: _Read, query: Query[AccountRow], sort: Sort, after: AccountRow | None, limit: int | None
) -> list[AccountRow]:
    """Return the first `limit` rows after this one that match, in this order."""
    order = _order(sort)
    if order is None:
        rest, conditions = _translated(query)
        unsorted = _rows(read, conditions, _BY_USERNAME, None, limit=None, is_descending=False)
        return sort.page(rest.select(unsorted), after, limit)
    rest, conditions = _translated(query)
    rows = _rows(read, conditions, order, after, limit=limit, is_descending=sort.is_descending)
    return list(islice(rest.select(rows), limit))


def count(read: _Read, query: Query[AccountRow]) -> int:
    """Return the number of rows that match."""
    rest, conditions = _translated(query)
    if rest.terms:
        rows = _rows(read, conditions, _BY_USERNAME, None, limit=None, is_descending=False)
        return sum(1 for _ in rest.select(rows))
    statement = _COUNTED + (_RECORDS if _need_records(conditions) else "") + _where(conditions)
    found: int = read(statement, *_values(conditions)).rows[0][0]
    return found


def _rows(
    read: _Read,
    conditions: list[_Part],
    order: _Order,
    after: AccountRow | None,
    *,
    limit: int | None,
    is_descending: bool,
) -> Iterator[AccountRow]:
    """Yield the rows in this order, reading as needed."""
    needs_records = order.needs_records or _need_records(conditions)
    begin = _LISTED + (_RECORDS if needs_records else "")
    end = f" ORDER BY {_sorted_by(order, is_descending=is_descending)} LIMIT %s"
    at_once = _AT_ONCE if limit is None else min(max(limit, _AT_FIRST), _AT_ONCE)
    while True:
        follows = [] if after is None else [_following(order, after, is_descending=is_descending)]
        every = [*conditions, *follows]
        answer = read(begin + _where(every) + end, *_values(every), at_once)
        found = [_decoded(*row) for row in answer.rows]
        yield from found
        if len(found) < at_once:
            return
        after = found[-1]
        at_once = min(at_once * _MORE, _AT_ONCE)


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


_BY_USERNAME: Final = _Order((), lambda _: ())
_ORDERS: Final = {
    "username": _BY_USERNAME,
    "display_name": _Order(
        ("(account.folded_name = '')", "account.folded_name"),
        lambda row: (not row.display_name, row.display_name.casefold()),
    ),
    "origin": _Order(("account.origin",), lambda row: (row.origin.value,)),
    "roles": _Order(("account.roles",), lambda row: (list(row.roles),)),
    "created_at": _Order(("account.created_at",), lambda row: (row.created_at,)),
}
_STATUS: Final = {status: place for place, status in enumerate(Status)}
_BY_STATUS: Final = (
    f"CASE WHEN NOT account.enabled THEN {_STATUS[Status.DISABLED]}"
    f" WHEN {_EXPIRED} THEN {_STATUS[Status.EXPIRED]}"
    f" WHEN {_LOCKED} THEN {_STATUS[Status.LOCKED]} ELSE {_STATUS[Status.ENABLED]} END"
)


def _by_mfa(sort: Sort) -> str:
    """Return the place of an account, which follows from two of its columns."""
    places = " ".join(f"WHEN {_has(row)} THEN {int(sort.key(row))}" for row in _KINDS_OF_MFA)
    return f"CASE {places} END"


def _sorted_by(order: _Order, *, is_descending: bool) -> str:
    way = " DESC" if is_descending else ""
    # Accounts that are equal in the order are always sorted forward by their username.
    last = "account.username" + ("" if order.columns else way)
    return ", ".join([*(column + way for column in order.columns), last])


def _following(order: _Order, after: AccountRow, *, is_descending: bool) -> _Part:
    """Return the condition for the rows that come after this one, which may be gone by now."""
    comes = "<" if is_descending else ">"
    if not order.columns:
        return _Part(f"account.username {comes} %s", (after.username,))
    values = order.values_of(after)
    mine = f"({', '.join(order.columns)})"
    its = f"({', '.join(map(_placeholder, values))})"
    return _Part(
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


# Conditions


def _translated(query: Query[AccountRow]) -> tuple[Query[AccountRow], list[_Part]]:
    """Return the conditions of the query, and the query with the terms that have none."""
    translated = [(term, _condition(term)) for term in query.terms]
    conditions = [
        part._replace(sql=f"NOT ({part.sql})") if term.negated else part
        for term, part in translated
        if part is not None
    ]
    rest = tuple(term for term, part in translated if part is None)
    return replace(query, terms=rest), conditions


def _condition(term: Term[AccountRow]) -> _Part | None:
    """Return the condition for a term without its `!`; None if only Python can test it."""
    if term.word == "mfa":
        kinds = [_has(row) for row in _KINDS_OF_MFA if term.test(row)]
        return _Part(f"({' OR '.join(kinds)})" if kinds else "false")
    if term.word == "status" and isinstance(term.value, str):
        return _CONDITIONS_OF_STATUS.get(term.value)
    if isinstance(term.value, SoughtStatus):
        return _status(term.value)
    if isinstance(term.value, str) and "\0" not in term.value:
        sql = _CONDITIONS_OF_TEXT.get(term.word)
        value = _pattern(term.value) if not term.word else term.value
        return _Part(sql, (value,) * sql.count("%s")) if sql is not None else None
    if term.word in _TIMES and (term.value is None or isinstance(term.value, Span)):
        return _within(_TIMES[term.word], term.value)
    return None


_CONDITIONS_OF_TEXT: Final = {
    "": "(account.username LIKE %s OR account.folded_name LIKE %s)",
    "origin": "account.origin = %s",
    "role": "account.roles @> ARRAY[%s::text]",
}
"""Written so that indexes fit (see schema)."""
_CONDITIONS_OF_STATUS: Final = {
    Status.DISABLED.value: _Part("NOT account.enabled"),
    Status.EXPIRED.value: _Part(f"(account.enabled AND {_EXPIRED})"),
    Status.UNUSED.value: _Part("false"),
    Status.LOCKED.value: _Part(f"({_OPEN} AND {_LOCKED})"),
    Status.ENABLED.value: _Part(f"({_OPEN})"),
}
"""Where no account counts as unused."""
_UNUSED: Final = (
    "(greatest(account.created_at, account.enabled_at, record.last_sign_in) < %s::float8"
    " AND account.username <> %s)"
)
"""greatest ignores times that are not known."""
_TIMES: Final = {
    "created": "account.created_at",
    "expires": "account.expires_at",
    "last": "record.last_sign_in",
}


def _status(sought: SoughtStatus) -> _Part:
    """Return the condition for a status where accounts can be unused."""
    part = _CONDITIONS_OF_STATUS[sought.status.value]
    if sought.status in {Status.DISABLED, Status.EXPIRED}:
        return part
    values = (sought.unused.before, sought.unused.spared)
    if sought.status is Status.UNUSED:
        return _Part(f"({_OPEN} AND {_UNUSED})", values, needs_records=True)
    return _Part(f"({part.sql} AND NOT {_UNUSED})", values, needs_records=True)


def _pattern(text: str) -> str:
    """Return the pattern for LIKE that matches this text anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _within(column: str, span: Span | None) -> _Part:
    """Return the condition for times in a span. None stands for no time."""
    needs_records = column.startswith("record.")
    if span is None:
        return _Part(f"{column} IS NULL", (), needs_records)
    bounds = [(f"{column} >= %s::float8", span.start), (f"{column} < %s::float8", span.end)]
    finite = [(sql, at) for sql, at in bounds if at not in {-inf, inf}]
    # A time that is not known is in no span, and its negation must not be unknown too.
    sql = " AND ".join([f"{column} IS NOT NULL", *(sql for sql, _ in finite)])
    return _Part(f"({sql})", tuple(at for _, at in finite), needs_records)


_KINDS_OF_MFA: Final = [
    AccountRow(username="", second_factor=second_factor, mfa_required=mfa_required)
    for second_factor, mfa_required in product((None, Present()), (False, True))
]
"""Rows that differ in all that their MFA state follows from, besides the settings."""


def _has(row: AccountRow) -> str:
    factor = "" if row.second_factor is not None else "NOT "
    required = "" if row.mfa_required else "NOT "
    return f"({factor}account.has_second_factor AND {required}account.mfa_required)"


def _need_records(conditions: list[_Part]) -> bool:
    return any(part.needs_records for part in conditions)


def _where(conditions: list[_Part]) -> str:
    return f" WHERE {' AND '.join(part.sql for part in conditions)}" if conditions else ""


def _values(conditions: list[_Part]) -> list[object]:
    return [value for part in conditions for value in part.values]


def _decoded(username: str, listed: bytes) -> AccountRow:
    try:
        return msgspec.json.decode(listed, type=AccountRow)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise problems.damaged(f"The account {username}", error) from None
