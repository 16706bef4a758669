"""Open Sessions: one's own below Settings, and those of another account."""

from dataclasses import replace

import pytest

from cwtui import language
from cwtui.accounts.model import OpenSession
from cwtui.language import Language
from cwtui.ui.screens.dialogs.proof import ProofScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.sessions import OwnSessionsPage, UserSessionsPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.session_table import SessionTable
from tests.accounts.world import PASSWORD
from tests.language import Marked, german, marked
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, Plant
from tests.ui.scenes import SCENES


def ending(there: Plant) -> list[str]:
    """Where the sessions are that were asked to end."""
    return [one.source for one in there.world.sessions.all() if one.is_ending]


def rows(person: Person) -> list[OpenSession]:
    return list(person.app.screen.query_one(SessionTable).rows)


async def test_a_person_ends_one_of_several_sessions() -> None:
    async with SCENES["own_sessions"].played() as (person, there):
        await person.press("down", "enter")
        assert "2001:db8:17::a1b2:c3d4:e5f6:7" in person.text.replace("\n", "")
        await person.click_button("End Session")
        page = person.screen(OwnSessionsPage)
        assert ending(there) == ["2001:db8:17::a1b2:c3d4:e5f6:7", "console"]
        assert [one.is_ending for one in rows(person)] == [False, True, True, False]
        assert page.query_one(SessionTable).cursor == 1
        await person.press("escape")
        person.screen(SettingsPage)


async def test_the_own_session_is_marked_and_ended_by_signing_out() -> None:
    async with SCENES["own_sessions"].played() as (person, there):
        await person.press("end", "enter")
        assert "To end it, sign out." in person.text
        assert ending(there) == ["console"]


async def test_signing_out_everywhere_ends_this_session_too() -> None:
    async with SCENES["own_sessions"].played() as (person, there):
        await person.click_button("Sign Out Everywhere")
        await person.press("enter")  # Cancel has the focus
        assert ending(there) == ["console"]
        await person.click_button("Sign Out Everywhere")
        await person.click("Sign Out Everywhere")
        person.screen(SignInScreen)
        assert person.notice == "✓ You are signed out everywhere."
        assert ending(there) == ["203.0.113.7", "2001:db8:17::a1b2:c3d4:e5f6:7", "console"]


async def test_ending_sessions_asks_who_it_is_after_a_while() -> None:
    async with SCENES["user_sessions"].played() as (person, there):
        session = person.app.context.session
        assert session is not None
        person.app.context.session = replace(session, password_at=1.0)
        await person.press("enter")
        await person.click_button("End Session")
        person.screen(ProofScreen)
        assert ending(there) == ["console"]
        await person.write(PASSWORD)
        await person.press("enter")
        person.screen(UserSessionsPage)
        assert ending(there) == ["203.0.113.7", "console"]


async def test_an_admin_signs_somebody_out_everywhere() -> None:
    async with SCENES["sign_out_user"].played() as (person, there):
        epoch = there.world.account("alice").session_epoch
        await person.click("Sign Out Everywhere")
        person.screen(UserSessionsPage)
        assert there.world.account("alice").session_epoch == epoch + 1
        assert len(ending(there)) == 3
        await person.press("escape")
        person.screen(AccountPage)


async def test_a_session_in_use_is_active_in_german_too() -> None:
    with german(Marked()):
        language.use(Language.GERMAN)
        async with SCENES["user_sessions"].played() as (person, _):
            person.sees(f"● {marked('active')}")


async def test_a_session_that_has_ended_meanwhile_leaves_the_list() -> None:
    async with SCENES["user_sessions"].played() as (person, there):
        await person.press("enter")
        there.world.sessions.end(f"{1:012x}")
        await person.click_button("End Session")
        assert [one.source for one in rows(person)] == ["2001:db8:17::a1b2:c3d4:e5f6:7", "console"]
        assert "There is no open session 000000000001." in person.text


@pytest.mark.parametrize("asks", ["escape", "r", "look"])
async def test_an_account_that_is_gone_meanwhile_leads_back_to_the_list(asks: str) -> None:
    async with SCENES["user_sessions"].played() as (person, there):
        with there.world.accounts.change() as change:
            change.remove("alice")
        page = person.screen(UserSessionsPage)
        if asks == "look":
            there.world.clock.forward(60)
            page.look_again()
            await person.settle()
        else:
            await person.press(asks)
        person.screen(UsersPage)
        person.sees("The account alice was removed or renamed in the meantime.")


async def test_r_loads_the_list_again() -> None:
    async with SCENES["user_sessions"].played() as (person, there):
        assert len(rows(person)) == 3
        assert "Enter" in dict(person.footer)
        for one in there.world.sessions.all():
            there.world.sessions.end(one.id)
        await person.press("r")
        assert rows(person) == []
        assert "This user has no open session." in person.text
        assert "Enter" not in dict(person.footer)


async def test_an_admins_own_sessions_are_in_settings() -> None:
    async with SCENES["account"].played() as (person, _):
        assert person.screen(AccountPage).query("#open-sessions")
        person.app.router.open_account(ADMIN)
        await person.settle()
        assert not person.screen(AccountPage).query("#open-sessions")
