"""Secrets hide themselves when nobody is there."""

import pytest

from cwtui.ui.screens.dialogs.dialog import InitialPasswordScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.widgets.qr_code import QrCode
from tests.accounts.world import PASSWORD
from tests.ui.alone import BLANK, LOCK, left_alone
from tests.ui.scenes import SCENES
from tests.ui.ways import offered


async def test_the_qr_code_and_key_hide_until_a_key_is_pressed() -> None:
    async with SCENES["register_device"].played() as (person, _):
        shown = person.text
        key = offered(person).reveal()
        await left_alone(person, BLANK, 119)
        assert person.text == shown
        await left_alone(person, BLANK, 1)
        assert not person.app.screen.query(QrCode)
        person.sees_nothing_of(key[:4], key[-4:], "▀", "▄")
        await person.press("f4")
        assert person.clipboard == []
        assert person.text == shown
        await left_alone(person, BLANK, 120)
        await person.write("1")
        assert person.typed("code") == "1"  # the beginning of a code
        await person.press("backspace")
        assert person.text == shown


async def test_resizing_does_not_bring_back_a_hidden_qr_code() -> None:
    async with SCENES["register_device_hidden"].played() as (person, _):
        await person.resize(120, 40)
        person.screen(RegisterDeviceScreen)
        assert not person.app.screen.query(QrCode)


async def test_backup_codes_hide_after_a_while() -> None:
    async with SCENES["backup_codes"].played() as (person, _):
        shown = person.text
        await left_alone(person, BLANK, 120)
        person.sees("Hidden. Press any key to show them.")
        assert not [word for word in person.text.split() if word.count("-") == 3]
        await person.press("enter")
        assert person.text == shown
        assert person.clipboard == []


async def test_an_initial_password_hides_after_a_while() -> None:
    async with SCENES["initial_password"].played() as (person, _):
        password = person.screen(InitialPasswordScreen)._password.reveal()
        await left_alone(person, BLANK, 120)
        person.sees_nothing_of(password)
        await person.press("enter")
        person.screen(InitialPasswordScreen)
        person.sees(password)


@pytest.mark.parametrize("name", ["register_device", "backup_codes"])
async def test_secrets_below_a_help_screen_hide_too(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        shown = person.text
        await person.press("f1")
        await left_alone(person, BLANK, 120)
        person.sees_nothing_of("▀")
        assert not [word for word in person.text.split() if word.count("-") == 3]
        await person.press("x")
        await person.press("escape")
        assert person.text == shown


async def test_abandoned_passwords_are_cleared() -> None:
    async with SCENES["change_password"].played() as (person, _):
        await person.write(PASSWORD)
        await left_alone(person, BLANK, 120)
        assert person.secret_inputs == []


async def test_the_time_until_secrets_hide_is_configurable() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        session = person.app.config.session
        assert person.app.absence.timers[LOCK]._seconds == session.idle_minutes * 60
        assert person.app.absence.timers[BLANK]._seconds == session.secrets_visible_seconds
