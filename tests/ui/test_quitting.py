"""Quitting asks if something would be lost, and XON and XOFF do not count as an answer."""

import pytest

from cwtui import language
from cwtui.accounts.audit.events import EventType
from cwtui.config import Config, KeysConfig
from cwtui.language import Language
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.users import UsersPage
from tests.language import german
from tests.ui.harness import Person, at_work
from tests.ui.plants import plant
from tests.ui.scenes import SCENES
from tests.ui.test_help import words
from tests.ui.ways import signed_in

XON, XOFF = "ctrl+q", "ctrl+s"
AT_REST = (
    *("first_run", "sign_in", "sign_in_wrong"),
    *("sign_in_after_sign_out", "sign_in_after_lock", "sign_in_after_demotion"),
)
SECRETS = {
    "register_device": "Quit without registering your device?",
    "forced_enrolment": "Quit without registering your device?",
    "register_device_hidden": "Quit without registering your device?",
    "backup_codes": "Quit without saving your backup codes? They will not be shown again.",
    "backup_codes_hidden": "Quit without saving your backup codes?",
    "initial_password": "Quit without handing over the initial password?",
    "invitation": "Quit without handing over the code?",
}


LOSES_SOMETHING = (
    "account_pending",
    "audit_event",
    "backup_code",
    "command_palette",
    "confirm_disable_mfa",
    "help_account",
    "new_password",
    "one_time_code",
    "proof",
    "quitting",
    "unacknowledged_codes",
    *sorted(SECRETS),
)


@pytest.mark.parametrize("name", LOSES_SOMETHING)
async def test_flow_control_bytes_lose_nothing_and_the_question_says_what(name: str) -> None:
    """A terminal with flow control sends them repeatedly on its own."""
    async with SCENES[name].played() as (person, _):
        session = person.app.context.session
        before = person.text
        person.send(*[XOFF, XON] * 4)
        await person.settle()
        person.sees(SECRETS.get(name, ""))
        person.send(*[XOFF, XON] * 4)
        await person.settle()
        assert person.running
        person.screen(QuitScreen)
        assert len([s for s in person.app.screen_stack if isinstance(s, QuitScreen)]) == 1
        assert person.focus == "Stay"
        if not name.startswith("quitting"):
            await person.press("escape")
            if not name.endswith("_hidden"):
                assert person.text == before
        assert person.app.context.session is session


