"""Roles: the list, a role's page, and what a help desk sees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cwtui.accounts.model import Attempts
from cwtui.accounts.roles import Permission
from cwtui.accounts.unix_users import UnixUser
from cwtui.ui.screens.dialogs.key_table import parts
from cwtui.ui.screens.pages.roles import RolePage, RolesPage
from cwtui.ui.screens.pages.sessions import UserSessionsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import TextInput
from tests.accounts.world import HERE, NOW
from tests.ui.harness import Person, at_work
from tests.ui.plants import Plant, devices_plant, keys_plant, locked_plant, plant, sessions_plant
from tests.ui.scenes import SCENES


async def test_a_role_that_somebody_has_stays() -> None:
    async with SCENES["role"].played() as (person, there):
        await person.click_button("Remove Role")
        await person.click_button("Remove Role")
        person.screen(RolePage)
        person.sees("2 accounts have the role help-desk")
        assert "help-desk" in there.world.accounts.settings().custom_roles


async def test_a_role_that_is_gone_meanwhile_leads_back_to_the_list() -> None:
    async with SCENES["roles"].played() as (person, there):
        before = there.world.accounts.settings().custom_roles
        gone = "reader-of-the-audit-log"
        for act in ("Update", "Copy Permissions"):
            there.world.settings(custom_roles=before)
            await person.press("escape", "enter")
            await person.click_button(gone)
            there.world.settings(custom_roles={"help-desk": before["help-desk"]})
            await person.click_button(act)
            person.screen(RolesPage)
            assert person.toasts[-1] == f"The role {gone} was removed in the meantime."


async def test_a_help_desk_sees_only_what_it_may_do() -> None:
    async with SCENES["users_of_help_desk"].played() as (person, _):
        person.sees("Create User")
        person.screen(UsersPage)
        assert not any(line.startswith("   Roles") for line in person.text.splitlines())
        await person.press("/")
        await person.write("role:help-desk")
        person.sees("2 of 7 users")
        person.app.router.open_account("admin")
        await person.settle()
        person.sees("admin has permissions that you do not have")
        assert buttons(person) == ["Sessions"]


# The page of an account, for somebody who does not manage users


@asynccontextmanager
async def alice_as_seen_by(there: Plant, *held: Permission) -> AsyncIterator[Person]:
    there.world.settings(custom_roles={"help-desk": held})
    there.world.add("dora", roles=("help-desk",))
    async with at_work(there.world.ports, there.world.clock, in_session=True) as person:
        person.app.context.session = there.world.session("dora")
        person.app.router.open_account("alice")
        await person.settle()
        yield person


def without_mfa() -> Plant:
    there = plant()
    there.world.put(there.world.account("alice").changed(second_factor=None))
    return there


def buttons(person: Person) -> list[str]:
    return [str(button.label) for button in person.app.screen.query("#page Button").results(Button)]


RESETS = (Permission.READ_USERS, Permission.RESET_MFA)


async def test_an_account_can_only_be_read_without_more_permissions() -> None:
    async with alice_as_seen_by(locked_plant(), Permission.READ_USERS) as person:
        assert buttons(person) == ["Sessions"]
        assert not person.app.screen.query(TextInput)
        assert person.focus == "Sessions"
        person.sees("Your roles let you read this account.", "never", "minimum-access")


async def test_the_permission_to_reset_mfa_offers_that_and_nothing_else() -> None:
    async with alice_as_seen_by(locked_plant(), *RESETS) as person:
        assert buttons(person) == ["Disable MFA", "Sessions"]  # only passwords are locked
        assert not person.app.screen.query(TextInput)
        person.sees("Your roles let you read this account and reset its MFA.")


async def test_the_permission_to_reset_mfa_includes_removing_devices() -> None:
    async with alice_as_seen_by(devices_plant(), *RESETS) as person:
        assert buttons(person) == [*["Remove Device"] * 5, "Disable MFA", "Sessions"]


async def test_the_permission_to_reset_mfa_excludes_removing_ssh_keys() -> None:
    async with alice_as_seen_by(keys_plant(), *RESETS) as person:
        person.sees("3 keys")
        assert buttons(person) == ["Disable MFA", "Sessions"]


async def test_the_permission_to_manage_users_excludes_resetting_mfa() -> None:
    held = (Permission.READ_USERS, Permission.MANAGE_USERS)
    async with alice_as_seen_by(devices_plant(), *held) as person:
        assert not {"Remove Device", "Disable MFA", "Remove"} & set(buttons(person))
        assert {"Update", "Reset Password", "Disable Account"} < set(buttons(person))
    async with alice_as_seen_by(without_mfa(), *held) as person:
        assert "Remove" in buttons(person)


async def test_the_permission_to_reset_mfa_includes_unlocking_codes() -> None:
    there = locked_plant()
    record = there.world.records.get("alice")
    tries = {HERE: Attempts(5, NOW - 60, NOW + 240)}
    there.world.records.kept["alice"] = record.changed(code_attempts=tries)
    async with alice_as_seen_by(there, *RESETS) as person:
        assert buttons(person) == ["Unlock", "Disable MFA", "Sessions"]
        await person.click_button("Unlock")
        assert buttons(person) == ["Disable MFA", "Sessions"]  # passwords stay locked


async def test_nothing_is_offered_for_a_powerful_unix_user() -> None:
    there = plant()
    there.world.unix_users = {"alice": UnixUser(0, frozenset(), owns_store=False)}
    async with alice_as_seen_by(there, *RESETS) as person:
        assert buttons(person) == ["Sessions"]
        person.sees("alice is also a Unix user of this host")


async def test_sessions_can_only_be_read_without_the_permission_to_manage_users() -> None:
    async with alice_as_seen_by(sessions_plant(), *RESETS) as person:
        await person.click_button("Sessions")
        person.sees("203.0.113.7")
        assert buttons(person) == []
        await person.press("enter")
        person.sees("Your roles let you see these sessions, and not end them.")
        assert "Sign Out Everywhere" not in person.screen(UserSessionsPage).help_text
        (in_list,) = [part for part in parts(person.app.screen, {}) if part.title == "In the list"]
        assert "Open" not in {key.does for key in in_list.keys}
