"""The Settings page and the pages it opens."""

import pytest
from textual.widgets import Static

from cwtui.accounts import self_service
from cwtui.accounts.account_changes import Added, Changes
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Session
from cwtui.accounts.settings import Mfa
from cwtui.ui.after_code import SECONDS
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.pages.change_password import ChangePasswordPage
from cwtui.ui.screens.pages.confirm_code import DisableMfaPage, RegenerateBackupCodesPage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.world import NOW, PASSWORD
from tests.ui.plants import ADMIN
from tests.ui.scenes import SCENES
from tests.ui.ways import KNEW, keep_codes

NEW = "a much longer one"


async def test_settings_shows_the_state_and_possible_actions() -> None:
    async with SCENES["settings"].played() as (person, _):
        person.sees("admin on plant-7", "Password", "Multi-Factor Authentication", "○ Not enabled.")
        assert person.tab_order == [
            "Navigation",
            "Change Password",
            "Enable Multi-Factor Authentication",
            "Change SSH Keys",
            "Open Sessions",
            "Change Display",
        ]
        assert person.focus == "Change Password"
        await person.press("escape")
        assert person.focus == "Navigation"


async def test_settings_hides_administration_without_permissions() -> None:
    async with SCENES["settings_enabled"].played() as (person, _):
        person.sees_nothing_of("Users and Roles", "Organization")
        person.sees("● Enabled since 2027-01-15. 10 unused backup codes left.")
        assert person.tab_order[1:] == [
            "Change Password",
            "Phone",
            "Add Device",
            "Regenerate Backup Codes",
            "Disable Multi-Factor Authentication",
            "Change SSH Keys",
            "Open Sessions",
            "Change Display",
        ]


async def test_required_mfa_cannot_be_disabled_and_says_why() -> None:
    async with SCENES["settings_required"].played() as (person, there):
        person.sees(
            "You cannot disable it. "
            "An admin made multi-factor authentication mandatory for your account."
        )
        assert person.buttons == [
            "Change Password",
            "Phone",
            "Add Device",
            "Regenerate Backup Codes",
            "Change SSH Keys",
            "Open Sessions",
            "Change Display",
        ]
        there.world.put(there.world.account("alice").changed(mfa_required=False))
        there.world.settings(mfa=Mfa.REQUIRED)
        await person.press("escape", "enter")
        person.sees(
            "You cannot disable it. "
            "Your organization requires multi-factor authentication for everyone."
        )


async def test_mfa_that_becomes_required_meanwhile_stays_on() -> None:
    async with SCENES["disable_mfa"].played() as (person, there):
        there.world.put(there.world.account("alice").changed(mfa_required=True))
        await person.write(there.code("alice"))
        person.screen(DisableMfaPage)
        person.sees("✗ An admin made multi-factor authentication mandatory for your account.")
        assert there.world.account("alice").second_factor is not None


async def test_mfa_turned_off_cannot_be_enabled_and_says_so() -> None:
    async with SCENES["settings_off"].played() as (person, _):
        person.sees("Your organization has not enabled multi-factor authentication.")
        assert person.buttons == [
            "Change Password",
            "Change SSH Keys",
            "Open Sessions",
            "Change Display",
        ]


async def test_a_button_pressed_twice_acts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    begin = self_service.begin_enrolment

    def counted(ports: Ports, session: Session, earlier: Enrolment | None = None) -> Enrolment:
        asked.append(session.username)
        return begin(ports, session, earlier)

    monkeypatch.setattr(self_service, "begin_enrolment", counted)
    async with SCENES["settings"].played() as (person, _):
        person.send("tab", "enter", "enter", "enter")
        await person.settle()
        person.screen(RegisterDeviceScreen)
        assert asked == [ADMIN]


# Change Password


async def test_the_password_can_be_changed_by_keyboard() -> None:
    async with SCENES["change_password"].played() as (person, there):
        before = there.world.records.get(ADMIN).changed(last_sign_in=NOW - 1, failed=KNEW)
        person.app.context.record_before = before
        person.app.context.changes = Changes(keys=(Added("laptop", NOW),))
        assert person.tab_order[1:] == [
            "current_password",
            "new_password",
            "confirm_password",
            "Save New Password",
        ]
        person.send(*PASSWORD, "enter", *NEW, "enter", *NEW, "enter")
        await person.settle()
        person.screen(SettingsPage)
        assert person.toasts == ["Your password was changed."]
        there.world.begin(ADMIN, NEW)
        # The warning about failed attempts says nothing that was done already.
        warning = person.app.screen.query_one("#failed-sign-ins", Static)
        assert str(warning.content).endswith("). You have changed your password since.")
        change = person.app.screen.query_one(".change", Static)
        assert "1 SSH key was added: laptop" in str(change.content)
        await person.click("Change Password")
        person.screen(ChangePasswordPage)
        await person.press("escape")
        person.screen(SettingsPage)


