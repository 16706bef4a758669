"""Searches through long lists: what is shown before they are complete, and how they end."""

from collections.abc import Iterator
from random import Random

import pytest

from cwtui.accounts import account_words, listing, user_list
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
    sort = Sort("created_at", is_descending, lambda row: row.created_at)
    for mixed in (rows, random.sample(rows, len(rows))):
        for limit in (1, 20, 299, 400):
            assert sort.first(mixed, limit) == sort.sorted(rows)[:limit]
    assert sort.first(rows, 0) == []


def test_last_sign_ins_of_the_first_users_are_read_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_words, "_ONE_BY_ONE", 3)
    read: list[str] = []

    def read_one(name: str) -> float | None:
        read.append(name)
        return 50.0

    def read_all() -> dict[str, float]:
        read.append("all")
        return dict.fromkeys(NAMES, 50.0)

    facts = Facts(read_last_sign_ins=read_all, read_last_sign_in=read_one)
    query = parse("last:>1s", words(facts), 100.0)
    found = query.select(AccountRow(username=name) for name in NAMES)
    assert next(found).username == NAMES[0]
    assert read == NAMES[:1]
    assert [row.username for row in found] == NAMES[1:]
    assert read == [*NAMES[:3], "all"]
