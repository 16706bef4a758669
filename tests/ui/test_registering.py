"""The page that registers a device."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from textual.widgets import Static

from cwtui.accounts.credentials import totp
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.widgets.qr_code import QrCode
from tests.accounts.world import Device
from tests.ui.harness import code_at
from tests.ui.plants import ADMIN, LONG_NAME
from tests.ui.scenes import SCENES
from tests.ui.ways import keep_codes, offered


async def test_registering_a_device_shows_backup_codes_to_save() -> None:
    async with SCENES["register_device"].played() as (person, there):
        assert person.tab_order == ["code", "Enable Multi-Factor Authentication"]
        assert person.focus == "code"
        code = code_at(offered(person), there.world.clock())
        await person.paste(f"{code[:3]} {code[3:]}")
        screen = person.screen(BackupCodesScreen)
        keep = ["Copy", "Save to File", "Print View", "I have saved my backup codes"]
        assert person.tab_order == keep
        await person.press("escape")
        assert person.app.screen is screen
        assert person.focus == "I have saved my backup codes"
        await person.click_button("Copy")
        assert person.clipboard == ["\n".join(code.reveal() for code in screen._codes)]
        person.sees("Sent to your terminal. Paste to check.")
        await keep_codes(person)
        person.screen(SettingsPage)
        assert person.toasts == ["Multi-factor authentication was enabled."]


async def test_an_expired_secret_key_is_refused_with_a_message() -> None:
    async with SCENES["register_device"].played() as (person, there):
        there.world.clock.forward(PROOF_LIFETIME + 1)
        await person.write(code_at(offered(person), there.world.clock()))
        person.screen(RegisterDeviceScreen)
        person.sees("This secret key expired", "after 10 minutes. Start again.")


async def test_esc_asks_before_it_leaves_and_the_key_is_kept_for_ten_minutes() -> None:
    async with SCENES["register_device"].played() as (person, there):
        key = offered(person)

        there.world.clock.forward(90)
        await person.press("escape")
        person.sees("Leave without registering your device?")
        question = str(person.app.screen.query_one("#dialog Static", Static).content)
        assert "stays valid for 9 minutes, unless you sign out:" in question
        assert person.focus == "Stay"
        await person.press("escape")
        person.screen(RegisterDeviceScreen)
        await person.press("escape")
        await person.click_button("Leave")
        person.screen(SettingsPage)
        assert person.app.context.offered
        await person.click("Enable Multi-Factor Authentication")
        assert offered(person) == key
        person.sees("○ The same key as before.")
        there.world.clock.forward(PROOF_LIFETIME + 1)
        await person.press("escape")  # the key has expired: there is nothing to ask
        person.screen(SettingsPage)
        assert there.world.account(ADMIN).second_factor is None
        left = Enrolment(ADMIN, "Connectware", key, there.world.clock())
        person.app.context.offered[None] = left
        await person.click("Sign Out")
        assert not person.app.context.offered


async def test_a_registered_key_is_not_offered_again() -> None:
    async with SCENES["register_device"].played() as (person, there):
        await person.press("escape", "escape")
        assert person.app.context.offered
        await person.write(code_at(offered(person), there.world.clock()))
        person.screen(BackupCodesScreen)
        assert not person.app.context.offered


async def test_a_wrong_clock_is_diagnosed() -> None:
    async with SCENES["register_device_wrong"].played() as (person, there):
        assert person.error("code") == (
            "Your phone is about 4 minutes ahead of this host. "
            "Set both clocks to the right time, then enter the new code. "
            "The time of this host is 2027-01-15 08:00:00 UTC."
        )
        assert person.focus == "code"
        person.sees("Secret key:")
        wrong = Device(offered(person), ()).wrong_code(there.world.clock())
        await person.write(wrong)
        assert "not the current code" in person.error("code")
        await person.write(code_at(offered(person), there.world.clock()))
        person.screen(BackupCodesScreen)


async def test_the_key_is_copied_only_on_request() -> None:
    async with SCENES["register_device"].played() as (person, _):
        assert person.clipboard == []
        await person.press("f4")
        assert person.clipboard == [offered(person).reveal()]
        person.sees("Sent to your terminal. Paste to check.")
        assert person.app.clipboard == ""


async def test_the_qr_code_is_complete_or_says_what_room_it_needs() -> None:
    async with SCENES["register_device"].played() as (person, _):
        code = person.app.screen.query_one(QrCode)
        assert code.region.height <= 24
        assert code.region.right <= 80 - 33
        await person.resize(64, 20)
        assert not person.app.screen.query(QrCode)
        person.sees("The QR code does not fit here: it needs 68 columns, and this window has 64.")
        person.sees("Enter this secret key in your authentication app:")
        person.sees_nothing_of("Scan the QR code", "QR code looks wrong?")
        await person.press("f5")  # nothing else fits either
        person.sees("it needs 68 columns, and this window has 64.")
        await person.resize(120, 40)
        person.sees("Scan the QR code", "QR code looks wrong? F5")
        person.screen(RegisterDeviceScreen)
        assert person.app.screen.query_one(QrCode).region.height > 20
        await person.press("f5")
        assert person.app.screen.query_one(QrCode).region.width < 60
        await person.press("f5")
        assert person.app.screen.query_one(QrCode).region.width > 80
        await person.press("f5")
        assert not person.app.screen.query(QrCode)
        person.sees("Enter the secret key by hand.", "Account: admin Key: on the right")
        person.sees_nothing_of("needs")
        await person.press("f5")
        assert person.app.screen.query_one(QrCode).region.width < 60


async def test_f5_offers_what_works_in_a_small_window() -> None:
    async with SCENES["register_device"].played() as (person, _):
        person.sees("QR code looks wrong? F5")
        first = person.text
        await person.press("f5")
        assert person.app.screen.query(QrCode)
        assert person.text != first
        await person.press("f5")
        person.sees("needs a window of 107 columns and 37 rows. Or enter the secret key by hand.")
        person.sees("Enter this secret key in your authentication app:")
        await person.press("f5")
        assert person.text == first


async def test_at_60x20_the_settings_of_the_app_and_the_longest_error_are_complete() -> None:
    """Beside a name of 64 characters, on a host in another zone, with a phone 13 hours off."""
    async with SCENES["forced_enrolment"].played((60, 20)) as (person, there):
        screen = person.screen(RegisterDeviceScreen)
        screen._enrolment = replace(screen._enrolment, username="m" * 64)
        for _ in range(2):
            shown = str(screen.query_one("#code-side Static", Static).content)
            assert totp.BY_HAND in shown
            left = " ".join(" ".join(row[:27] for row in person.rows).split())
            assert left.endswith(f"Key: on the right Type: {totp.BY_HAND}")
            await person.press("f5")
        ports = person.app.context.ports
        assert ports is not None
        berlin = timezone(timedelta(hours=1))
        object.__setattr__(ports, "local_time", lambda at: datetime.fromtimestamp(at, berlin))
        now = there.world.clock() - 13 * 3600
        await person.write(code_at(offered(person), now))
        error = screen.query_one("#code .message").region
        assert error.bottom <= screen.query_one("#primary").region.y
        right = " ".join(" ".join(row[27:] for row in person.rows).split())
        assert " Secret key: " in right
        assert "(09:00:00 +01:00). The code changes in 30 s Enable Multi-Factor Auth" in right


async def test_required_enrolment_ends_in_a_session() -> None:
    async with SCENES["forced_enrolment"].played() as (person, there):
        await person.write(code_at(offered(person), there.world.clock()))
        await keep_codes(person)
        person.screen(SettingsPage)
        assert person.app.context.session is not None
        assert person.app.context.session.username == LONG_NAME


async def test_enrolment_says_whose_account_it_is() -> None:
    async with SCENES["register_device"].played() as (person, _):
        person.sees(f"Account: {ADMIN}")
    async with SCENES["forced_enrolment"].played() as (person, _):
        person.sees("Account: carol.longername@pla…", "Your account requires MFA.")