@pytest.mark.parametrize("name", ["sign_in", "first_run", "users_filtered", "backup_codes"])
async def test_xoff_does_nothing(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        before = person.text
        await person.press(XOFF)
        assert person.text == before


@pytest.mark.parametrize("name", AT_REST)
async def test_ctrl_q_quits_at_once_with_status_1_where_nobody_is_signed_in(name: str) -> None:
    """Who is at the terminal may be someone else than who was signed in before."""
    async with SCENES[name].played() as (person, _):
        await person.press("ctrl+q")
        assert not person.running
        assert person.app.return_value == 1


@pytest.mark.parametrize("keys", [("y",), ("tab", "enter"), ("y", "y")])
async def test_keys_confirm_quitting(keys: tuple[str, ...]) -> None:
    async with SCENES["account"].played() as (person, there):
        person.send("ctrl+q", *keys)
        await person.settle()
        assert not person.running
        assert person.app.return_value == 0
        assert person.app.leaving.record_now() == ""
        assert there.world.events[-1].event is EventType.SIGN_OUT


async def test_keys_and_the_mouse_cancel_quitting_and_the_mouse_confirms_it() -> None:
    async with SCENES["account"].played() as (person, _):
        for key in ("escape", "n", "enter"):
            await person.press("ctrl+q", key)
            person.screen(AccountPage)
            assert person.app.context.session is not None
        await person.press("ctrl+q")
        await person.click_button("Stay")
        person.screen(AccountPage)
        await person.press("ctrl+q")
        await person.click_button("Quit")
        assert not person.running


async def test_in_german_the_letter_for_ja_quits() -> None:
    with german(language.catalog_of(Language.GERMAN)):
        language.use(Language.GERMAN)
        async with SCENES["account"].played() as (person, _):
            await person.press("ctrl+q", "x", "j")
            assert person.running  # a word
            person.stopwatch.forward(1)
            await person.press("j")
            assert not person.running


async def test_several_answers_at_once_close_only_the_question() -> None:
    async with SCENES["account"].played() as (person, _):
        person.send("ctrl+q", "escape", "n", "escape")
        await person.settle()
        assert person.app.context.session is not None
        assert not isinstance(person.app.screen, QuitScreen)


async def test_locking_closes_the_question() -> None:
    async with SCENES["quitting"].played() as (person, _):
        person.app.absence.lock()
        await person.settle()
        person.screen(SignInScreen)
        await person.press("y")
        assert person.running


# Other ways to quit


@pytest.mark.parametrize("name", ["settings", "account", "users", "organization", "audit_log"])
async def test_q_quits_where_no_field_has_the_focus(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        person.app.screen.set_focus(None)
        await person.press("q")
        person.screen(QuitScreen)


async def test_a_word_typed_outside_of_fields_does_not_quit() -> None:
    """A y that belongs to a word is no answer."""
    async with SCENES["account"].played() as (person, _):
        await person.press(*"quay")
        assert person.running
        person.screen(QuitScreen)
        await person.press("escape", "Q", "Y")
        assert person.running
        person.screen(QuitScreen)
        person.stopwatch.forward(1)
        await person.press("Y")
        assert not person.running


async def test_letters_do_nothing_in_a_too_small_window() -> None:
    """Nothing has the focus there, and a password may contain a shortcut letter."""
    async with SCENES["sign_in"].played((40, 10)) as (person, _):
        await person.write("admin\tq")
        assert person.running
    async with SCENES["users"].played() as (person, _):
        await person.resize(40, 10)
        await person.write("nq")
        assert isinstance(person.app.screen, UsersPage)


async def test_q_in_a_field_is_just_a_letter() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.write("q")
        assert person.typed("username") == "q"
        assert person.running
    async with SCENES["users_filtered"].played() as (person, _):
        await person.write("q")
        assert not isinstance(person.app.screen, QuitScreen)


async def test_the_palette_quits_without_asking() -> None:
    async with SCENES["command_palette"].played() as (person, _):
        await person.write("quit")
        await person.press("enter")
        assert not person.running


# A configured quit key


def with_quit_key(key: str) -> Config:
    return Config(keys=KeysConfig(key))


async def test_a_configured_key_quits_and_ctrl_q_does_nothing() -> None:
    there = plant()
    config = with_quit_key("f10")
    async with at_work(there.world.ports, there.world.clock, config=config) as person:
        await _expect_f10(person)
        await signed_in(person, there)
        before = person.text
        await person.press("ctrl+q")
        assert person.text == before
        await person.press("ctrl+c")
        assert person.toasts == ["F10 quits cwtui."]
        await _expect_f10(person)
        await person.press("f10")
        person.screen(QuitScreen)
        await person.press("f10", "y")
        assert not person.running


async def _expect_f10(person: Person) -> None:
    assert ("F10", "Quit") in person.footer
    assert "Ctrl+Q" not in person.text
    await person.press("f1")
    text = words(person.screen(HelpScreen))
    assert "F10" in text
    assert "Ctrl+Q" not in text
    await person.press("escape")


# The exit status


@pytest.mark.parametrize("name", ["one_time_code", "new_password", "backup_code"])
async def test_leaving_during_a_sign_in_exits_with_status_1(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        await person.press("ctrl+q")
        person.screen(QuitScreen)
        person.sees("You are not signed in yet.")
        await person.press("y")
        assert person.app.return_value == 1
