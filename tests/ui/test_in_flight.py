"""Changes by others meanwhile, and buttons pressed just before a session ends."""

import pytest
from textual.widgets import Button

from cwtui.accounts.errors import StoreDamaged
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.widgets.fields import SecretInput
from tests.accounts.world import PASSWORD
from tests.ui.plants import ADMIN
from tests.ui.scenes import SCENES

PAGES = ["settings", "settings_enabled", "users", "account", "create_user", "organization"]


@pytest.mark.parametrize("name", [*PAGES, "change_password", "disable_mfa", "register_device"])
async def test_buttons_pressed_as_the_session_locks_change_nothing(name: str) -> None:
    async with SCENES[name].played() as (person, there):
        before = there.world.accounts._committed
        for button in person.app.screen.query(Button):
            button.post_message(Button.Pressed(button))
        person.app.absence.lock()
        await person.settle()
        assert isinstance(person.app.screen, SignInScreen)
        assert len(person.app.screen_stack) <= 2
        assert there.world.accounts._committed == before


async def test_an_outdated_page_does_not_undo_changes_by_others() -> None:
    async with SCENES["account"].played() as (person, there):
        world, alice = there.world, there.world.account("alice")
        world.put(alice.changed(mfa_required=not alice.mfa_required, roles=("connectware-admin",)))
        await person.fill("display_name", "Another Name")
        await person.click("Update")
        after = world.account("alice")
        assert after.display_name == "Another Name"
        assert after.mfa_required is not alice.mfa_required
        assert after.roles == ("connectware-admin",)


async def test_the_palette_cannot_bypass_unsaved_backup_codes() -> None:
    async with SCENES["backup_codes"].played() as (person, _):
        await person.press("ctrl+p")
        assert isinstance(person.app.screen, BackupCodesScreen)


async def test_a_revealed_password_is_masked_again() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.write(ADMIN)
        await person.press("tab", "f2")
        await person.write(PASSWORD[:-1])
        assert PASSWORD[:-1] in person.text
        await person.press("enter")
        await person.write(PASSWORD)
        assert PASSWORD not in person.text
        await person.press("f2")
        person.app.absence.blank()
        assert all(entry.password for entry in person.app.screen.query(SecretInput))


@pytest.mark.parametrize(
    "name", ["register_device", "backup_codes", "backup_code", "initial_password"]
)
async def test_secrets_are_hidden_on_a_screen_that_is_closing(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        await person.app.screen.remove_children()
        person.app.absence.blank()
        await person.press("x")
        assert person.app._exception is None


async def test_point_3_an_error_holds_no_escape_sequence() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        screen = person.app.screen
        assert isinstance(screen, AccountScreen)
        screen.refuse(StoreDamaged("field \x1b]52;c;aGk=\x07 is unknown"))
        screen.show_error("password", "\x1b[31m")
        await person.settle()
        assert "\x1b" not in person.text
        person.sees("<U+001B>]52;c;aGk=<U+0007>", "<U+001B>[31m")


async def test_ones_own_account_is_managed_in_settings() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("enter")
        person.sees("To change your own password or device, go to Settings.")
        assert not {"Reset Password", "Disable MFA"} & set(person.buttons)