async def test_each_password_error_is_shown_at_its_field_and_empties_only_that() -> None:
    async with SCENES["change_password"].played() as (person, there):
        before = there.world.account(ADMIN)
        kept: list[list[str]] = []
        focus: list[str] = []

        async def tried(current: str, new: str, confirmation: str) -> tuple[str, str]:
            await person.fill("current_password", current)
            await person.fill("new_password", new)
            await person.fill("confirm_password", confirmation)
            await person.click_button("Save New Password")
            kept.append(person.secret_inputs)
            focus.append(person.focus)
            fields = ("current_password", "new_password", "confirm_password")
            ((field, error),) = ((one, person.error(one)) for one in fields if person.error(one))
            return field, error

        assert await tried("", NEW, NEW) == ("current_password", "Enter your current password.")
        assert await tried("wrong", NEW, NEW) == (
            "current_password",
            "The password is wrong. 4 attempts left.",
        )
        assert await tried(PASSWORD, "abc", "abc") == (
            "new_password",
            "The password needs at least 5 characters.",
        )
        assert await tried(PASSWORD, PASSWORD, PASSWORD) == (
            "new_password",
            "This is your current password. Choose a new one.",
        )
        assert await tried(PASSWORD, NEW, "other") == (
            "confirm_password",
            "The passwords do not match. Type the same password twice.",
        )
        assert there.world.account(ADMIN) == before
        # What was kept can be typed on, or deleted with Ctrl+U.
        entry = person.field("current_password").entry
        assert entry.cursor_position == len(PASSWORD)
        # A new password and its confirmation are emptied together.
        assert kept == [[NEW, NEW], [NEW, NEW], [PASSWORD], [PASSWORD], [PASSWORD]]
        assert focus == ["current_password"] * 2 + ["new_password"] * 3


# Disable Multi-Factor Authentication, Regenerate Backup Codes


async def test_the_sixth_digit_disables_mfa() -> None:
    async with SCENES["disable_mfa"].played() as (person, there):
        assert person.tab_order[1:] == ["code", "Disable Multi-Factor Authentication"]
        person.sees(
            "You must have access to your authentication app to disable multi-factor "
            "authentication."
        )
        code = there.code("alice")
        await person.write(code[:5])
        person.screen(DisableMfaPage)
        await person.write(code[5:])
        person.screen(SettingsPage)
        assert person.toasts == ["Multi-factor authentication was disabled."]
        assert there.world.account("alice").second_factor is None


_ONLY_DIGITS = "A one-time code has only digits."


@pytest.mark.parametrize("name", ["disable_mfa", "register_device"])
async def test_a_backup_code_where_only_the_app_counts_is_no_failed_attempt(name: str) -> None:
    async with SCENES[name].played() as (person, there):
        records = dict(there.world.records.kept)
        await person.write("2v6f-0q9k-7t3m-xh5r")
        person.sees("Backup codes do not work here." if name == "disable_mfa" else _ONLY_DIGITS)
        await person.press("enter")
        # Before the first device, there are no backup codes yet.
        seen = "This looks like a backup code." if name == "disable_mfa" else _ONLY_DIGITS
        assert person.error("code") == f"{seen} Enter the 6 digits that your app shows now."
        assert there.world.records.kept == records


async def test_a_wrong_code_disables_nothing() -> None:
    async with SCENES["disable_mfa_wrong"].played() as (person, there):
        assert person.error("code") == "This code is wrong. 4 attempts left."
        assert person.focus == "code"
        person.stopwatch.forward(SECONDS)
        await person.press("enter")
        assert person.error("code") == "This code is wrong. 4 attempts left."  # it says more
        await person.press("escape")
        person.screen(SettingsPage)
        assert there.world.account("alice").second_factor is not None


async def test_backup_codes_can_be_regenerated_by_keyboard() -> None:
    async with SCENES["regenerate_backup_codes"].played() as (person, there):
        person.screen(RegenerateBackupCodesPage)
        assert person.tab_order[1:] == ["code", "Regenerate Backup Codes"]
        person.sees(
            "You must have access to your authentication app or one of your backup codes to "
            "regenerate multi-factor authentication backup codes."
        )
        await person.write(there.devices["alice"].codes[0].reveal())
        person.sees("For a backup code, press Enter when it is complete.")
        await person.press("enter")
        await keep_codes(person)
        person.screen(SettingsPage)
        assert person.toasts == ["Your backup codes were regenerated."]


async def test_required_mfa_allows_regenerating_codes() -> None:
    async with SCENES["settings_required"].played() as (person, there):
        await person.click("Regenerate Backup Codes")
        await person.write(there.code("alice"))
        person.screen(BackupCodesScreen)


# What stands beside the fields


async def test_the_rules_stand_beside_each_new_password() -> None:
    for scene, start in (("change_password", "New Password"), ("new_password", "New Password")):
        async with SCENES[scene].played() as (person, _):
            person.sees(f"{start} (at least 5 characters)")
    async with SCENES["first_run"].played() as (person, _):
        person.sees("Password (at least 5 characters)")
    async with SCENES["settings"].played() as (person, there):
        there.world.settings(password_min=12, password_numeric=1, password_symbol=1)
        await person.click_button("Change Password")
        person.sees("New Password (at least 12 characters, 1 digit and 1 symbol)")
