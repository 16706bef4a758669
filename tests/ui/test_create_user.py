"""Create User, and handing over initial passwords."""

import asyncio

from cwtui.accounts import roles
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen, InitialPasswordScreen
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.invitation import InvitationScreen
from cwtui.ui.screens.entry.new_password import NewPasswordScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.choices import AMID_TEXT
from tests.ui.scenes import SCENES


async def test_a_user_can_be_created_by_keyboard() -> None:
    async with SCENES["create_user"].played() as (person, there):
        assert person.focus == "username"
        assert person.tab_order[1:] == [
            "username",
            "display_name",
            "Choice",
            "Choice",
            "Choice",
            "Choice",
            "Create User",
        ]
        await person.write("Grace")
        await person.press("tab")
        await person.write("Grace Hopper")
        await person.press("tab", "space", "tab", "tab", "space", "tab", "tab", "enter")
        person.screen(ConfirmScreen)
        person.sees("As an admin, grace can manage all users", "Make grace an admin?")
        assert person.focus == "Cancel"
        await person.press("escape")
        assert there.world.accounts.get("grace") is None
        await person.press("enter", "tab", "enter")
        password = person.screen(InitialPasswordScreen)._password.reveal()
        person.sees("Initial password of grace", password)
        await person.press("tab", "enter")
        person.screen(AccountPage)
        grace = there.world.account("grace")
        assert grace.display_name == "Grace Hopper"
        assert grace.mfa_required
        assert grace.roles == (roles.ADMIN, roles.MINIMUM)
        await person.click("Sign Out")
        await person.sign_in("grace", password)
        person.sees("Choose a new password")


async def test_an_initial_password_is_closed_only_by_a_deliberate_key() -> None:
    async with SCENES["initial_password"].played() as (person, _):
        password = person.screen(InitialPasswordScreen)._password.reveal()
        person.sees("To close: Esc, then Enter. Another user: Ctrl+N.")
        await person.press("enter", "space", "q", "n", "enter")
        person.sees(password, "⚠ To close: Esc, then Enter.")
        await person.press("f1")
        person.screen(HelpScreen)
        person.sees("Give this password to the user in a safe way")
        await person.press("escape")
        person.sees(password)
        await person.press("escape", "escape")
        person.sees(password)
        assert person.focus == "Done"
        await person.press("enter")
        person.screen(AccountPage)
        await person.click_button("Reset Password")
        await person.click_button("Reset Password")
        person.sees("To close: Esc, then Enter.")
        person.sees_nothing_of("Ctrl+N")
        await person.press("ctrl+n")
        person.screen(InitialPasswordScreen)


async def test_an_invited_user_chooses_a_password_with_the_code() -> None:
    async with SCENES["create_user"].played() as (person, there):
        await person.write("grace")
        person.sees("The user gets a one-time initial password.")
        await person.click("A code instead of a password")
        person.sees("The user gets a one-time code, and chooses a password with it.")
        await person.click_button("Create User")
        code = person.screen(InvitationScreen)._password.reveal()
        person.sees("Invitation of grace", code, "until 2027-01-22 08:00 UTC")
        await person.press("escape", "enter")
        person.sees("invited, until 2027-01-22 08:00 UTC")
        await person.click("Sign Out")
        await person.sign_in("grace", code.lower())
        person.screen(NewPasswordScreen)
        person.sees("Your invitation code works until you have chosen a password.")
        await person.fill("new_password", code)
        await person.fill("confirm_password", code)
        await person.press("enter")
        assert person.error("new_password") == (
            "This is your invitation code. Choose a password of your own."
        )
        await person.fill("new_password", "correct horse battery")
        await person.fill("confirm_password", "correct horse battery")
        await person.press("enter")
        person.screen(SettingsPage)
        assert not there.world.account("grace").invited


async def test_twelve_people_are_created_one_after_the_other() -> None:
    async with SCENES["create_user"].played() as (person, there):
        for number in range(12):
            assert person.focus == "username"
            assert person.typed("username") == ""
            await person.write(f"person-{number}")
            await person.press("enter", "enter")
            person.sees(f"Initial password of person-{number}")
            await person.press("ctrl+n")
            person.screen(CreateUserPage)
        assert there.world.account("person-11").must_change_password


async def test_a_username_is_checked_when_its_field_is_left() -> None:
    async with SCENES["create_user"].played() as (person, there):
        for name, sentence in (
            ("alice", "The username alice is taken. Choose another one."),
            ("a1ice", "a1ice looks like the existing username alice."),
            ("a b", "Use only letters, digits and . _ - @ +"),
        ):
            await person.fill("username", name)
            assert person.error("username") == ""
            await person.press("tab")
            assert person.error("username").startswith(sentence)
            assert person.focus == "display_name"
        await person.fill("username", "a1ice")
        await person.press("tab", "enter")
        person.sees("Create the user anyway?")
        await person.press("enter")
        assert person.focus == "username"
        await person.fill("username", "grace")
        await person.press("tab")
        assert person.error("username") == ""
        await person.fill("username", "")
        await person.press("tab")
        assert person.error("username") == ""
        assert there.world.accounts.get("grace") is None


async def test_a_name_typed_one_field_too_far_ticks_nothing() -> None:
    async with SCENES["create_user"].played() as (person, there):
        await person.write("grace")
        await person.press("tab", "tab")
        for text in ("Grace Hopper", " Grace B Hopper", "  Grace"):
            person.send(*text, "enter")
            await person.settle()
            person.sees("[ ] connectware-admin")
            await person.press("tab", "shift+tab")
        await asyncio.sleep(AMID_TEXT)
        await person.press("space")
        person.sees("[x] connectware-admin")
        assert there.world.accounts.get("grace") is None


async def test_a_taken_username_is_reported_and_input_stays() -> None:
    async with SCENES["create_user_wrong"].played() as (person, _):
        sentence = "The username alice is taken. Choose another one."
        assert person.error("username") == sentence
        assert person.focus == "username"
        await person.fill("display_name", "Stays")
        await person.fill("username", "")
        await person.click_button("Create User")
        assert person.error("username") == "Enter a username."
        assert person.typed("display_name") == "Stays"
        await person.press("escape")
        person.sees("Discard what you entered for the new user?")
        await person.click_button("Discard")
        person.screen(UsersPage)
