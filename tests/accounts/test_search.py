"""Searches through long lists: what is shown before they are complete, and how they end."""

from collections.abc import Iterator
from random import Random
from threading import Thread

import pytest

from cwtui.accounts import listing, user_list
from cwtui.accounts import search as search_module
from cwtui.accounts.account_words import Facts
from cwtui.accounts.account_words import account_words as words
from cwtui.accounts.filter_language import parse
from cwtui.accounts.listing import EVERYONE, AccountRow, Sort, View
from cwtui.accounts.search import Search, SearchEnded
from cwtui.accounts.user_list import UserSearch
from tests.accounts.memory import MemoryAccounts
from tests.accounts.world import OPERATOR, World

NAMES = [f"user-{number:03d}" for number in range(300)]


def test_a_search_shows_its_first_rows_and_ends_when_asked() -> None:
    search: Search[AccountRow] = Search()
    query = search.watched(parse("!user-001", words(Facts()), 0.0))
    found = query.select(AccountRow(username=name) for name in NAMES)
    assert [next(found).username for _ in range(2)] == ["user-000", "user-002"]
    assert [row.username for row in search.rows] == ["user-000", "user-002"]
    assert search.matches == 2
    search.end()
    with pytest.raises(SearchEnded):
        next(found)


def test_a_search_keeps_only_the_rows_that_are_shown_first() -> None:
    search: Search[AccountRow] = Search()
    rows = [AccountRow(username=name) for name in NAMES * 2]
    assert list(search.watched(parse("", words(Facts()), 0.0)).select(rows)) == rows
    assert (len(search.rows), search.matches) == (500, 600)


def test_a_page_is_shown_as_far_as_it_was_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_list, "MOST_COMPARED", 0)
    for name in ("ada", "bob", "cho"):
        world.add(name)
    search, shown = UserSearch(), list[list[str]]()

    def rows(_: MemoryAccounts) -> Iterator[AccountRow]:
        for name in ("ada", "bob", "cho"):
            so_far = search.so_far()
            shown.append([row.username for row in so_far.listing.rows] if so_far else [])
            yield AccountRow(username=name)

    monkeypatch.setattr(MemoryAccounts, "rows", rows)
    page = user_list.first_page(world.ports, OPERATOR, EVERYONE, 10, search=search)
    assert len(page.listing.rows) == 3
    assert shown[-3:] == [[], ["ada"], ["ada", "bob"]]

    # Rows beyond the page are found while all matching ones are counted.
    search, shown = UserSearch(), []
    page = user_list.first_page(world.ports, OPERATOR, View("!eve"), 1, search=search)
    assert [row.username for row in page.listing.rows] == ["ada"]
    assert shown[-3:] == [[], ["ada"], ["ada"]]

    # In another order, the first rows are known only when all were looked at.
    search, shown = UserSearch(), []
    view = View("!bob", "origin")
    page = user_list.first_page(world.ports, OPERATOR, view, 1, search=search)
    assert (page.listing.has_more, page.matching) == (True, 2)
    assert not any(shown)


@pytest.mark.parametrize("is_descending", [False, True])
def test_the_first_rows_are_the_same_as_of_the_whole_list_sorted(
    is_descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_AT_ONCE", 7)
    random = Random(12)  # noqa: S311  the same each time
    rows = [AccountRow(username=name, created_at=float(random.randrange(5))) for name in NAMES]
    made: list[str] = []

    def key(row: AccountRow) -> float:
        made.append(row.username)
        return row.created_at

    sort = Sort("created_at", is_descending, key)
    in_order = sorted(rows, key=lambda row: row.username)
    in_order.sort(key=lambda row: row.created_at, reverse=is_descending)
    for mixed in (rows, random.sample(rows, len(rows))):
        for limit in (1, 20, 299, 400, None):
            made.clear()
            assert sort.page(mixed, limit=limit) == in_order[:limit]
            assert made == [row.username for row in mixed]  # once each, and in their order
            assert sort.page(mixed, in_order[4], limit) == in_order[5:][:limit]
    assert sort.page(rows, limit=0) == []


def test_a_search_waits_while_its_first_rows_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "_HELD_SECONDS", 30.0)
    search: Search[AccountRow] = Search()
    found = search.watched(parse("", words(Facts()), 0.0)).select(
        AccountRow(username=name) for name in NAMES
    )
    next(found)
    search.hold()
    rest: list[AccountRow] = []
    thread = Thread(target=lambda: rest.extend(found))
    thread.start()
    thread.join(0.05)
    assert (thread.is_alive(), rest) == (True, [])
    search.go_on()
    thread.join(10.0)
    assert len(rest) == len(NAMES) - 1
    search.hold()
    search.end()
    with pytest.raises(SearchEnded):
        search.check()
    monkeypatch.setattr(search_module, "_HELD_SECONDS", 0.0)
    other: Search[AccountRow] = Search()
    other.hold()
    other.check()  # not for ever, if nothing is drawn


def test_conditions_that_need_a_look_up_are_tested_last() -> None:
    read: list[str] = []

    def look_up(name: str) -> float | None:
        read.append(name)
        return 50.0

    facts = Facts(read_last_sign_ins=lambda: look_up)
    query = parse("last:>1s !user-001 created:<1970-01-02 user-00", words(facts), 100.0)
    assert [term.word for term in query.terms] == ["last", "", "created", ""]
    found = query.select(AccountRow(username=name) for name in NAMES)
    assert [row.username for row in found] == read
    assert read == [name for name in NAMES if name.startswith("user-00") and name != "user-001"]
