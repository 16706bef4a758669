"""The status of accounts in filters and orders, which each store finds in its own way."""

import time
from functools import partial
from itertools import product

import pytest

from cwtui.accounts.account_state import Status
from cwtui.accounts.account_words import Facts, account_words, sort_by
from cwtui.accounts.filter_language import parse
from cwtui.accounts.listing import BY_USERNAME, AccountRow
from cwtui.accounts.model import Account, Attempts, SignInRecord
from cwtui.accounts.ports import AccountStore
from cwtui.accounts.roles import ADMIN
from cwtui.accounts.unused import Unused
from tests.store.stores import Stores, put

NOW = time.time()
DAY = 86400.0
LONG_AGO = NOW - 100 * DAY
BEFORE = NOW - 90 * DAY
TIMES = (None, LONG_AGO, NOW - DAY)


@pytest.fixture
def accounts(stores: Stores) -> AccountStore:
    """Accounts in all states, among them an admin who is spared."""
    store, records = stores.accounts(), stores.records()
    states = product((True, False), (None, NOW - DAY, NOW + DAY), TIMES, TIMES, (False, True))
    kept = list[Account]()
    for number, (enabled, expires_at, enabled_at, last, waits) in enumerate(states):
        name = f"u{number:03}"
        kept.append(
            Account(
                username=name,
                created_at=LONG_AGO,
                enabled=enabled,
                expires_at=expires_at,
                enabled_at=enabled_at,
            )
        )
        attempts = {"": Attempts(5, NOW, NOW + DAY)} if waits else {}
        record = SignInRecord(last_sign_in=last, password_attempts=attempts)
        if record != SignInRecord():
            records.update(name, partial(_replaced, record))
    put(store, *kept, Account(username="root", created_at=LONG_AGO, roles=(ADMIN,)))
    return store


def _replaced(record: SignInRecord, _: SignInRecord) -> tuple[SignInRecord, None]:
    return record, None


@pytest.mark.parametrize("unused", [None, Unused(BEFORE, lambda: "root"), Unused(BEFORE, str)])
def test_each_store_finds_the_same_accounts_of_each_status(
    accounts: AccountStore, stores: Stores, unused: Unused | None
) -> None:
    records = stores.records()
    locked = dict.fromkeys(records.banned(), NOW + DAY)
    facts = Facts(accounts.settings(), NOW, locked, unused, records.last_sign_ins)
    rows = accounts.rows()
    states = {row.username: facts.status(row) for row in rows}
    assert len(set(states.values())) == (4 if unused is None else 5)
    assert (states["root"] is Status.UNUSED) is (unused is not None and not unused.spared)

    def found(words: str) -> list[str]:
        query = parse(words, account_words(facts), NOW)
        page = accounts.page(query, BY_USERNAME)
        assert accounts.count(query) == len(page)
        return [row.username for row in page]

    for status in Status:
        # Who is locked is enabled all the same.
        sought = {status, Status.LOCKED} if status is Status.ENABLED else {status}
        expected = [name for name, its in states.items() if its in sought]
        assert found(f"status:{status}") == expected
        assert found(f"!{status}") == [name for name in states if name not in expected]

    assert found("enabled !locked") == [n for n, its in states.items() if its is Status.ENABLED]

    def key(row: AccountRow) -> tuple[int, str]:
        return list(Status).index(states[row.username]), row.username

    in_order = sort_by("status", facts)
    everyone = parse("", account_words(facts), NOW)
    ordered = accounts.page(everyone, in_order)
    assert ordered == sorted(rows, key=key)
    assert accounts.page(everyone, in_order, ordered[40], 9) == ordered[41:50]


def test_each_store_finds_accounts_by_their_last_day(accounts: AccountStore) -> None:
    words = account_words(Facts())
    for term, expected in (
        ("expires:<2d", {NOW - DAY, NOW + DAY}),
        ("expires:>1h", {NOW + DAY}),
        ("expires:never", {None}),
        ("!expires:<2d", {None}),
    ):
        page = accounts.page(parse(term, words, NOW), BY_USERNAME)
        assert {row.expires_at for row in page} == expected, term


def test_the_admins_who_are_not_disabled_are_known_without_a_change(
    accounts: AccountStore,
) -> None:
    assert accounts.enabled_local_admins() == {"root"}
