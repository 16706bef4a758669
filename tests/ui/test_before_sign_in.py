"""The screens before sign-in: by keyboard, by mouse, and with errors."""

import threading
from typing import Any

import pytest

from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.model import Attempts
from cwtui.ui.after_code import SECONDS
from cwtui.ui.screens.entry.backup_code import BackupCodeScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.first_run import FirstRunScreen
from cwtui.ui.screens.entry.new_password import NewPasswordScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.entry.unacknowledged import UnacknowledgedScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.world import NOW, PASSWORD
from tests.ui.harness import PATIENCE
from tests.ui.plants import ADMIN, INITIAL, LONG_NAME
from tests.ui.scenes import SCENES
from tests.ui.ways import keep_codes, offered

NEW = "a much longer one"


# First run


async def test_first_run_tabs_in_reading_order() -> None:
    async with SCENES["first_run"].played() as (person, _):
        assert person.tab_order == [
            "username",
            "new_password",
            "confirm_password",
            "Create Administrator",
        ]
        assert person.focus == "new_password"
        assert person.typed("username") == "admin"
        assert person.footer == [("F2", "Show / hide"), ("F1", "Help"), ("Ctrl+Q", "Quit")]


async def test_first_run_keeps_typed_text_and_passwords_that_are_not_wrong() -> None:
    async with SCENES["first_run"].played() as (person, there):
        await person.fill("username", "ada")
        await person.fill("new_password", NEW)
        await person.fill("confirm_password", NEW + "!")
        await person.click_button("Create Administrator")
        assert person.error("confirm_password").startswith("The passwords do not match.")
        assert person.focus == "new_password"  # both are now empty
        assert person.typed("username") == "ada"
        assert person.secret_inputs == []
        await person.fill("new_password", "1234")
        await person.fill("confirm_password", "1234")
        await person.press("enter")
        assert person.error("new_password") == "The password needs at least 5 characters."
        assert person.error("confirm_password") == ""
        assert person.focus == "new_password"
        assert there.world.accounts.is_empty()
        await person.fill("username", "not a name")
        await person.press("tab")
        assert person.error("username") == (
            "Use only letters, digits and . _ - @ + in the name of a local account."
        )
        await person.fill("new_password", NEW)
        await person.fill("confirm_password", NEW)
        await person.press("enter")
        assert person.error("username").startswith("Use only letters")
        assert person.focus == "username"
        assert there.world.accounts.is_empty()
        # The error is not about them, and nobody types a long one twice again.
        assert person.secret_inputs == [NEW, NEW]
        person.app.absence.blank()
        await person.settle()
        assert person.secret_inputs == []


async def test_first_run_shows_the_password_strength() -> None:
    async with SCENES["first_run"].played() as (person, _):
        await person.write("admin")
        await person.until(lambda: "very weak" in person.text)
        person.sees("━╌╌╌╌ very weak")
        await person.write(" correct horse battery")
        await person.until(lambda: "━━━━━ strong" in person.text)


async def test_first_run_cannot_create_a_second_administrator() -> None:
    async with SCENES["first_run"].played() as (person, there):
        there.world.add_admin("eve")
        await person.fill("new_password", NEW)
        await person.fill("confirm_password", NEW)
        await person.press("enter")
        person.screen(FirstRunScreen)
        assert person.status_line == (
            "✗ An admin already exists. Sign in, or ask them for an account."
        )


# The login screen


async def test_the_login_screen_has_one_form_and_one_button() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        person.sees("Connectware", "plant-7", "Sign in to Your Account", "Username", "Password")
        assert person.buttons == ["Sign In"]
        assert person.tab_order == ["username", "password", "Sign In"]
        assert person.focus == "username"
        assert person.footer == [("F1", "Help"), ("Ctrl+Q", "Quit")]
        column = person.app.screen.query_one("#column").region
        assert column.width == 46
        assert column.x == (80 - 46) // 2


async def test_text_typed_ahead_arrives_in_the_right_fields() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        code = there.code("alice")
        person.send("down", "up", *"alice", "down", *PASSWORD, "enter")
        await person.settle()
        person.screen(OneTimeCodeScreen)
        person.send(*code)
        await person.settle()
        person.screen(SettingsPage)


async def test_enter_moves_to_the_empty_password_then_signs_in() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.write(ADMIN)
        await person.press("enter")
        assert person.focus == "password"
        await person.press("shift+tab")
        assert person.focus == "username"
        await person.press("tab")
        await person.write(PASSWORD)
        await person.press("enter")
        person.screen(SettingsPage)


async def test_a_wrong_password_is_reported_and_the_username_stays() -> None:
    async with SCENES["sign_in_wrong"].played() as (person, _):
        assert person.error("password") == "Username or password is wrong."
        assert person.focus == "password"
        assert person.typed("username") == ADMIN
        assert person.secret_inputs == []
        await person.write("x")
        assert person.error("password") == ""


