"""Terms of the filter language as SQL, with all values as parameters.

A condition says true or false of every row, never NULL, so that it can be negated. Where it can, it
is written so that an index fits even if it is negated (see schema).
"""

from dataclasses import replace
from itertools import product
from math import inf
from typing import Final, NamedTuple

from cwtui.accounts.account_state import PasswordState, Status
from cwtui.accounts.account_words import SoughtStatus
from cwtui.accounts.filter_language import Query, Term
from cwtui.accounts.filter_times import Span
from cwtui.accounts.listing import AccountRow, Present
from cwtui.accounts.model import Origin

_NOW: Final = "extract(epoch FROM statement_timestamp())"
LOCKED: Final = (
    "account.username IN (SELECT waits.username FROM cwtui.record AS waits"  # noqa: S608  constants
    f" WHERE waits.waits_until > 0 AND waits.waits_until > {_NOW})"
)
EXPIRED: Final = f"(account.expires_at IS NOT NULL AND account.expires_at <= {_NOW})"
_OPEN: Final = f"account.enabled AND NOT {EXPIRED}"
"""What is true of accounts that can be used unless they are unused."""


class Part(NamedTuple):
    """Part of a statement, its values, and whether an index finds the rows of which it is true."""

    sql: str
    values: tuple[object, ...] = ()
    needs_records: bool = False
    has_index: bool = False


def _indexed(sql: str, values: tuple[object, ...] = ()) -> Part:
    return Part(sql, values, has_index=True)


def translated(query: Query[AccountRow]) -> tuple[Query[AccountRow], list[Part]]:
    """Return the conditions of the query, and the query with the terms that have none."""
    parts = [(term, _condition(term)) for term in query.terms]
    rest = tuple(term for term, part in parts if part is None)
    return replace(query, terms=rest), [part for _, part in parts if part is not None]


def _condition(term: Term[AccountRow]) -> Part | None:
    """Return the condition for a term; None if only Python can test it."""
    if term.word == "mfa":
        kinds = [has(row) for row in KINDS_OF_MFA if term.test(row) is not term.negated]
        return _indexed(f"({' OR '.join(kinds)})" if kinds else "false")
    if term.word == "origin" and isinstance(term.value, str):
        kept = [one.value for one in Origin if (one.value == term.value) is not term.negated]
        return _indexed("account.origin = ANY (%s)", (kept,))
    part = _of_word(term)
    if part is None or not term.negated:
        return part
    return part._replace(sql=f"NOT ({part.sql})", has_index=False)


def _of_word(term: Term[AccountRow]) -> Part | None:
    """Return the condition for a term without its `!`."""
    if term.word in _CONDITIONS_OF_STATE and isinstance(term.value, str):
        return _CONDITIONS_OF_STATE[term.word].get(term.value)
    if isinstance(term.value, SoughtStatus):
        return _status(term.value)
    if isinstance(term.value, str) and "\0" not in term.value:
        sql = _CONDITIONS_OF_TEXT.get(term.word)
        value = _pattern(term.value) if not term.word else term.value
        if sql is None:
            return None
        has_index = bool(term.word) or len(term.value) >= _TRIGRAM
        return Part(sql, (value,) * sql.count("%s"), has_index=has_index)
    if term.word in _TIMES and (term.value is None or isinstance(term.value, Span)):
        return _within(_TIMES[term.word], term.value)
    return None


