"""Users and Roles, account pages, Create User, Organization and their questions."""

import asyncio

import pytest
from textual.widgets import Static

from cwtui.accounts import roles
from cwtui.accounts.settings import Mfa
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen, InitialPasswordScreen
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.create_user import CreateUserPage
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.choices import AMID_TEXT
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.user_table import UserTable
from tests.accounts.world import World
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


# Users and Roles


async def test_the_list_shows_the_main_columns() -> None:
    async with SCENES["users"].played() as (person, _):
        assert person.focus == "UserTable"
        person.sees("7 users")
        text = [" ".join(row[20:].split()) for row in person.rows]
        assert "Username Origin Roles MFA Status Last" in text
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
        await person.press("escape")
        assert person.focus == "UserTable"
        person.sees("7 users")
        await person.press("/")
        await person.write("ångström")
        assert highlighted(person) == "alice"
        await person.press("enter")
        assert person.focus == "UserTable"
        await person.press("enter")
        person.sees("Users and Roles > alice")


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
        await person.press("down")
        remove(there.world, "alice")
        await person.press("enter")
        person.screen(UsersPage)
        person.sees("There is no account named alice")


async def test_only_a_window_of_many_users_is_drawn() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        for number in range(300):
            account = there.world.account("alice").changed(username=f"user-{number:03d}")
            there.world.put(account)
        await person.sign_in(ADMIN)
        await person.click("Users and Roles")
        person.sees("307 users")
        await person.press("end")
        person.sees("user-299")
        await person.press("home")
        person.sees(ADMIN)
        assert len(list(person.app.screen.walk_children())) < 40


# One account


async def test_mfa_can_be_made_mandatory_by_keyboard() -> None:
    async with SCENES["account"].played() as (person, there):
        assert person.focus == "display_name"
        assert person.tab_order[1:] == [
            "display_name",
            "Choice",
            "Choice",
            "Enable",
            "Update",
            "Reset Password",
            "Disable MFA",
            "Disable Account",
            "Remove",
        ]
        person.sees("MFA (Required)", "○ not required")
        await person.press("down", "down", "down", "enter")
        person.sees("● required, press Update")
        assert not there.world.account("alice").mfa_required
        await person.press("down", "enter")
        assert person.toasts == ["alice was updated."]
        person.screen(AccountPage)
        person.sees("● required")
        person.sees_nothing_of("press Update")
        assert there.world.account("alice").mfa_required
        assert person.focus == "Update"
        await person.press("down", "right", "enter")
        person.sees("Disable the multi-factor authentication of alice?")
        await person.press("right", "left", "enter")
        assert person.focus == "Disable MFA"
        await person.press("enter", "right", "enter")
        person.sees("not enabled")
        assert person.focus == "Reset Password"
        await person.press("down", "enter", "right", "enter")
        person.sees("✗ disabled")
        assert person.focus == "display_name"


async def test_an_account_says_that_the_organization_requires_mfa_or_has_it_off() -> None:
    async with SCENES["account"].played() as (person, there):
        person.sees_nothing_of("The organization")
        for mfa, flag, state, why in (
            (Mfa.REQUIRED, False, "● required", "The organization requires it of everyone."),
            (Mfa.REQUIRED, True, "● required", ""),
            (Mfa.OFF, True, "◐ not required yet", "The organization's MFA is off."),
            (Mfa.OFF, False, "○ not required", ""),
        ):
            there.world.settings(mfa=mfa)
            there.world.put(there.world.account("alice").changed(mfa_required=flag))
            person.app.router.open_account("alice")
            await person.settle()
            person.sees(state)
            note = person.app.screen.query_one("#mfa-required-note", Static)
            assert (note.display, str(note.content)) == (bool(why), why)


async def test_an_update_that_changes_nothing_says_so() -> None:
    async with SCENES["account"].played() as (person, _):
        await person.click_button("Update")
        assert person.toasts == ["Nothing was changed for alice."]


async def test_enter_in_the_display_name_updates() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.fill("display_name", "Alice Renamed")
        await person.press("enter")
        assert there.world.account("alice").display_name == "Alice Renamed"
        person.sees("Alice Renamed")


async def test_at_least_one_role_must_be_chosen() -> None:
    async with SCENES["account"].played() as (person, there):
        person.sees("[ ] connectware-admin", "[x] minimum-access")
        await person.click("minimum-access")
        person.sees("[ ] minimum-access")
        await person.click_button("Update")
        assert person.status_line == "✗ An account needs at least one role, such as minimum-access."
        await person.click("connectware-admin")
        person.sees("[x] connectware-admin")
        await person.click_button("Update")
        person.sees("Make alice an admin?")
        await person.press("enter")
        assert there.world.account("alice").roles == (roles.MINIMUM,)
        person.sees("[x] connectware-admin")
        await person.click_button("Update")
        await person.click_button("Make Admin")
        assert there.world.account("alice").roles == (roles.ADMIN,)


