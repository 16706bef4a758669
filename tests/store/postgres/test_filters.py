"""Filters of many accounts: each way to search them finds the same, and rare values by an index."""

import time
from functools import partial
from itertools import product
from typing import Final

import psycopg
import pytest

from cwtui.accounts.account_words import AccountQuery, Facts, account_words, sort_by
from cwtui.accounts.filter_language import parse
from cwtui.accounts.listing import BY_USERNAME, AccountRow
from cwtui.accounts.model import Account, Attempts, Origin, SignInRecord
from cwtui.accounts.roles import ADMIN, MINIMUM
from cwtui.store.postgres import queries
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Answer
from tests.store.samples import FULL
from tests.store.stores import put

NOW: Final = time.time()
DAY: Final = 86400.0
FILTERS: Final = (
    *("mfa:enabled", "mfa:required", "mfa:none", "origin:ldap", "origin:local"),
    *("role:admin", "role:minimum", "password:set", "password:initial", "password:expired"),
    *("password:invited", "password:invitation-expired", "password:must-change"),
    *("password:elsewhere", "status:disabled", "status:expired", "status:locked"),
    *("status:enabled", "last:never", "last:<3d", "created:<5d", "created:>400d"),
    *("expires:never", "expires:<2d", "u1", "person 7", "nobody"),
    *("role:admin origin:local", "role:admin last:never !mfa:none"),
)
RARE: Final = {
    "role:admin": "account_roles",
    "person": "account_text",
    "origin:ldap": "account_origin",
    "!origin:local": "account_origin",
    "mfa:required": "account_mfa",
    "!mfa:enabled": "account_mfa",
    "status:disabled": "account_enabled",
    "status:expired": "account_expires",
    "status:locked": "record_waits",
    "password:must-change": "account_password",
    "password:invited": "account_password",
    "created:<5d": "account_created",
    "expires:<2d": "account_expires",
}


@pytest.fixture
def facts(parts: Parts) -> Facts:
    """Of a store whose accounts differ in all that filters ask for."""
    kept = [_account(*one) for one in enumerate(product(range(12), (None, -DAY, DAY), (0, 1)))]
    put(parts.accounts, *kept)
    for number in range(0, len(kept), 3):
        waits = {"": Attempts(5, NOW, NOW + DAY)} if number % 2 else {}
        record = SignInRecord(last_sign_in=NOW - number * DAY / 4, password_attempts=waits)
        parts.records.update(kept[number].username, partial(_replaced, record))
    locked = dict.fromkeys(parts.records.banned(), NOW + DAY)
    return Facts(parts.accounts.settings(), NOW, locked, None, parts.records.last_sign_ins)


def _account(number: int, differs: tuple[int, float | None, int]) -> Account:
    kind, end, flag = differs
    ends_at = None if kind % 3 == 0 else NOW + (DAY if kind % 3 == 1 else -DAY)
    return Account(
        username=f"u{number * 7 % 72:02}",
        display_name=f"Person {number}" if number % 5 else "",
        created_at=NOW - number * 10 * DAY,
        origin=Origin.LDAP if kind == 0 else Origin.LOCAL,
        roles=(ADMIN, MINIMUM) if number % 11 == 0 else (MINIMUM,),
        enabled=number % 13 != 0,
        expires_at=None if end is None else NOW + end,
        mfa_required=bool(flag),
        second_factor=FULL.second_factor if kind % 2 else None,
        password=None if kind == 0 else FULL.password,
        initial_password_expires_at=ends_at,
        invited=ends_at is not None and kind > 6,
        must_change_password=ends_at is not None or kind == 3,
    )


def _replaced(record: SignInRecord, _: SignInRecord) -> tuple[SignInRecord, None]:
    return record, None


def _query(facts: Facts, text: str) -> AccountQuery:
    return parse(text, account_words(facts), NOW)


@pytest.mark.parametrize("few", [0, 100])
def test_all_ways_to_search_find_the_same(
    parts: Parts, facts: Facts, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    for name, value in (("_MANY", 0), ("_NEXT", 7), ("_FEW", few), ("_AT_FIRST", 5)):
        monkeypatch.setattr(queries, name, value)
    rows = parts.accounts.rows()
    orders = sort_by("display_name", facts, is_descending=True), sort_by("last_sign_in", facts)
    for text, negated in product(FILTERS, ("", "!")):
        query = _query(facts, negated + text)
        expected = [*query.select(rows)]
        assert parts.accounts.count(query) == len(expected), query
        for sort in orders:
            assert parts.accounts.page(query, sort, limit=4) == sort.page(expected)[:4], query
        found, after = list[AccountRow](), None
        while page := parts.accounts.page(query, BY_USERNAME, after, 9):
            found, after = found + page, page[-1]
        assert found == expected, query


@pytest.mark.parametrize(("text", "index"), RARE.items())
def test_rare_values_are_found_by_an_index(
    parts: Parts, url: str, monkeypatch: pytest.MonkeyPatch, text: str, index: str
) -> None:
    monkeypatch.setattr(queries, "_MANY", 0)
    sent = list[tuple[str, tuple[object, ...]]]()
    read = parts.accounts._read

    def noted(sql: str, *values: object) -> Answer:
        sent.append((sql, values))
        return read(sql, *values)

    queries.page(noted, _query(Facts(), text), BY_USERNAME, None, 20, accounts=1)
    with psycopg.connect(url, autocommit=True) as connection:
        # A table as small as this is read as a whole, or in the order of its names.
        connection.execute("SET enable_seqscan = off")
        _, (sql, values) = sent
        plan = str(connection.execute(f"EXPLAIN {sql}".encode(), values).fetchall())
    assert index in plan
    assert "account_pkey" not in plan