_TRIGRAM: Final = 3
"""Characters of a text that an index can find."""
_CONDITIONS_OF_TEXT: Final = {
    "": "(account.username LIKE %s OR account.folded_name LIKE %s)",
    "role": "account.roles @> ARRAY[%s::text]",
}
_CONDITIONS_OF_STATUS: Final = {
    Status.DISABLED.value: _indexed("NOT account.enabled"),
    Status.EXPIRED.value: _indexed(f"(account.enabled AND {EXPIRED})"),
    Status.UNUSED.value: _indexed("false"),
    Status.LOCKED.value: _indexed(f"({_OPEN} AND {LOCKED})"),
    Status.ENABLED.value: _indexed(f"({_OPEN})"),
}
"""Where no account counts as unused."""
KIND: Final = """
    CASE WHEN account.listed -> 'password' IS NULL THEN 'elsewhere'
        WHEN account.listed -> 'initial_password_expires_at' IS NOT NULL THEN 'initial'
        WHEN account.listed -> 'must_change_password' IS NOT NULL THEN 'must-change'
        ELSE 'set' END
"""
"""The state of a password, as far as it does not depend on the time."""


def _of_kind(kind: str, *others: str) -> Part:
    return _indexed(f"({' AND '.join([f'({KIND}) = {kind!r}', *others])})")


_ENDS: Final = "(account.listed ->> 'initial_password_expires_at')::float8"
_IS_VALID, _IS_OVER = f"{_ENDS} > {_NOW}", f"{_ENDS} <= {_NOW}"
_IS_INVITED: Final = "account.listed -> 'invited' IS NOT NULL"
_CONDITIONS_OF_PASSWORD: Final = {
    PasswordState.SET.value: _of_kind("set"),
    PasswordState.MUST_CHANGE.value: _of_kind("must-change"),
    PasswordState.ELSEWHERE.value: _of_kind("elsewhere"),
    PasswordState.INITIAL.value: _of_kind("initial", f"NOT {_IS_INVITED}", _IS_VALID),
    PasswordState.EXPIRED.value: _of_kind("initial", f"NOT {_IS_INVITED}", _IS_OVER),
    PasswordState.INVITED.value: _of_kind("initial", _IS_INVITED, _IS_VALID),
    PasswordState.INVITATION_EXPIRED.value: _of_kind("initial", _IS_INVITED, _IS_OVER),
}
_CONDITIONS_OF_STATE: Final = {
    "status": _CONDITIONS_OF_STATUS,
    "password": _CONDITIONS_OF_PASSWORD,
}
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


def _status(sought: SoughtStatus) -> Part:
    """Return the condition for a status where accounts can be unused."""
    part = _CONDITIONS_OF_STATUS[sought.status.value]
    if sought.status in {Status.DISABLED, Status.EXPIRED}:
        return part
    values = (sought.unused.before, sought.unused.spared)
    if sought.status is Status.UNUSED:
        return Part(f"({_OPEN} AND {_UNUSED})", values, needs_records=True)
    sql = f"({part.sql} AND NOT {_UNUSED})"
    return Part(sql, values, needs_records=True, has_index=part.has_index)


def _pattern(text: str) -> str:
    """Return the pattern for LIKE that matches this text anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _within(column: str, span: Span | None) -> Part:
    """Return the condition for times in a span. None stands for no time."""
    needs_records = column.startswith("record.")
    if span is None:
        return Part(f"{column} IS NULL", (), needs_records)
    bounds = [(f"{column} >= %s::float8", span.start), (f"{column} < %s::float8", span.end)]
    finite = [(sql, at) for sql, at in bounds if at not in {-inf, inf}]
    # A time that is not known is in no span, and its negation must not be unknown too.
    sql = " AND ".join([f"{column} IS NOT NULL", *(sql for sql, _ in finite)])
    values = tuple(at for _, at in finite)
    return Part(f"({sql})", values, needs_records, has_index=not needs_records)


KINDS_OF_MFA: Final = [
    AccountRow(username="", second_factor=second_factor, mfa_required=mfa_required)
    for second_factor, mfa_required in product((None, Present()), (False, True))
]
"""Rows that differ in all that their MFA state follows from, besides the settings."""


def has(row: AccountRow) -> str:
    factor = "" if row.second_factor is not None else "NOT "
    required = "" if row.mfa_required else "NOT "
    return f"({factor}account.has_second_factor AND {required}account.mfa_required)"
