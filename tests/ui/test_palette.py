"""The command palette: what it finds and how it closes."""

import asyncio

import pytest

from cwtui import language
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.roles import Permission
from cwtui.language import Language
from cwtui.ui.screens.dialogs.palette import Palette
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.batch import BatchPage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.widgets.options import Options
from tests.language import german
from tests.ui.scenes import SCENES


async def test_a_user_is_found_by_name_and_opened() -> None:
    async with SCENES["command_palette"].played() as (person, _):
        await person.write("alic")
        person.sees("alice")
        await person.press("enter")
        page = person.screen(AccountPage)
        assert page.heading() == "Users and Roles > alice"


async def test_a_user_whose_whole_name_is_typed_comes_before_commands() -> None:
    async with SCENES["command_palette"].played() as (person, _):
        await person.write("ADMIN")
        person.sees("Users and Roles")
        await person.press("enter")
        assert person.screen(AccountPage).heading() == "Users and Roles > admin"
        await person.press("ctrl+p")
        person.send(*"alice", "enter")  # all at once
        await person.settle()
        assert person.screen(AccountPage).heading() == "Users and Roles > alice"


async def test_no_user_is_listed_before_typing() -> None:
    async with SCENES["command_palette"].played() as (person, _):
        person.sees_nothing_of("alice")


async def test_without_permission_no_user_is_found() -> None:
    async with SCENES["settings_enabled"].played() as (person, _):
        await person.press("ctrl+p")
        person.screen(Palette)
        await person.write("admin")
        person.sees("Nothing found.")
        await person.press("escape", "f1")
        person.sees("Find a command")
        person.sees_nothing_of("Find a command or user")


async def test_page_commands_are_listed_with_their_keys() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("ctrl+p")
        await person.write("new user")
        assert any(row.split() == ["│", "Create", "User", "N", "│"] for row in framed(person.rows))
        await person.press("enter")
        person.screen(CreateUserPage)


def framed(rows: list[str]) -> list[str]:
    return [row[row.index("│") : row.rindex("│") + 1] for row in rows if row.count("│") > 1]


@pytest.mark.parametrize("keys", [("escape",), ("ctrl+p",), ("escape", "escape", "ctrl+p")])
async def test_the_palette_can_be_closed_while_loading_users(
    keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SCENES["settings"].played() as (person, _):
        read = asyncio.Event()

        async def connected() -> object:
            await read.wait()
            message = "The store is away."
            raise CannotCheck(message)

        monkeypatch.setattr(person.app.context, "connected", connected)
        person.app.action_command_palette()
        person.send("a", *keys)
        await person.look_up()
        read.set()
        await person.settle()
        assert person.running
        assert isinstance(person.app.screen, SettingsPage | Palette)


async def test_a_store_error_is_reported_and_commands_still_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with SCENES["settings"].played() as (person, _):

        async def connected() -> object:
            message = "The store is away."
            raise CannotCheck(message)

        monkeypatch.setattr(person.app.context, "connected", connected)
        person.app.action_command_palette()
        await person.write("help")
        person.sees("✗ The store is away.")
        person.sees("F1")


async def test_commands_are_found_by_what_people_call_them() -> None:
    async with SCENES["settings"].played() as (person, _):
        await person.press("ctrl+p")
        for text, titles in (
            ("mfa", ["Settings", "Users and Roles", "Organization"]),
            ("ssh", ["SSH Keys"]),
            ("keys ssh", ["SSH Keys"]),
            ("2fa", ["Settings", "Users and Roles", "Organization"]),
            ("otp", ["Settings"]),
            ("history", ["Audit Log"]),
            ("log", ["Audit Log", "Sign Out"]),
            ("logout", ["Sign Out"]),
            ("exit", ["Quit"]),
            ("language", ["Display"]),
            ("Password", ["Settings", "Users and Roles", "Organization"]),
            ("backup c", ["Settings"]),
            ("log out", ["Sign Out"]),
            ("new user", ["Create User"]),
            ("assword", []),
        ):
            await person.press("ctrl+u")
            await person.write(text)
            palette = person.screen(Palette)
            assert [command.title for command in palette._shown] == titles, text
        await person.press("ctrl+u")
        await person.write("create")
        await person.press("enter")
        person.screen(CreateUserPage)


async def test_no_command_is_listed_twice() -> None:
    for name in ("settings", "users", "account", "organization", "audit_log"):
        async with SCENES[name].played() as (person, _):
            await person.press("ctrl+p")
            options = person.app.screen.query_one(Options).options
            names = [str(option.prompt).split("  ")[0] for option in options]
            assert names
            assert sorted(set(names)) == sorted(names), name


async def test_an_act_and_a_name_lead_to_the_question() -> None:
    async with SCENES["command_palette"].played() as (person, there):
        await person.write("disable ali")
        person.sees("Disable MFA: alice (Alice", "Disable Account: alice (Alice")
        await person.write("c")
        await person.press("down", "enter")
        page = person.screen(BatchPage)
        assert page.heading() == "Users and Roles > Disable Account"
        person.sees("Disable alice?")
        await person.press("tab", "tab", "enter")
        person.sees("1 done.")
        assert not there.world.account("alice").enabled
        await person.press("ctrl+p")
        person.send(*"UNLOCK alice", "enter")  # all at once
        await person.settle()
        person.sees("There is nothing to do.")
        await person.press("ctrl+p")
        await person.write("reset password alice")
        await person.press("enter")
        person.screen(AccountPage)


async def test_an_act_without_a_name_asks_for_one() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("ctrl+p")
        await person.write("unlo")
        person.sees("Unlock: type a username")
        await person.press("enter")
        await person.write("alice")
        person.sees("Unlock: alice")
        await person.press("enter")
        person.screen(BatchPage)


async def test_words_are_found_in_the_persons_language_and_in_english() -> None:
    with german(language.catalog_of(Language.GERMAN)):
        async with SCENES["users"].played() as (person, _):
            language.use(Language.GERMAN)
            await person.press("ctrl+p")
            for word in ("verlassen", "leave"):
                await person.write(word)
                assert person.app.screen.query_one(Options).options, word
                person.sees("Beenden")
                await person.press("ctrl+u")
            for verb, act in (
                ("deaktivieren", "Konto deaktivieren"),
                ("passwort", "Neues Passwort"),
                ("nicht mehr vorschreiben", "MFA nicht mehr vorschreiben"),
            ):
                await person.write(f"{verb} alice")
                person.sees(f"{act}: alice")
                await person.press("ctrl+u")


async def test_a_selection_in_the_list_stays_when_the_palette_changes_one_user() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("end", "space", "ctrl+p")
        await person.write("enable account dave")
        await person.press("enter")
        await person.press("tab", "enter", "escape")
        person.sees("1 selected")


async def test_acts_that_are_not_permitted_are_not_found() -> None:
    async with SCENES["users_of_help_desk"].played() as (person, there):
        there.world.settings(custom_roles={"help-desk": (Permission.READ_USERS,)})
        there.world.clock.forward(30)
        person.app.context.session = there.world.session("alice", there.devices["alice"])
        await person.press("ctrl+p")
        await person.write("unlock alice")
        person.sees_nothing_of("Unlock: alice")
