"""What a sign-in may ask for after the password and the code."""

from cwtui.accounts.preferences import Preferences
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.new_password import NewPasswordScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.entry.unacknowledged import UnacknowledgedScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.ui.plants import INITIAL, LONG_NAME
from tests.ui.scenes import SCENES
from tests.ui.ways import keep_codes, offered, unacknowledged

NEW = "a much longer one"


# Choose a new password


async def test_an_initial_password_is_replaced_at_first_sign_in() -> None:
    async with SCENES["new_password"].played() as (person, there):
        person.sees("Choose a new password", "New Password", "Confirm Password")
        assert person.tab_order == ["new_password", "confirm_password", "Save New Password"]
        await person.write(INITIAL)
        await person.press("enter")
        await person.write(INITIAL)
        await person.press("enter")
        assert person.error("new_password") == "This is the initial password. Choose your own."
        assert person.focus == "new_password"
        assert person.secret_inputs == []
        await person.write(NEW)
        await person.press("tab")
        await person.write(NEW)
        await person.click_button("Save New Password")
        person.screen(RegisterDeviceScreen)
        assert not there.world.account("frank").must_change_password


async def test_a_new_password_must_follow_the_rules() -> None:
    async with SCENES["new_password"].played() as (person, there):
        there.world.settings(password_min=12, password_numeric=1)
        await person.write("short")
        await person.press("enter")
        await person.write("short")
        await person.press("enter")
        sentence = "The password needs at least 12 characters and 1 digit."
        assert person.error("new_password") == sentence
        assert there.world.account("frank").must_change_password
        await person.press("escape")
        person.screen(SignInScreen)


# Required enrolment


async def test_required_mfa_leads_to_its_setup() -> None:
    async with SCENES["forced_enrolment"].played() as (person, _):
        person.sees("Your account requires MFA.")
        assert person.app.context.session is None
        key = offered(person)
        await person.press("escape")
        person.sees("Leave without registering your device?")
        await person.click_button("Leave")
        person.screen(SignInScreen)
        await person.sign_in(LONG_NAME)
        person.screen(RegisterDeviceScreen)
        assert offered(person) == key
        person.sees("○ The same key as before.")


# Unsaved backup codes


async def test_new_codes_are_offered_if_the_first_were_not_saved() -> None:
    async with SCENES["unacknowledged_codes"].played() as (person, there):
        person.sees("Did you save your backup codes?", "created on 2027-01-15 08:00 UTC.")
        assert person.tab_order == [
            "Show New Backup Codes",
            "I have the codes of 2027-01-15 08:00 UTC",
            "Ask me next time",
        ]
        await person.press("tab", "enter")
        shown = [code.reveal() for code in person.screen(BackupCodesScreen)._codes]
        assert not {code.reveal() for code in there.devices["bob"].codes} & set(shown)
        person.sees(*shown)
        await keep_codes(person)
        person.screen(SettingsPage)
        await person.click("Sign Out")
        await person.sign_in("bob")
        await person.write(there.code("bob"))
        person.screen(SettingsPage)


async def test_codes_are_dated_in_the_time_zone_of_the_account() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        berlin = Preferences(time_zone="Europe/Berlin")
        there.world.put(there.world.account("bob").changed(preferences=berlin))
        await unacknowledged(person, there)
        person.sees("created on 2027-01-15 09:00 +01:00.")
        await person.click_button("Show New Backup Codes")
        assert " +01:00" in person.screen(BackupCodesScreen)._as_file().reveal()


async def test_a_sign_in_that_expires_while_codes_are_checked_keeps_the_username() -> None:
    async with SCENES["unacknowledged_codes"].played() as (person, there):
        await person.click_button("Show New Backup Codes")
        await person.click_button("I have saved my backup codes")
        there.world.clock.forward(1801)
        await person.click_button("Continue without checking")
        assert person.notice == "✗ The sign-in expired after 30 minutes. Start again."
        assert (person.typed("username"), person.focus) == ("bob", "password")


async def test_the_newest_codes_can_be_kept_now_or_the_question_put_off() -> None:
    async with SCENES["unacknowledged_codes"].played() as (person, there):

        async def sign_in_again() -> None:
            await person.click("Sign Out")
            await person.sign_in("bob")
            await person.write(there.code("bob"))

        await person.click_button("Ask me next time")
        await sign_in_again()
        person.screen(UnacknowledgedScreen)
        await person.click_button("I have the codes of 2027-01-15 08:00 UTC")
        await sign_in_again()
        person.screen(SettingsPage)


async def test_only_escape_leaves_the_new_password_screen() -> None:
    async with SCENES["new_password"].played() as (person, _):
        await person.press("enter", "enter")
        person.screen(NewPasswordScreen)
        assert person.error("new_password") == "Enter a password."