async def test_an_unknown_username_looks_like_a_wrong_password() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.sign_in("nobody", "wrong")
        assert person.error("password") == "Username or password is wrong."


async def test_enter_pressed_twice_signs_in_once() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        person.send(*"alice", "tab", *"wrong", "enter", "enter", "enter")
        await person.settle()
        assert person.error("password") == "Username or password is wrong."
        attempts = there.world.records.get("alice").password_attempts
        assert sum(kept.failures for kept in attempts.values()) == 1


async def test_the_password_check_shows_progress_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked = threading.Event()
    is_password = passwords.is_password

    def slow(*arguments: Any) -> bool:
        assert checked.wait(PATIENCE)
        return is_password(*arguments)

    monkeypatch.setattr(passwords, "is_password", slow)
    async with SCENES["sign_in"].played() as (person, _):
        person.send(*ADMIN, "tab", *PASSWORD, "enter")
        try:
            await person.look_up()
            person.send("enter", "enter")
            await person.look_up()
            person.sees("… Checking your password")
            assert person.error("password") == ""
            assert person.secret_inputs == []
        finally:
            checked.set()
        await person.settle()
        person.screen(SettingsPage)


async def test_missing_input_is_asked_for_at_its_field() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.click_button("Sign In")
        assert (person.error("username"), person.focus) == ("Enter your username.", "username")
        await person.write(ADMIN)
        await person.click_button("Sign In")
        assert person.error("username") == ""
        assert (person.error("password"), person.focus) == ("Enter your password.", "password")


async def test_a_disabled_account_is_explained() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.sign_in("dave")
        assert person.notice == "✗ Your account is disabled. Ask an admin to enable it."
        person.screen(SignInScreen)
        # The next person sees neither the notice nor a username that cannot sign in.
        assert (person.typed("username"), person.focus) == ("", "username")
        await person.write("a")  # typed ahead, before anybody could read it
        person.sees("disabled")
        person.stopwatch.forward(1)
        await person.write("lice")
        person.sees_nothing_of("disabled")


async def test_a_name_typed_beside_the_fields_goes_to_the_first_empty_one() -> None:
    """Its letters press no shortcuts: a q would quit, and the rest would go to the shell."""
    async with SCENES["sign_in"].played() as (person, _):
        person.app.screen.set_focus(person.button("Sign In"))
        await person.write("quay\tsecret")
        assert person.running
        assert (person.typed("username"), person.typed("password")) == ("quay", "secret")
        person.app.screen.set_focus(person.button("Sign In"))
        await person.write("q")
        assert person.running
        assert person.focus == "Sign In"
        await person.press("f1")
        assert "Quit, outside of fields" not in person.text


async def test_f2_shows_a_password_and_hides_it_again() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.press("tab")
        assert ("F2", "Show / hide") in person.footer
        await person.write("open sesame")
        person.sees_nothing_of("open sesame")
        await person.press("f2")
        person.sees("open sesame")
        await person.press("f2")
        person.sees_nothing_of("open sesame")


async def test_the_wait_after_wrong_passwords_counts_down() -> None:
    async with SCENES["sign_in_throttled"].played() as (person, there):
        assert person.error("password") == "Too many failed attempts. Wait 5:00."
        there.world.clock.forward(61)
        await person.until(lambda: "Wait 3:59." in person.error("password"))
        # The wait is that of one account: another name does not have it.
        there.world.clock.forward(238)
        await person.fill("username", "ada")
        assert person.error("password") == ""
        await person.sign_in("alice", "wrong")
        await person.until(lambda: "Wait 0:01." in person.error("password"))
        there.world.clock.forward(1)
        await person.until(lambda: not person.error("password"))
        person.sees("You can try again now.")
        await person.sign_in("alice")
        person.screen(OneTimeCodeScreen)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_long_wait_is_shown_completely(size: tuple[int, int]) -> None:
    """After days of guessing, it shows how long and that an admin can help."""
    async with SCENES["sign_in"].played() as (person, there):
        tries = Attempts(40, NOW - 60, NOW + 86400)
        record = there.world.records.get("alice").changed(password_attempts={"": tries})
        there.world.records.kept["alice"] = record.changed(known_sources=())
        await person.resize(*size)
        await person.sign_in("alice", PASSWORD)
        sentence = "Too many failed attempts. An admin can unlock your account. Wait 24:00:00."
        assert person.error("password") == sentence
        assert sentence in " ".join(person.text.split())


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
        await person.until(lambda: "The code changes in 9 s" in person.text)


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
        person.screen(SettingsPage)
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
        person.screen(SettingsPage)
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
        sentence = "The password needs at least 12 characters and at least 1 digit."
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
