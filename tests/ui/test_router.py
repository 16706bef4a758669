"""Which screen follows, and what may happen between a message and its answer."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

from cwtui.accounts import self_service
from cwtui.ui.messages import BackToSignIn, LeadAway, OpenAccount, OpenSection
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.ui.harness import PATIENCE, Person
from tests.ui.scenes import SCENES
from tests.walk.checks import check_whole


@asynccontextmanager
async def held_messages(person: Person) -> AsyncIterator[list[LeadAway]]:
    """What is sent to the router in the meantime; it is followed afterwards."""
    held: list[LeadAway] = []
    with patch.object(person.app.router, "follow", held.append):
        yield held
    for message in held:
        person.app.router.follow(message)
    await person.settle()


async def until_sent(person: Person, held: list[LeadAway]) -> None:
    give_up_at = asyncio.get_running_loop().time() + PATIENCE
    while not held:
        assert asyncio.get_running_loop().time() < give_up_at, "no message was sent"
        await asyncio.sleep(0.005)
        await person.look_up()


async def test_a_code_is_not_submitted_again_while_the_router_is_asked() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        screen = person.screen(OneTimeCodeScreen)
        async with held_messages(person) as held:
            person.send(*there.code("alice"))
            await until_sent(person, held)
            events = list(there.world.events)
            person.send(*there.wrong_code("alice"), "enter", "f4", "escape")
            await person.look_up()
            await person.look_up()
            assert screen.is_busy
            assert there.world.events == events
            assert len(held) == 1
        person.screen(SettingsPage)
        check_whole(person)


async def test_a_sign_in_that_was_locked_meanwhile_begins_no_session() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        async with held_messages(person) as held:
            person.send(*there.code("alice"))
            await until_sent(person, held)
            person.app.absence.lock()
            await person.settle()
        person.screen(SignInScreen)
        assert person.app.context.session is None
        assert person.app.router.session_watch is None
        check_whole(person)


async def test_a_renewed_session_is_used_before_the_router_has_answered() -> None:
    async with SCENES["disable_mfa"].played() as (person, there):
        before = person.app.context.session
        async with held_messages(person) as held:
            person.send(*there.code("alice"))
            await until_sent(person, held)
            renewed = person.app.context.session
            assert before is not None
            assert renewed is not None
            assert renewed is not before
            self_service.overview(there.world.ports, renewed)
        person.screen(SettingsPage)


async def test_new_backup_codes_are_shown_whatever_was_chosen_before() -> None:
    """The section was chosen while the codes were made, and its message comes first."""
    async with SCENES["regenerate_backup_codes"].played() as (person, there):
        page = person.app.screen
        async with held_messages(person) as held:
            person.send(*there.code("alice"))
            await until_sent(person, held)
            chosen = OpenSection("settings")
            chosen.sent_from = page
            held.insert(0, chosen)
        person.screen(BackupCodesScreen)


async def test_a_message_of_a_screen_that_is_gone_does_nothing() -> None:
    async with SCENES["account"].played() as (person, _):
        page = person.screen(AccountPage)
        person.app.router.open_section("organization")
        await person.settle()
        for message in (OpenAccount("alice"), BackToSignIn("never")):
            message.sent_from = page
            person.app.router.follow(message)
            await person.settle()
            person.screen(OrganizationPage)


async def test_a_choice_made_while_a_page_loads_is_ignored() -> None:
    async with SCENES["settings"].played() as (person, _):
        page = person.screen(SettingsPage)
        async with slow_reading(person) as goes_on:
            person.app.router.open_section("organization")
            await person.look_up()
            assert page.is_busy
            assert "… Loading" in person.text
            person.app.router.open_section("users")
            page.open_settings()
            person.send("enter")
            await person.look_up()
            person.screen(SettingsPage)
            goes_on.set()
        await person.settle()
        person.screen(OrganizationPage)


async def test_a_page_that_was_read_for_a_session_that_ended_is_not_shown() -> None:
    async with SCENES["settings"].played() as (person, _):
        async with slow_reading(person) as goes_on:
            person.app.router.open_section("organization")
            await person.look_up()
            person.app.absence.lock()
            await person.look_up()
            goes_on.set()
        await person.settle()
        person.screen(SignInScreen)
        check_whole(person)


async def test_a_page_that_cannot_be_read_leaves_the_one_that_was_shown() -> None:
    async with SCENES["settings"].played() as (person, _):
        page = person.screen(SettingsPage)
        person.app.router.open_account("nobody-of-this-name")
        await person.settle()
        assert person.screen(SettingsPage) is page
        assert not page.is_busy
        assert person.status_line.startswith("✗ ")
        check_whole(person)


async def test_a_page_is_not_left_while_a_call_runs_on_it() -> None:
    async with SCENES["settings"].played() as (person, _):
        page, goes_on = person.screen(SettingsPage), threading.Event()
        page.run_as_session(lambda *_: goes_on.wait(20), lambda _: None, "Working")
        assert not page.may_be_left
        page.lead_away(OpenSection("organization"))
        await person.look_up()
        person.screen(SettingsPage)
        assert "… Working" in person.text
        goes_on.set()
        await person.settle()
        assert page.may_be_left
        person.screen(SettingsPage)


@asynccontextmanager
async def slow_reading(person: Person) -> AsyncIterator[threading.Event]:
    """Calls of the services wait for the event."""
    goes_on = threading.Event()
    connected = person.app.context.connected

    async def slowly() -> object:
        ports = await connected()
        await asyncio.to_thread(goes_on.wait, 20)
        return ports

    with patch.object(person.app.context, "connected", slowly):
        try:
            yield goes_on
        finally:
            goes_on.set()
