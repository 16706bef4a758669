"""Roles: the list, a role's page, and what a help desk sees."""

from cwtui.accounts.roles import Permission
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.pages.roles import CreateRolePage, RolePage, RolesPage
from cwtui.ui.screens.pages.users import UsersPage
from tests.ui.plants import Plant
from tests.ui.scenes import SCENES


def permitted(there: Plant, name: str) -> tuple[Permission, ...]:
    return there.world.accounts.settings().custom_roles[name]


async def test_a_role_is_created_changed_copied_and_removed() -> None:
    async with SCENES["roles"].played() as (person, there):
        await person.press("enter")
        person.screen(CreateRolePage)
        await person.write("night-shift")
        await person.click_button("Create Role")
        person.sees("✗ Choose at least one permission.")
        await person.click("reset-mfa: disable")
        await person.click_button("Create Role")
        person.screen(RolesPage)
        assert permitted(there, "night-shift") == (Permission.READ_USERS, Permission.RESET_MFA)

        await person.click_button("night-shift")
        await person.click("read-audit-log: read")
        person.sees("◐ Not saved yet: Permissions")
        await person.press("escape")
        assert isinstance(person.app.screen, ConfirmScreen)
        await person.press("escape")
        await person.click_button("Update")
        person.screen(RolesPage)
        assert Permission.READ_AUDIT_LOG in permitted(there, "night-shift")

        await person.click_button("night-shift")
        await person.click_button("Copy Permissions")
        await person.write("day-shift")
        await person.click_button("Create Role")
        assert permitted(there, "day-shift") == permitted(there, "night-shift")

        await person.click_button("day-shift")
        await person.click_button("Remove Role")
        await person.click_button("Remove Role")
        person.screen(RolesPage)
        assert "day-shift" not in there.world.accounts.settings().custom_roles


async def test_a_role_that_somebody_has_stays() -> None:
    async with SCENES["role"].played() as (person, there):
        await person.click_button("Remove Role")
        await person.click_button("Remove Role")
        person.screen(RolePage)
        person.sees("2 accounts have the role help-desk")
        assert "help-desk" in there.world.accounts.settings().custom_roles


async def test_a_help_desk_sees_only_what_it_may_do() -> None:
    async with SCENES["users_of_help_desk"].played() as (person, there):
        person.sees("Create User")
        person.screen(UsersPage)
        assert not any(line.startswith("   Roles") for line in person.text.splitlines())
        await person.press("/")
        await person.write("role:help-desk")
        person.sees("2 of 7 users")
        person.app.router.open_account("admin")
        await person.settle()
        await person.click_button("Reset Password")
        await person.click_button("Reset Password")
        person.sees("admin has permissions that you do not have")
        assert not there.world.account("admin").must_change_password
