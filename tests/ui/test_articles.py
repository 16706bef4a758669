"""The articles of the product text, step by step, on a file store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from cwtui import services
from cwtui.accounts import administration, first_admin, roles
from cwtui.accounts.credentials import totp
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.config import Config, KeyringConfig, StoreConfig
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.change_password import ChangePasswordPage
from cwtui.ui.screens.pages.device import LostDevicePage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.world import OPERATOR, PASSWORD, Clock, Device
from tests.ui.harness import Person, at_work
from tests.ui.ways import keep_codes, offered

pytestmark = pytest.mark.filterwarnings("error")


class Host:
    """A fresh machine with the accounts ada (an admin) and alice."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.config = Config(
            store=StoreConfig(str(folder / "store")),
            keyring=KeyringConfig(str(folder / "keys" / "keyring.json")),
        )
        self.ports: Ports = replace(
            services.create(self.config),
            now=self.clock,
            random=Random(7).randbytes,  # noqa: S311  the same codes every time
            bcrypt_cost=4,
        )
        password = Secret(PASSWORD)
        first_admin.create(self.ports, "ada", password, password, OPERATOR)
        administration.create_user(
            self.ports, OPERATOR, NewAccount("alice", initial_password=password)
        )
        with self.ports.accounts.change() as change:
            account = change.get("alice")
            assert account is not None
            kept = account.changed(must_change_password=False, initial_password_expires_at=None)
            change.put(kept)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Person]:
        """The opened application."""
        ports = replace(services.connect(self.config), random=self.ports.random, bcrypt_cost=4)
        async with at_work(ports, self.clock, config=self.config) as person:
            yield person


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


async def enter_username_and_password(
    person: Person, username: str, password: str = PASSWORD
) -> None:
    """1. On the Connectware login screen, enter your Username and Password."""
    person.screen(SignInScreen)
    person.sees("Username", "Password")
    await person.fill("username", username)
    await person.press("tab")
    await person.write(password)


async def set_up(host: Host, person: Person) -> tuple[Device, list[str]]:
    """Set up Multi-Factor Authentication using only the keyboard."""
    await person.press("escape")
    assert person.focus == "Navigation"
    await person.press("home", "enter")
    person.screen(SettingsPage)
    await person.press("tab")
    assert person.focus == "Enable Multi-Factor Authentication"
    await person.press("enter")
    person.screen(RegisterDeviceScreen)
    person.sees("Scan the QR code", "enter your secret key")
    secret = offered(person)
    first, second = totp.grouped(secret)[:19], totp.grouped(secret)[20:]
    person.sees(first, second)
    assert "▀" in person.text
    person.sees("Register Device", "Enable Multi-Factor\nAuthentication")
    await person.write(Device(secret, ()).code(host.clock()))
    screen = person.screen(BackupCodesScreen)
    codes = [code.reveal() for code in screen._codes]
    assert len(codes) == 10
    person.sees(*codes)
    person.sees(
        "You can use" if "You can use" in person.words else "each code lets you sign in once"
    )
    await person.press("f4")
    assert person.clipboard == ["\n".join(codes)]
    await keep_codes(person)
    person.screen(SettingsPage)
    return Device(secret, ()), codes


async def test_sign_in_to_your_account(host: Host) -> None:
    async with host.opened() as person:
        person.sees("Sign in to Your Account")
        await enter_username_and_password(person, "alice")
        await person.click_button("Sign In")
        person.screen(SettingsPage)
        assert person.app.context.session is not None
        assert person.app.context.session.username == "alice"


