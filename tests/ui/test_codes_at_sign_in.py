"""One-time codes and backup codes at the sign-in."""

from cwtui.accounts.credentials import backup_codes
from cwtui.ui.after_code import SECONDS
from cwtui.ui.screens.entry.backup_code import BackupCodeScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.device import LostDevicePage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.ui.scenes import SCENES

# One-time code


async def test_the_sixth_digit_submits_the_code() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        assert person.tab_order == ["code", "Sign In", "Use backup code"]
        assert person.focus == "code"
        code = there.code("alice")
        await person.write(code[:5])
        person.screen(OneTimeCodeScreen)
        await person.write(code[5])
        person.screen(SettingsPage)


async def test_a_code_can_be_pasted_with_a_space() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        code = there.code("alice")
        await person.paste(f"{code[:3]} {code[3:]}\n")
        person.screen(SettingsPage)


async def test_a_wrong_code_shows_attempts_left_and_is_cleared() -> None:
    async with SCENES["one_time_code_wrong"].played() as (person, there):
        assert person.error("code") == "This code is wrong. 4 attempts left."
        assert person.focus == "code"
        assert person.secret_inputs == []
        await person.write(there.code("alice"))
        person.screen(SettingsPage)


async def test_the_code_field_says_when_the_code_changes() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        person.sees("The code changes in 30 s")
        there.world.clock.forward(21)
        await person.until(lambda: "The code changes in  9 s" in person.text)


async def test_a_backup_code_is_taken_in_the_field_of_the_one_time_code() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        await person.write("12")
        await person.press("enter")
        assert person.error("code") == "A one-time code has 6 digits; you typed 2."
        await person.write("!")
        assert person.typed("code") == ""
        assert person.error("code") == "A code has 6 digits, or 16 letters and digits."
        person.stopwatch.forward(SECONDS)
        await person.write(there.devices["alice"].codes[0].reveal().lower())
        person.screen(OneTimeCodeScreen)
        person.sees("For a backup code, press Enter when it is complete.")
        await person.press("enter")
        person.screen(LostDevicePage)
        assert person.toasts == ["You used a backup code. 9 unused backup codes left."]
        assert there.world.records.get("alice").failed is None


async def test_a_one_time_code_is_taken_in_the_field_of_the_backup_code() -> None:
    async with SCENES["backup_code"].played() as (person, there):
        await person.write(there.code("alice"))
        person.screen(SettingsPage)


async def test_the_wait_after_wrong_codes_counts_down() -> None:
    async with SCENES["one_time_code_throttled"].played() as (person, there):
        assert person.error("code") == "Too many failed attempts. Wait 4:43."
        # What is no code at all is not counted, and the wait goes on.
        for _ in range(2):
            await person.write("1234567")
            await person.press("enter")
            assert person.error("code") == (
                "A one-time code has 6 digits; you typed 7. Too many failed attempts. Wait 4:43."
            )
        there.world.clock.forward(40)
        await person.until(lambda: "Wait 4:03." in person.error("code"))
        # Whoever comes to a screen for codes sees it before typing.
        await person.press("f4")
        assert person.error("backup_code") == "Too many failed attempts. Wait 4:03."
        await person.press("f4")
        assert person.error("code") == "Too many failed attempts. Wait 4:03."
        assert person.focus == "code"
        there.world.clock.forward(243)
        await person.until(lambda: not person.error("code"))
        person.sees("You can try again now.")


async def test_escape_cancels_the_sign_in() -> None:
    async with SCENES["one_time_code"].played() as (person, _):
        assert ("Esc", "Back to sign-in") in person.footer
        await person.press("escape")
        person.screen(SignInScreen)
        # Otherwise the password would be typed in the field of the username.
        assert (person.typed("username"), person.focus) == ("alice", "password")
        person.app.absence.blank()
        await person.settle()
        assert person.typed("username") == ""


async def test_an_abandoned_sign_in_expires() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        there.world.clock.forward(301)
        await person.write(there.devices["alice"].code(there.world.clock()))
        person.screen(SignInScreen)
        assert person.notice == "✗ The sign-in expired after 5 minutes. Start again."


# Backup code


async def test_a_backup_code_signs_in_however_it_is_typed() -> None:
    async with SCENES["one_time_code"].played() as (person, there):
        assert ("F4", "Use backup code") in person.footer
        await person.click("Use backup code")
        person.screen(BackupCodeScreen)
        assert person.tab_order == ["backup_code", "Sign In", "Use one-time code"]
        typed = there.devices["alice"].codes[0].reveal().lower().replace("-", " ")
        await person.write(typed)
        await person.press("enter")
        person.screen(LostDevicePage)
        assert person.toasts == ["You used a backup code. 9 unused backup codes left."]


async def test_few_backup_codes_left_cause_a_warning() -> None:
    async with SCENES["settings_few_codes"].played() as (person, there):
        person.sees("⚠ Only 3 unused backup codes left.")
        await person.click("Sign Out")
        await person.sign_in("alice")
        await person.press("f4")
        code = there.devices["alice"].codes[0]
        kept = there.world.account("alice").second_factor
        assert kept is not None
        assert len(kept.backup_codes.hashes) == backup_codes.WARN_AT
        await person.write(code.reveal())
        await person.press("enter")
        assert person.toasts == [
            "You used a backup code. 2 unused backup codes left. Regenerate them in Settings."
        ]


async def test_a_wrong_backup_code_is_reported_at_its_field() -> None:
    async with SCENES["backup_code_wrong"].played() as (person, there):
        sentence = "This is not one of your unused backup codes. 4 attempts left."
        assert person.error("backup_code") == sentence
        assert person.focus == "backup_code"
        assert person.typed("backup_code") == ""
        await person.write("ABCD")
        await person.click_button("Sign In")
        assert person.error("backup_code") == (
            "A backup code has 16 letters and digits; you typed 4."
        )
        await person.press("f4")
        person.screen(OneTimeCodeScreen)
        await person.write(there.code("alice"))
        person.screen(SettingsPage)
