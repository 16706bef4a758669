"""The list of users: columns, filter, keyboard and mouse."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from cwtui import language
from cwtui.accounts.listing import AccountRow
from cwtui.language import Language
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.user_table import UserTable
from tests.accounts.memory import MemoryAccounts
from tests.accounts.world import World
from tests.language import german
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, LONG_NAME
from tests.ui.scenes import SCENES


def highlighted(person: Person) -> str:
    table = person.app.screen.query_one(UserTable)
    return table.rows[table.cursor].username


def remove(world: World, username: str) -> None:
    """Remove an account as another admin would."""
    with world.accounts.change() as change:
        change.remove(username)


async def test_the_list_shows_the_main_columns() -> None:
    async with SCENES["users"].played() as (person, _):
        assert person.focus == "UserTable"
        person.sees("7 users")
        text = [" ".join(row[20:].split()) for row in person.rows]
        assert "Username ↑ Origin Roles MFA Status Last" in text
        assert "alice local minimum enabled enabled 3 h" in text
        assert "bob local admin +1 enabled enabled 2 d" in text
        assert "dave local minimum none disabled 1 y" in text
        assert "erin ldap minimum none enabled never" in text
        assert "frank local minimum required enabled never" in text


async def test_a_wide_terminal_shows_more_columns() -> None:
    async with SCENES["users"].played((120, 40)) as (person, _):
        text = [" ".join(row[20:].split()) for row in person.rows]
        assert "alice Alice Ångström local minimum ● enabled ● enabled 2027-01-15 05:00" in text
        assert "dave local minimum ○ none ✗ disabled 2026-01-05 08:00" in text
        await person.resize(160, 40)
        person.sees("connectware-admin, minimum-access ● enabled ● enabled 2027-01-13 07:00")


async def test_the_list_works_by_keyboard() -> None:
    async with SCENES["users"].played() as (person, _):
        assert person.footer == [
            ("Enter", "Open"),
            ("Esc", "Menu"),
            ("/", "Filter"),
            ("N", "Create User"),
            ("F1", "Help"),
            ("Ctrl+Q", "Quit"),
            ("Ctrl+P", "Commands"),
        ]
        assert highlighted(person) == ADMIN
        await person.press("end")
        assert highlighted(person) == "frank"
        await person.press("up", "k", "pageup", "pageup", "down", "j")
        assert highlighted(person) == "bob"
        await person.press("enter")
        person.screen(AccountPage)
        person.sees("Users and Roles > bob")
        await person.press("escape")
        person.screen(UsersPage)


async def test_the_filter_works_by_keyboard() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("/")
        await person.write("LONGER")
        person.sees("1 of 7 users")
        assert highlighted(person) == LONG_NAME
        await person.write("x")
        await person.press("enter")
        person.sees("No user matches this filter.")
        assert ("Enter", "Open") not in person.footer
        await person.press("escape")
        assert person.focus == "UserTable"
        person.sees("7 users")
        assert ("Enter", "Open") in person.footer
        await person.press("/")
        await person.write("ångström")
        assert highlighted(person) == "alice"
        await person.press("enter")
        assert person.focus == "UserTable"
        await person.press("enter")
        person.sees("Users and Roles > alice")


def listed(person: Person) -> str:
    return " ".join(row.username for row in person.app.screen.query_one(UserTable).rows)


async def test_the_list_is_sorted_by_key_and_mouse_and_stays_so() -> None:
    async with SCENES["users"].played() as (person, there):
        as_named = listed(person)
        person.sees("Username ↑")
        await person.press("S")
        person.sees("Username ↓")
        assert listed(person) == " ".join(reversed(as_named.split()))
        await person.press("s")
        person.sees("Origin↑ ", "Username  ")
        assert listed(person).split()[0] == "erin"
        await person.click("Last")
        person.sees("Last ↑")
        assert listed(person).split()[-1] == ADMIN
        await person.click("Last ↑")
        person.sees("Last ↓")
        assert highlighted(person) == ADMIN
        await person.press("/")
        await person.write("!origin:ldap !never")
        await person.press("enter", "end", "up")
        order, chosen = listed(person), highlighted(person)
        await person.click("Settings")
        # Meanwhile, another admin removes the first in the list.
        remove(there.world, order.split()[0] if order.split()[0] != ADMIN else order.split()[1])
        await person.click("Users and Roles")
        person.sees("Last ↓", "!origin:ldap !never")
        assert set(listed(person).split()) < set(order.split())
        assert highlighted(person) == chosen
        await person.press("enter", "escape")
        assert highlighted(person) == chosen
        person.app.router.sign_out()
        assert person.app.context.users_filter == ""


async def test_german_headings_lose_at_most_a_letter_to_the_arrow_of_the_order() -> None:
    with german(language.catalog_of(Language.GERMAN)):
        language.use(Language.GERMAN)
        async with SCENES["users"].played() as (person, _):
            heads = []
            for _column in person.app.screen.query_one(UserTable).shown:
                heads.append(next(row for row in person.rows if "↑" in row))
                await person.press("s")
            assert not [head for head in heads if "…" in head]
            assert len({head.index("↑") for head in heads}) == len(heads)


async def test_the_filter_is_completed_and_explained() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("/")
        await person.write("mf")
        await person.press("tab")
        filter_ = person.app.screen.query_one(TextInput)
        assert filter_.value == "mfa:"
        assert person.status_line == "mfa:enabled   mfa:required   mfa:none"
        person.sees("7 users")
        await person.write("r")
        await person.press("tab")
        assert filter_.value == "mfa:required"
        assert (listed(person), person.status_line) == (f"{LONG_NAME} frank", "")
        await person.press("ctrl+u")
        await person.write("mu")
        await person.press("tab")
        assert filter_.value == "must-enrol"
        assert listed(person) == f"{LONG_NAME} frank"
        await person.press("ctrl+u")
        await person.write("mfa:required")
        await person.press("home")
        await person.write("who:al ")
        assert person.status_line.startswith("✗ There is no filter 'who:'. Use mfa:, origin:, ")
        assert listed(person) == f"{LONG_NAME} frank", "The other terms still count."
        await person.press("enter")
        assert (person.focus, filter_.cursor_position) == ("TextInput", len("who:al "))
        await person.press("ctrl+u")
        assert filter_.value == "mfa:required"
        await person.press("end", "ctrl+u")
        await person.write('!"fra')
        assert person.status_line == "", "The quote may be closed by the next key."
        person.sees("6 of 7 users")
        for leave in (["enter"], ["down", "/"]):
            await person.press(*leave)
            assert person.status_line == '✗ The quote is not closed. Type " at its end.'
            await person.write("n")
            assert person.status_line == ""
        await person.write('k"')
        await person.press("ctrl+u")
        await person.write("status:")
        await person.press("tab")
        states = ("enabled", "locked", "unused", "expired", "disabled")
        assert person.status_line == "   ".join(f"status:{state}" for state in states)
        await person.press("escape")
        assert (person.focus, person.status_line) == ("UserTable", "")
        person.sees("7 users")
        await person.press("/", "tab")
        assert person.focus == "Create User"


async def test_letters_are_commands_only_outside_of_inputs() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("/")
        await person.write("n/k")
        person.screen(UsersPage)
        person.sees("0 of 7 users")
        assert ("N", "Create User") not in person.footer
        await person.press("down")
        assert person.focus == "UserTable"
        await person.press("escape", "n")
        person.screen(CreateUserPage)


async def test_the_list_works_by_mouse() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.click("bob")
        person.sees("Users and Roles > bob")
        await person.click("▸  Users and Roles")
        await person.click("Create User")
        person.screen(CreateUserPage)


async def test_r_reloads_changes_made_by_others() -> None:
    async with SCENES["users"].played() as (person, there):
        await person.press("/")
        await person.write("a")
        await person.press("down", "down")
        chosen = highlighted(person)
        there.world.add("zara")
        remove(there.world, "dave")
        await person.press("r")
        person.screen(UsersPage)
        assert highlighted(person) == chosen
        person.sees("zara")
        assert "dave" not in person.text


async def test_opening_a_removed_account_says_that_it_is_gone() -> None:
    async with SCENES["users"].played() as (person, there):
        table = person.app.screen.query_one(UserTable)
        await person.press("down")
        gone, following = (row.username for row in table.rows[1:3])
        remove(there.world, gone)
        await person.press("enter")
        person.screen(UsersPage)
        person.sees(f"✗ The account {gone} was removed or renamed in the meantime.", "6 users")
        assert highlighted(person) == following


async def test_only_a_window_of_many_users_is_read_and_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cwtui.ui.screens.pages.reading_users.WINDOW", 50)
    async with SCENES["sign_in"].played() as (person, there):
        for number in range(300):
            account = there.world.account("alice").changed(username=f"user-{number:03d}")
            there.world.put(account)
        await person.sign_in(ADMIN)
        await person.click("Users and Roles")
        person.sees("307 users")
        table = person.app.screen.query_one(UserTable)
        assert len(table.rows) == 50
        await person.press("pagedown", "pagedown", "pagedown")
        assert len(table.rows) == 100
        await person.press("/")
        await person.write("user-1")
        person.sees("100 of 307 users")
        await person.press("enter", "end")
        person.sees("user-199")
        remove(there.world, "user-100")
        await person.press("r")
        person.sees("99 of 306 users", "user-199")
        assert highlighted(person) == "user-199"
        await person.press("escape", "end")
        person.sees("user-299")
        await person.press("home")
        person.sees(ADMIN)
        assert len(list(person.app.screen.walk_children())) < 40
        monkeypatch.setattr("cwtui.ui.screens.pages.reading_users.MOST_LISTED", 60)
        await person.press("/")
        await person.write("user-2")
        await person.press("enter", "end", "end")
        assert len(table.rows) == 60
        assert person.sees("The list shows 60 users at most. To see others, type a filter")


async def test_the_first_rows_are_shown_while_others_are_still_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next key ends that search. Without any row yet, the page says that it is searching."""
    read, goes_on, searched = MemoryAccounts.rows, threading.Event(), list[str]()

    def rows(accounts: MemoryAccounts) -> Iterator[AccountRow]:
        found = read(accounts)
        yield from found[:2]
        goes_on.wait(20)
        yield from found[2:]
        searched.append("all")

    async def meanwhile(condition: Callable[[], bool]) -> None:
        for _ in range(1000):
            await person.look_up()
            if condition():
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"It did not happen:\n{person.text}")

    async with SCENES["users"].played() as (person, _):
        table = person.app.screen.query_one(UserTable)
        first, *_, last = (row.username for row in table.rows)
        monkeypatch.setattr("cwtui.accounts.user_list.MOST_COMPARED", 0)
        monkeypatch.setattr(MemoryAccounts, "count", lambda *_: 7)
        monkeypatch.setattr(MemoryAccounts, "rows", rows)
        entry = person.app.screen.query_one(TextInput)
        entry.value = first
        await meanwhile(lambda: len(table.rows) == 1)
        assert table.username == first
        assert person.sees("… of 7 users")
        entry.value = last
        await meanwhile(lambda: not table.rows)
        assert person.sees("Searching …", "searching …")
        goes_on.set()
        await person.until(lambda: len(table.rows) == 1)
        assert table.username == last
        assert person.sees("1 of 7 users")
        assert searched == ["all"]


async def test_returning_from_an_account_restores_filter_and_row() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("slash")
        await person.write("a")
        await person.press("enter", "down", "down")
        row = person.app.screen.query_one(UserTable).cursor
        assert row == 2
        await person.press("enter")
        person.screen(AccountPage)
        await person.press("escape")
        screen = person.screen(UsersPage)
        assert screen.query_one(TextInput).value == "a"
        assert screen.query_one(UserTable).cursor == row