async def test_changing_passwords(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        await person.click("Settings")
        await person.click_button("Change Password")
        person.screen(ChangePasswordPage)
        person.sees("Current Password", "New Password", "Confirm Password")
        await person.fill("current_password", PASSWORD)
        await person.fill("new_password", "a much longer one")
        await person.fill("confirm_password", "a much longer one")
        await person.click_button("Save New Password")
        person.screen(SettingsPage)
        assert person.toasts == ["Your password was changed."]
        await person.click("Sign Out")
        await person.sign_in("alice")
        assert person.error("password") == "Username or password is wrong."
        await person.sign_in("alice", "a much longer one")
        person.screen(SettingsPage)


async def test_setting_up_mfa(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        await set_up(host, person)
        person.sees("● Enabled since 2027-01-15", "10 unused backup codes left")


async def test_signing_in_with_mfa(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        device, _ = await set_up(host, person)
        await person.click("Sign Out")
        await enter_username_and_password(person, "alice")
        await person.click_button("Sign In")
        person.screen(OneTimeCodeScreen)
        assert person.app.context.session is None
        host.clock.forward(30)
        await person.write(device.code(host.clock()))
        person.screen(SettingsPage)


async def test_signing_in_with_mfa_backup_codes(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        _, codes = await set_up(host, person)
        for tried, expected in enumerate((LostDevicePage, None)):
            await person.click("Sign Out") if tried == 0 else None
            await enter_username_and_password(person, "alice")
            await person.click_button("Sign In")
            await person.click("Use backup code")
            person.sees("Backup Code")
            await person.fill("backup_code", codes[3].lower())
            await person.click_button("Sign In")
            if expected is not None:
                person.screen(expected)
                assert person.toasts[-1] == "You used a backup code. 9 unused backup codes left."
                await person.click("Sign Out")
        assert person.app.context.session is None
        assert person.error("backup_code").startswith(
            "This is not one of your unused backup codes."
        )


async def test_disabling_mfa_user(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        device, _ = await set_up(host, person)
        await person.click("Settings")
        person.sees("Multi-Factor Authentication")
        await person.click("Disable Multi-Factor Authentication")
        host.clock.forward(30)
        person.button("Disable Multi-Factor Authentication")
        await person.fill("code", device.code(host.clock()))  # the sixth digit submits it
        person.screen(SettingsPage)
        person.sees("○ Not enabled.")
        await person.click("Sign Out")
        await person.sign_in("alice")
        person.screen(SettingsPage)


async def test_making_mfa_mandatory_for_individual_users_admin(
    host: Host,
) -> None:
    async with host.opened() as person:
        await person.sign_in("ada")
        person.sees("User Management")
        await person.click("Users and Roles")
        await person.click("alice")
        page = person.screen(AccountPage)
        person.sees("MFA (Required)")
        await person.click_button("Enable")
        assert page.query_one("#mfa-required").parent is not None
        await person.click_button("Update")
        person.sees("● required")
        await person.click("Sign Out")
        await person.sign_in("alice")
        person.screen(RegisterDeviceScreen)
        assert person.app.context.session is None


async def test_regenerating_backup_codes(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        device, old = await set_up(host, person)
        await person.click("Settings")
        person.sees("Multi-Factor Authentication")
        await person.click("Regenerate Backup Codes")
        host.clock.forward(30)
        person.button("Regenerate Backup Codes")
        await person.fill("code", device.code(host.clock()))  # the sixth digit submits it
        new = [code.reveal() for code in person.screen(BackupCodesScreen)._codes]
        assert not set(new) & set(old)
        await keep_codes(person)
        assert person.toasts == ["Your backup codes were regenerated."]
        await person.click("Sign Out")
        for code, shown in ((old[0], OneTimeCodeScreen), (new[0], LostDevicePage)):
            await person.sign_in("alice")
            await person.click("Use backup code")
            await person.fill("backup_code", code)
            await person.press("enter")
            if shown is LostDevicePage:
                person.screen(LostDevicePage)
            else:
                assert "unused backup codes" in person.error("backup_code")
                await person.press("escape")


async def test_disabling_the_mfa_of_a_user_who_lost_the_device_admin(host: Host) -> None:
    async with host.opened() as person:
        await person.sign_in("alice")
        await set_up(host, person)
        await person.click("Sign Out")
        await person.sign_in("ada")
        await person.click("Users and Roles")
        await person.click("alice")
        await person.click_button("Disable MFA")
        person.sees("Disable the multi-factor authentication of alice?")
        await person.click_button("Disable MFA")
        person.sees("○ not enabled")
        await person.click("Sign Out")
        await person.sign_in("alice")
        person.screen(SettingsPage)


async def test_the_first_administrator_on_a_fresh_machine(tmp_path: Path) -> None:
    config = Config(
        store=StoreConfig(str(tmp_path / "store")),
        keyring=KeyringConfig(str(tmp_path / "keys" / "keyring.json")),
    )
    ports = replace(services.create(config), bcrypt_cost=4)
    async with at_work(ports, Clock(), config=config) as person:
        person.sees("Create the first administrator")
        assert person.focus == "new_password"
        await person.write(PASSWORD)
        await person.press("enter")
        assert person.focus == "confirm_password"
        await person.write(PASSWORD)
        await person.press("enter")
        assert person.notice == "✓ The administrator admin was created. Sign in."
        assert person.focus == "password"
        await person.write(PASSWORD)
        await person.press("enter")
        person.sees("Users and Roles", "Organization")
        assert person.app.context.session is not None
        assert person.app.context.session.roles == (roles.ADMIN,)
