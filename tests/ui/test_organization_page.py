"""Organization: the settings for everyone."""

import asyncio

import pytest

from cwtui import language
from cwtui.accounts import organization
from cwtui.accounts.errors import TO_EVERYTHING
from cwtui.accounts.session import Operator
from cwtui.accounts.settings import Mfa
from cwtui.language import Language
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.widgets.choices import AMID_TEXT
from tests.language import german
from tests.ui.plants import ADMIN
from tests.ui.scenes import SCENES


async def test_organization_settings_are_saved_by_keyboard() -> None:
    async with SCENES["organization"].played() as (person, there):
        assert person.focus == "Alternatives"
        person.sees("( ) off   (x) optional   ( ) required")
        person.sees_nothing_of("Space Choose")
        await person.press("right")
        person.sees("Space Choose")
        await person.press("tab", "shift+tab", "enter")
        assert person.toasts == ["Nothing was changed."]  # arrows choose nothing
        await person.fill("password_min", "9")
        await person.press("shift+tab", "shift+tab", "shift+tab", "right", "enter")
        person.sees("( ) off   ( ) optional   (x) required", "Not saved yet")
        await person.press("enter")
        person.screen(ConfirmScreen)
        person.sees("4 users who can sign in have no device yet, and you are one of them.")
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
        assert person.toasts[-1:] == ["Nothing was changed."]
        settings = there.world.accounts.settings()
        assert (settings.mfa, settings.password_min) == (Mfa.REQUIRED, 9)
        await person.click("Settings")
        person.sees("Required: your organization made it mandatory for everyone.")
        await person.click("Sign Out")
        await person.sign_in(ADMIN)
        person.screen(RegisterDeviceScreen)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_wrong_number_is_explained_above_the_button_in_german_too(
    size: tuple[int, int],
) -> None:
    with german(language.catalog_of(Language.GERMAN)):
        language.use(Language.GERMAN)
        async with SCENES["organization"].played(size) as (person, _):
            await person.fill("unused_days", "9999")
            person.sees("◐ Ungespeichert: Deaktivieren nach")
            await person.press("enter")
            person.sees("✗ Geben Sie 1 bis 3650 Tage an, oder 0 für nie.")
            await person.fill("unused_days", "0")
            await person.fill("invitation_days", "9999")
            await person.press("enter")
            assert person.error("invitation_days")
            person.sees(f"✗ {person.error('invitation_days')}")


async def test_typing_in_a_number_field_replaces_the_number() -> None:
    async with SCENES["organization"].played() as (person, there):
        person.sees_nothing_of("Not saved yet")
        await person.press("right", "space")
        person.sees("◐ Not saved yet: Multi-Factor Authentication")
        await person.click("optional")
        person.sees_nothing_of("Not saved yet")
        await person.press("tab", "tab", "tab")
        assert person.focus == "password_min"
        await person.write("12")
        person.sees("Save Settings", "◐ Not saved yet: Minimum length")
        number = person.field("password_ban_minutes").entry.region
        await person._click_at(number.x + 3, number.y)
        await person.write("7")
        await person.press("left", "1")
        assert person.typed("password_ban_minutes") == "17"
        await person.fill("code_limit", "99")
        await person.press("enter")
        person.sees("✗ Enter a number of attempts from 1 to 10.")
        assert "Save Settings     ◐ Not saved yet: Minimum length" in person.rows[22]
        await person.write("9")
        await person.press("enter")
        person.sees_nothing_of("Not saved yet")
        settings = there.world.accounts.settings()
        assert (settings.password_min, settings.password_ban_minutes) == (12, 17)


async def test_a_change_by_another_admin_is_shown_and_only_replaced_after_a_question() -> None:
    async with SCENES["organization"].played() as (person, there):
        ports, theirs = there.world.ports, {"password_min": "12", "mfa": "off"}
        organization.update_settings(ports, Operator("root"), theirs, TO_EVERYTHING)
        await person.fill("password_min", "8")
        await person.press("enter")
        person.screen(ConfirmScreen)
        person.sees("operator:root has set Minimum length to 12 in the meantime.")
        person.sees("Replace that with what you entered?")
        await person.press("escape")
        assert there.world.accounts.settings().password_min == 12
        await person.click_button("Save Settings")
        await person.press("tab", "enter")
        assert there.world.accounts.settings().password_min == 8
        # What was not changed here is kept, and shown.
        assert there.world.accounts.settings().mfa is Mfa.OFF
        person.sees("(x) off   ( ) optional   ( ) required")
        person.sees_nothing_of("Not saved yet")


async def test_an_invalid_setting_is_reported_and_none_is_saved() -> None:
    async with SCENES["organization_wrong"].played() as (person, there):
        before = there.world.accounts.settings()
        assert person.error("password_min") == "Enter a minimum length from 1 to 64."
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
        # Enter in any field saves the page, and what was chosen by accident with it.
        await person.press("tab", "tab", "enter")
        person.screen(ConfirmScreen)
        person.sees("Nobody will have to set up multi-factor authentication, or be able to.")
        await person.press("enter")
        assert there.world.accounts.settings().mfa is Mfa.OPTIONAL
        await person.click_button("Save Settings")
        await person.click_button("Change")
        assert there.world.accounts.settings().mfa is Mfa.OFF
        person.screen(OrganizationPage)


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