async def test_the_last_admin_cannot_be_removed() -> None:
    async with SCENES["account"].played() as (person, there):
        there.world.put(there.world.account("bob").changed(enabled=False))
        await person.press("escape")
        await person.press("home", "enter")
        await person.click_button("Remove")
        await person.click_button("Remove")
        person.screen(AccountPage)
        assert person.status_line.startswith("✗ admin is the last enabled admin.")
        assert there.world.account(ADMIN).enabled


async def test_destructive_actions_ask_first_with_cancel_focused() -> None:
    questions = {
        "Reset Password": "Reset the password of alice?",
        "Disable MFA": "Disable the multi-factor authentication of alice?",
        "Disable Account": "Disable the account alice?",
        "Remove": "Remove the account alice? This cannot be undone.",
    }
    async with SCENES["account"].played() as (person, there):
        before = there.world.account("alice")
        for act, question in questions.items():
            for way in ("enter", "escape"):
                person.button(act).focus()
                await person.press("enter")
                person.screen(ConfirmScreen)
                person.sees(question)
                assert person.tab_order == ["Cancel", act]
                assert person.focus == "Cancel"
                await person.press(way)
                person.screen(AccountPage)
                assert person.focus == act
        assert there.world.account("alice") == before


async def test_disabling_mfa_says_what_follows_and_to_make_sure_who_asks() -> None:
    async with SCENES["account"].played() as (person, there):
        for required, then in (
            (False, "The password alone is then enough to sign in."),
            (True, "anybody who knows the password can do that instead."),
        ):
            there.world.put(there.world.account("alice").changed(mfa_required=required))
            person.app.router.open_account("alice")
            await person.settle()
            await person.click_button("Disable MFA")
            person.sees(then, "Make sure who is asking you.")
            await person.press("escape")


async def test_a_reset_password_is_shown_once() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.click_button("Reset Password")
        await person.press("tab", "enter")
        password = person.screen(InitialPasswordScreen)._password.reveal()
        person.sees(password, "Initial password of alice")
        assert person.tab_order == ["_Password", "Done", "Copy"]
        await person.press("tab", "tab", "enter")
        assert person.clipboard == [password]
        await person.press("escape", "enter")
        person.screen(AccountPage)
        person.sees_nothing_of(password)
        assert there.world.account("alice").must_change_password


async def test_an_account_can_be_disabled_and_enabled() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.click_button("Disable Account")
        await person.click_button("Disable Account")
        person.sees("✗ disabled")
        assert not there.world.account("alice").enabled
        await person.click_button("Enable Account")
        person.sees("● enabled")
        assert there.world.account("alice").enabled
        assert person.toasts == [
            "The account alice was disabled.",
            "The account alice was enabled.",
        ]


async def test_an_account_can_be_removed() -> None:
    async with SCENES["account"].played() as (person, there):
        await person.click_button("Remove")
        await person.click_button("Remove")
        person.screen(UsersPage)
        person.sees("6 users")
        assert person.toasts == ["The account alice was removed."]
        assert there.world.accounts.get("alice") is None


async def test_updating_a_removed_account_says_that_it_is_gone() -> None:
    async with SCENES["account"].played() as (person, there):
        with there.world.accounts.change() as change:
            change.remove("alice")
        await person.click_button("Update")
        assert person.status_line.startswith("✗ There is no account named alice.")


async def test_an_ldap_account_offers_no_password_and_no_roles() -> None:
    async with SCENES["account_ldap"].played() as (person, _):
        assert person.buttons == ["Enable", "Update", "Disable Account", "Remove"]
        person.sees("ldap")


async def test_unsaved_changes_are_not_discarded_without_asking() -> None:
    async with SCENES["account_pending"].played() as (person, there):
        await person.click_button("Disable Account")
        person.screen(AccountPage)
        person.sees("✗ Your changes are not saved yet. Press Update first.")
        person.sees("● required, press Update")
        await person.press("escape")
        person.screen(ConfirmScreen)
        person.sees("Discard your changes to alice?")
        await person.press("escape")
        person.sees("● required, press Update")
        await person.click_button("Update")
        assert there.world.account("alice").mfa_required
        await person.press("escape")
        person.screen(UsersPage)


