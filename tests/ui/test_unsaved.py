"""Unsaved changes are not dropped without a question, whichever way leads off the page."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.audit_log import AuditLogPage
from cwtui.ui.screens.pages.users import UsersPage
from tests.ui.harness import Person
from tests.ui.scenes import SCENES


async def by_panel(person: Person, what: str) -> None:
    await person.click(what)


async def by_palette(person: Person, what: str) -> None:
    await person.press("ctrl+p")
    await person.write(what)
    await person.press("enter")


async def change_account(person: Person) -> None:
    await person.fill("display_name", "Alice")


async def change_settings(person: Person) -> None:
    await person.fill("issuer", "Plant 7")


async def begin_user(person: Person) -> None:
    await person.fill("username", "grace")


PAGES: Final[dict[str, tuple[Callable[[Person], Awaitable[None]], str]]] = {
    "account": (change_account, "Discard your changes to alice?"),
    "organization": (change_settings, "Discard your changes to the organization settings?"),
    "create_user": (begin_user, "Discard what you entered for the new user?"),
}


@pytest.mark.parametrize("name", PAGES)
async def test_each_way_off_a_page_asks_about_unsaved_changes(name: str) -> None:
    change, question = PAGES[name]
    async with SCENES[name].played() as (person, _):
        page = person.app.screen
        await change(person)
        for way, what in (
            (by_panel, "Audit Log"),
            (by_panel, "Sign Out"),
            (by_palette, "Audit Log"),
            (by_palette, "bob"),
            (by_palette, "Sign Out"),
            (by_palette, "Quit"),
        ):
            await way(person, what)
            person.screen(ConfirmScreen)
            ends = f" and {what.lower()}" if what in {"Sign Out", "Quit"} else ""
            person.sees(question.replace("?", f"{ends}?"))
            assert person.tab_order == ["Cancel", what if ends else "Discard"]
            assert person.focus == "Cancel"
            await person.press("escape")
            assert person.app.screen is page, what
        await person.press("ctrl+q")
        person.screen(QuitScreen)
        person.sees(question.removesuffix("?") + ", sign out and quit?")
        await person.press("escape")
        await by_panel(person, "Audit Log")
        await person.click_button("Discard")
        person.screen(AuditLogPage)


@pytest.mark.parametrize("name", PAGES)
async def test_an_unchanged_page_closes_without_a_question(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        await by_panel(person, "Audit Log")
        person.screen(AuditLogPage)


async def test_saved_changes_need_no_question() -> None:
    async with SCENES["organization"].played() as (person, _):
        await person.fill("password_min", "08")
        await person.click_button("Save Settings")
        assert person.typed("password_min") == "8"
        await by_panel(person, "Sign Out")
        person.screen(SignInScreen)


async def test_escape_asks_before_a_begun_user_is_dropped() -> None:
    async with SCENES["create_user"].played() as (person, _):
        await begin_user(person)
        await person.press("escape")
        person.sees("Discard what you entered for the new user?")
        await person.click_button("Discard")
        person.screen(UsersPage)
