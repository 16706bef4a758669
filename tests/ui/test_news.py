"""What others change appears by itself, and the person stays where they are."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cwtui.accounts import user_list
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Attempts, OpenSession, SignInRecord
from cwtui.accounts.roles import Permission
from cwtui.store.accounts import TinyAccountStore
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.pages.looking import LookingPage
from cwtui.ui.screens.pages.roles import RolesPage
from cwtui.ui.screens.pages.sessions import UserSessionsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.event_table import EventTable
from cwtui.ui.widgets.session_table import SessionTable
from cwtui.ui.widgets.user_table import UserTable
from tests.accounts.memory import MemoryAccounts
from tests.accounts.world import World
from tests.ui.harness import Person, at_work
from tests.ui.plants import ADMIN, write_events
from tests.ui.scenes import SCENES


async def look(person: Person) -> None:
    """Let the page look, as it does every few seconds."""
    (page,) = [one for one in person.app.screen_stack if isinstance(one, LookingPage)]
    page.look_again()
    await person.settle()


async def look_later(person: Person, world: World) -> None:
    """Let the page look after nobody has pressed a key for a while."""
    world.clock.forward(2)
    await look(person)


def add_users(world: World, *names: str) -> None:
    """Add accounts, as another process does."""
    model = world.account("alice")
    with world.accounts.change() as change:
        change.put(*(model.changed(username=name) for name in names))


def table_of(person: Person) -> UserTable:
    return person.app.screen.query_one(UserTable)


def shown(person: Person) -> str:
    return " ".join(person.text.split())


def line_of(person: Person, text: str) -> int:
    """Where the text is on the screen."""
    (line,) = [number for number, row in enumerate(person.rows) if text in row]
    return line


async def test_users_appear_and_the_person_stays_where_they_are() -> None:
    async with SCENES["users"].played() as (person, there):
        add_users(there.world, *(f"m{number:03d}" for number in range(100)))
        await look_later(person, there.world)
        person.sees("107 users")
        for _ in range(4):
            await person.press("pagedown")
        await person.press("up", "space")
        table, (selected,) = table_of(person), table_of(person).in_view[-2:-1]
        await person.press("up", "up")
        here = table.username
        line, first = line_of(person, here), table.in_view[0]
        assert first.username > "m"
        add_users(there.world, "aaron", "abel", "zoe")
        with there.world.accounts.change() as change:
            change.remove("bob")
        await look_later(person, there.world)
        person.sees("109 users", "1 selected")
        assert (table.username, line_of(person, here), table.in_view[0]) == (here, line, first)
        context = person.app.context
        assert context.users_selection is not None
        assert context.users_selection.has(selected.username)
        await person.press("home")
        person.sees("aaron", "abel")
        assert "bob" not in person.text


async def test_at_the_top_new_users_come_into_view() -> None:
    async with SCENES["users"].played() as (person, there):
        await person.press("down")
        here = table_of(person).username
        add_users(there.world, "aaron")
        await look_later(person, there.world)
        person.sees("aaron")
        assert table_of(person).username == here
        with there.world.accounts.change() as change:
            change.remove(here)
        await look_later(person, there.world)
        assert table_of(person).cursor == 2
        person.sees("7 users")


async def test_filter_and_order_stay() -> None:
    async with SCENES["users"].played() as (person, there):
        await person.press("/")
        await person.write("mfa:enabled")
        await person.press("enter", "S")
        person.sees("Username ↓")
        matching = len(table_of(person).rows)
        add_users(there.world, "aaron")
        there.world.add("zoe-without-mfa")
        await look_later(person, there.world)
        assert [row.username for row in table_of(person).rows][-1] == "aaron"
        person.sees("Username ↓", "mfa:enabled", f"{matching + 1} of 9 users")


async def test_new_locks_and_sign_ins_appear_too() -> None:
    async with SCENES["users"].played() as (person, there):
        kept, now = there.world.records.kept, there.world.clock()
        person.sees("never")
        kept["frank"] = SignInRecord(last_sign_in=now - 120)
        await look_later(person, there.world)
        assert "frank local minimum required enabled 2 min" in shown(person)
        kept["frank"] = SignInRecord(password_attempts={"": Attempts(banned_until=now + 300)})
        await look_later(person, there.world)
        assert "frank local minimum required locked never" in shown(person)


async def test_nothing_moves_under_a_dialog_or_between_two_keys() -> None:
    async with SCENES["users"].played() as (person, there):
        add_users(there.world, "aaron")
        await person.press("down")
        await look(person)
        assert "aaron" not in person.text
        await person.press("f1")
        assert isinstance(person.app.screen, HelpScreen)
        await look_later(person, there.world)
        await person.press("escape")
        assert "aaron" not in person.text
        await look_later(person, there.world)
        person.sees("aaron")


async def test_nothing_moves_if_a_key_is_pressed_while_the_list_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with SCENES["users"].played() as (person, there):
        read = user_list.first_page

        def read_meanwhile(*args: Any) -> user_list.FirstPage:
            page = read(*args)
            person.app.context.active_at = there.world.clock()
            return page

        add_users(there.world, "aaron")
        with monkeypatch.context() as patch:
            patch.setattr(user_list, "first_page", read_meanwhile)
            await look_later(person, there.world)
        assert "aaron" not in person.text
        await look_later(person, there.world)
        person.sees("aaron")


async def test_a_list_that_has_not_changed_is_neither_read_nor_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with SCENES["users"].played() as (person, there):
        done = list[str]()
        monkeypatch.setattr(MemoryAccounts, "page", lambda *_, **__: done.append("read"))
        monkeypatch.setattr(UserTable, "render_line", lambda *_: done.append("drawn"))
        await look_later(person, there.world)
        assert done == []


async def test_a_store_that_cannot_be_read_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with SCENES["users"].played() as (person, there):
        add_users(there.world, "aaron")

        def fail(_: object) -> object:
            raise CannotCheck("Cannot read accounts.json.")

        with monkeypatch.context() as patch:
            patch.setattr(MemoryAccounts, "version", fail)
            await look_later(person, there.world)
        assert (person.status_line, len(table_of(person).rows)) == ("", 7)
        await look_later(person, there.world)
        person.sees("aaron")


async def test_the_page_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cwtui.ui.screens.pages.looking._EVERY", 0.01)
    async with SCENES["users"].played() as (person, there):
        there.world.sessions.look_seconds = 0.01
        there.world.clock.forward(2)
        person.screen(UsersPage)._look_after(0.0)
        for name in ("aaron", "abel"):
            add_users(there.world, name)
            await person.until(lambda: name in person.text)  # noqa: B023  awaited at once


async def test_changes_by_another_process_appear(world: World, tmp_path: Path) -> None:
    world.add_admin(ADMIN)
    path = tmp_path / "accounts.json"
    with TinyAccountStore.create(path).change() as change:
        change.put(world.account(ADMIN))
    ports = replace(world.ports, accounts=TinyAccountStore(path))
    async with at_work(ports, world.clock) as person:
        person.app.context.session = world.session(ADMIN)
        person.app.router.open_section("users")
        await person.settle()
        person.sees("1 user")
        with TinyAccountStore(path).change() as change:
            change.put(world.account(ADMIN).changed(username="aaron"))
        await look_later(person, world)
        person.sees("2 users", "aaron")


# The audit log


def subjects(person: Person) -> list[str]:
    rows = person.app.screen.query_one(EventTable).rows
    return [row.record.subject or "" for row in rows if row.record is not None]


async def test_events_appear_above_the_one_that_is_looked_at() -> None:
    async with SCENES["audit_log"].played() as (person, there):
        table, before = person.app.screen.query_one(EventTable), len(subjects(person))
        await person.press("down")
        here = table.rows[table.cursor]
        write_events(there, "a1", "a2")
        await look_later(person, there.world)
        assert subjects(person)[:2] == ["a2", "a1"]
        assert (table.rows[table.cursor], table.scroll_y) == (here, 0)
        person.sees("a1", "a2")
        write_events(there, *(f"before-{number}" for number in range(30)))
        await look_later(person, there.world)
        assert table.in_view[-1] == here, "The cursor stays in view."
        await person.press("end")
        here, first = table.rows[table.cursor], table.in_view[0]
        write_events(there, *(f"b{number:03d}" for number in range(300)))
        await look_later(person, there.world)
        assert (table.rows[table.cursor], table.in_view[0]) == (here, first)
        person.sees(f"{before + 333} events")
        await person.press("home")
        person.sees("b299")


async def test_only_events_that_match_appear() -> None:
    async with SCENES["audit_log"].played() as (person, there):
        await person.press("/")
        await person.write("user:eva")
        await person.press("enter")
        assert subjects(person) == []
        write_events(there, "eva", "otto")
        await look_later(person, there.world)
        assert subjects(person) == ["eva"]
        write_events(there, "otto", "eva")
        await look_later(person, there.world)
        assert subjects(person) == ["eva", "eva"]


async def test_a_log_that_stays_open_does_not_grow_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cwtui.ui.screens.pages.audit_log._MOST_ADDED", 250)
    async with SCENES["audit_log"].played() as (person, there):
        for begin in range(0, 600, 200):
            write_events(there, *(f"c{number}" for number in range(begin, begin + 200)))
            await look_later(person, there.world)
        assert (len(subjects(person)), subjects(person)[0]) == (400, "c599")


# Roles and sessions


async def test_a_role_of_another_admin_appears() -> None:
    async with SCENES["roles"].played() as (person, there):
        await person.press("down")
        focus = person.focus
        world = there.world
        custom: Mapping[str, tuple[Permission, ...]] = world.accounts.settings().custom_roles
        await look_later(person, world)
        page = person.screen(RolesPage)
        world.settings(custom_roles={**custom, "night-shift": (Permission.READ_USERS,)})
        await look_later(person, world)
        assert person.screen(RolesPage) is not page
        person.sees("night-shift")
        assert person.focus == focus


async def test_sessions_that_begin_and_end_elsewhere_appear() -> None:
    async with SCENES["user_sessions"].played() as (person, there):
        table, sessions = person.app.screen.query_one(SessionTable), there.world.sessions
        await person.press("down")
        here: OpenSession = table.rows[table.cursor]
        sessions.end(table.rows[0].id)
        await look_later(person, there.world)
        person.screen(UserSessionsPage)
        assert len(table.rows) == 2
        assert table.rows[table.cursor].id == here.id