async def test_unsaved_changes_can_be_discarded() -> None:
    async with SCENES["account_pending"].played() as (person, there):
        await person.press("escape")
        await person.click_button("Discard")
        person.screen(UsersPage)
        assert not there.world.account("alice").mfa_required


# Create User


async def test_a_user_can_be_created_by_keyboard() -> None:
    async with SCENES["create_user"].played() as (person, there):
        assert person.focus == "username"
        assert person.tab_order[1:] == [
            "username",
            "display_name",
            "Choice",
            "Choice",
            "Choice",
            "Create User",
        ]
        await person.write("Grace")
        await person.press("tab")
        await person.write("Grace Hopper")
        await person.press("tab", "space", "tab", "tab", "space", "tab", "enter")
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
        await person.press("enter", "space", "q", "n", "enter")
        person.sees(password)
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


async def test_twelve_people_are_created_one_after_the_other() -> None:
    async with SCENES["create_user"].played() as (person, there):
        for number in range(12):
            assert person.focus == "username"
            assert person.typed("username") == ""
            await person.write(f"person-{number}")
            await person.press("enter", "enter")
            person.sees(f"Initial password of person-{number}")
            await person.press("escape", "tab", "tab")
            assert person.focus == "Create Another"
            await person.press("enter")
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


async def test_text_typed_at_radio_buttons_chooses_nothing() -> None:
    async with SCENES["organization"].played() as (person, _):
        await person.press("right")
        for text in ("Ada Ek", " Ada Ek"):
            person.send(*text, "enter")
            await person.settle()
            person.sees("( ) off   (x) optional   ( ) required")
            await asyncio.sleep(AMID_TEXT)
        await person.press("space")
        person.sees("( ) off   ( ) optional   (x) required")


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


# Organization


async def test_organization_settings_are_saved_by_keyboard() -> None:
    async with SCENES["organization"].played() as (person, there):
        assert person.focus == "Alternatives"
        person.sees("( ) off   (x) optional   ( ) required")
        await person.press("right", "space")
        person.sees("( ) off   ( ) optional   (x) required")
        await person.fill("password_min", "9")
        await person.press("enter")
        person.screen(ConfirmScreen)
        person.sees("2 users have no device yet, and you are one of them.")
        person.sees("Require multi-factor authentication for everyone?")
        assert person.tab_order == ["Cancel", "Require MFA"]
        await person.press("enter")
        person.sees("(x) required")
        assert there.world.accounts.settings().mfa is Mfa.OPTIONAL
        await person.click_button("Save Settings")
        await person.press("tab", "enter")
        person.screen(OrganizationPage)
        person.sees("The organization settings were saved.")
        await person.click_button("Save Settings")
        assert person.toasts == ["The organization settings were saved.", "Nothing was changed."]
        settings = there.world.accounts.settings()
        assert (settings.mfa, settings.password_min) == (Mfa.REQUIRED, 9)
        await person.click("Settings")
        person.sees("Required: your organization requires it of everyone.")
        await person.click("Sign Out")
        await person.sign_in(ADMIN)
        person.screen(RegisterDeviceScreen)


async def test_an_invalid_setting_is_reported_and_none_is_saved() -> None:
    async with SCENES["organization_wrong"].played() as (person, there):
        before = there.world.accounts.settings()
        assert person.error("password_min") == "Enter a minimum length from 1 to 256."
        assert person.focus == "password_min"
        assert person.typed("password_min") == "many"
        await person.fill("password_min", "9")
        await person.fill("code_limit", "99")
        await person.press("enter")
        assert person.error("code_limit") == "Enter a number of attempts from 1 to 10."
        assert person.error("password_min") == ""
        assert there.world.accounts.settings() == before


async def test_organization_settings_can_be_chosen_by_mouse() -> None:
    async with SCENES["organization"].played() as (person, there):
        await person.click("off")
        await person.click_button("Save Settings")
        assert there.world.accounts.settings().mfa is Mfa.OFF
        person.screen(OrganizationPage)


# Permissions are checked again at each action


@pytest.mark.parametrize(
    ("scene", "act"),
    [("account", "Update"), ("create_user", "Create User"), ("organization", "Save Settings")],
)
async def test_losing_a_role_stops_the_session_at_the_next_action(scene: str, act: str) -> None:
    async with SCENES[scene].played() as (person, there):
        account = there.world.account(ADMIN)
        there.world.put(account.changed_ending_sessions(roles=(roles.MINIMUM,)))
        if scene == "create_user":
            await person.fill("username", "grace")
        await person.click_button(act)
        person.screen(SignInScreen)
        assert person.notice.startswith("✗ Your roles were changed.")
        assert there.world.accounts.get("grace") is None


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
