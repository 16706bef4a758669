"""Keys pressed at once, sizes that change meanwhile, and rows changed by others."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import pytest
from textual import events
from textual.worker import WorkerState

from cwtui.accounts import self_service, sign_in
from cwtui.ui.app import AccountApp
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.palette import Palette
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.navigation import Navigation
from cwtui.ui.widgets.user_table import UserTable
from tests.accounts.world import PASSWORD
from tests.ui.harness import Person, at_work, key_event
from tests.ui.plants import ADMIN, Plant, plant
from tests.ui.scenes import SCENES
from tests.ui.ways import enter_session
from tests.walk.checks import check_whole
from tests.walk.events import resize

TINY = (1, 1)


@asynccontextmanager
async def crowded(rows: int = 24) -> AsyncIterator[tuple[Person, Plant]]:
    """Users and Roles with more users than rows."""
    there = plant()
    for number in range(60):
        there.world.add(f"user{number:02d}")
    world, size = there.world, (80, rows)
    async with at_work(world.ports, world.clock, size=size, in_session=True) as person:
        enter_session(person, there)
        person.app.router.open_section("users")
        await person.settle()
        yield person, there


async def test_keys_typed_before_the_first_screen_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def type_early(app: AccountApp) -> None:
        for key in ("a", "d", "a", "tab", "s"):
            app.post_message(key_event(key))

    monkeypatch.setattr(AccountApp, "on_load", type_early, raising=False)
    there = plant()
    async with at_work(there.world.ports, there.world.clock) as person:
        assert (person.typed("username"), person.typed("password")) == ("ada", "s")


async def test_enter_and_page_down_together_open_the_account() -> None:
    async with crowded() as (person, _):
        person.send("enter", "pagedown")
        await person.settle()
        assert person.screen(AccountPage)._account.username == "admin"


async def test_each_purpose_has_its_own_worker_group() -> None:
    async with crowded() as (person, _):
        begun: dict[str, set[str]] = {}
        before = person.app.workers.add_worker

        def add(worker: object, *arguments: object, **named: object) -> None:
            begun.setdefault(worker.group, set()).add(worker.name)  # type: ignore[attr-defined]  # typed loosely here
            before(worker, *arguments, **named)  # type: ignore[arg-type]  # passed on as they came

        person.app.workers.add_worker = add  # type: ignore[method-assign]  # watched
        await person.press("pagedown", "enter", "escape")
        person.app.router.open_section("audit_log")
        await person.settle()
        await person.press("r", "/", "a")
        assert all(len(names) == 1 for names in begun.values()), begun
        assert "default" not in begun


async def test_a_cancelled_call_leaves_no_screen_asking() -> None:
    async with SCENES["settings"].played() as (person, _):
        screen = person.screen(SettingsPage)
        for turns in (0, 1, 3):
            goes_on = threading.Event()
            screen.run_as_session(
                lambda *_, goes_on=goes_on: goes_on.wait(20),
                lambda _: pytest.fail("answered"),
                "One moment",
            )
            for _turn in range(turns):
                await asyncio.sleep(0)
            person.app.workers.cancel_node(screen)
            await person.settle()
            assert not screen.is_busy
            goes_on.set()
        answers: list[object] = []
        screen.run_as_session(self_service.overview, answers.append, "One moment")
        await person.settle()
        assert len(answers) == 1


async def test_a_call_of_a_closed_screen_gets_no_answer() -> None:
    async with SCENES["settings"].played() as (person, _):
        screen = person.screen(SettingsPage)
        screen.run_as_session(
            self_service.overview, lambda _: pytest.fail("answered"), "One moment"
        )
        person.app.router.sign_out()
        await person.settle()
        assert not screen.is_busy
        check_whole(person)


async def test_leaving_cancels_a_running_call() -> None:
    async with SCENES["settings"].played() as (person, _):
        screen = person.screen(SettingsPage)
        screen.run_as_session(self_service.overview, lambda _: None, "One moment")
        question = screen._call
        person.app.exit(0)
    assert question is not None
    assert question.state in {WorkerState.CANCELLED, WorkerState.SUCCESS}
    assert not screen.is_busy


async def test_the_selected_row_opens_even_if_rows_change() -> None:
    async with crowded() as (person, _):
        table = person.app.screen.query_one(UserTable)
        table.cursor = 30
        opened = table.rows[30].username
        table.action_open()
        table.show_rows(table.rows[:1])
        await person.settle()
        assert person.screen(AccountPage)._account.username == opened


async def test_the_selected_event_opens_even_if_rows_change() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        table = person.app.screen.query_one("EventTable")
        table.action_move(2)  # type: ignore[attr-defined]  # typed loosely here
        table.action_open()  # type: ignore[attr-defined]  # typed loosely here
        table.show_rows([])  # type: ignore[attr-defined]  # typed loosely here
        await person.settle()
        person.sees("Stored in")


async def test_a_submitted_code_wins_over_keys_pressed_after_it() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        person.send(*there.code("alice"), "f4", "escape")
        await person.settle()
        person.screen(SettingsPage)


async def test_a_right_proof_closes_a_help_above_it() -> None:
    async with SCENES["proof"].played() as (person, there):
        person.send(*"Ketzin.7-Havel", "enter", "f1")
        await person.settle()
        person.screen(AccountPage)
        assert there.world.account("alice").mfa_required


async def test_a_page_is_updated_beneath_an_open_help() -> None:
    async with SCENES["account_pending"].played() as (person, there):
        held = threading.Event()
        there.world.accounts.before_change = held.wait
        await person.look_up()
        person.screen(AccountPage).submit()
        person.send("f1")
        await person.look_up()
        person.screen(HelpScreen)
        held.set()
        await person.settle()
        assert person.screen(AccountPage)._account.mfa_required


async def test_a_sign_in_succeeds_beneath_an_open_help() -> None:
    held = threading.Event()
    check = sign_in.with_password

    def slowly(*given: Any) -> object:
        held.wait()
        return check(*given)

    with patch.object(sign_in, "with_password", slowly):
        async with SCENES["sign_in"].played() as (person, _):
            person.send(*ADMIN, "tab", *PASSWORD, "enter", "f1")
            await person.look_up()
            person.screen(HelpScreen)
            held.set()
            await person.settle()
            person.screen(SettingsPage)
            check_whole(person)


@pytest.mark.parametrize("name", ["settings", "users", "sign_in", "account", "organization"])
async def test_the_focus_survives_sizes_that_are_too_small(name: str) -> None:
    todo = [TINY, (80, 19), (59, 24), (0, 0)]
    while todo:
        async with SCENES[name].played() as (person, _):
            start, before = person.app.screen, person.app.screen.focused
            # Keys may lead to another screen; then start again with the other sizes.
            while todo and person.app.screen is start:
                start.set_focus(before)
                await person.settle()
                await _shrink_and_grow(person, todo[0], [])
                assert person.app.screen.focused is before
                await _shrink_and_grow(person, todo.pop(0), ["escape", "pageup"])


async def _shrink_and_grow(person: Person, small: tuple[int, int], between: list[str]) -> None:
    resize(*small).send(person.app)
    person.send(*between)
    resize(80, 24).send(person.app)
    await person.settle()
    check_whole(person)
    await person.resize(*small)
    person.send(*between, "pagedown", "pageup")
    await person.settle()
    await person.resize(80, 24)
    check_whole(person)


async def test_a_screen_opened_without_room_gets_its_focus_later() -> None:
    async with SCENES["one_time_code"].played() as (person, _):
        await person.resize(40, 10)
        await person.press("escape")
        assert person.app.screen.focused is None
        await person.resize(80, 24)
        assert person.focus == "password"  # the username is kept


async def test_page_keys_in_a_panel_without_room_do_nothing() -> None:
    async with SCENES["settings"].played(size=TINY) as (person, _):
        panel = person.app.screen.query_one(Navigation)
        panel.action_page_up()
        panel.action_page_down()
        await person.settle()
        assert person.running


@pytest.mark.parametrize("size", [TINY, (3, 2), (80, 3), (2, 24), (5, 40)])
async def test_the_palette_accepts_every_key_in_any_window(size: tuple[int, int]) -> None:
    async with SCENES["settings"].played(size=size) as (person, _):
        await person.press("ctrl+p")
        person.screen(Palette)
        await person.press("pageup", "pagedown", "down", "up", "ctrl+end", "ctrl+home", "pageup")
        assert person.running


async def test_a_command_chosen_twice_runs_once() -> None:
    async with SCENES["settings"].played() as (person, _):
        await person.press("ctrl+p")
        await person.write("colours")
        await person.until(lambda: "F3" in person.text)
        before = person.app.theme
        person.send("enter", "enter", "enter")
        await person.settle()
        assert person.app.theme != before
        assert isinstance(person.app.screen, AccountScreen)
        person.app.action_next_theme()
        person.app.action_next_theme()
        person.app.action_next_theme()
        assert person.app.theme == before


async def test_the_focus_returns_with_the_window() -> None:
    async with SCENES["settings"].played() as (person, _):
        driver = person.app._driver
        assert driver is not None
        driver.send_message(events.AppBlur())
        await person.settle()
        person.app.absence.lock()
        await person.settle()
        driver.send_message(events.AppFocus())
        await person.settle()
        check_whole(person)


async def test_the_user_list_returns_to_the_row_left() -> None:
    async with crowded() as (person, _):
        person.app.screen.query_one(UserTable).cursor = 20
        name = person.app.screen.query_one(UserTable).rows[20].username
        await person.press("enter", "escape")
        table = person.screen(UsersPage).query_one(UserTable)
        assert table.rows[table.cursor].username == name
