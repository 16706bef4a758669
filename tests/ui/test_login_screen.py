"""The login screen: by keyboard, by mouse, and with errors."""

import threading
from typing import Any

import pytest

from cwtui.accounts.credentials import passwords
from cwtui.accounts.model import Attempts
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.world import NOW, PASSWORD
from tests.ui.harness import PATIENCE
from tests.ui.plants import ADMIN
from tests.ui.scenes import SCENES


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
