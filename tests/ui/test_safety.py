"""DESIGN section 4 on the screen; each test names its point."""

import unicodedata
from typing import NoReturn

import pytest
from textual.app import App

from cwtui.accounts import roles, self_service
from cwtui.accounts.administration import Details
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.may import May
from cwtui.accounts.model import Origin, SignInRecord
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import open_session
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.text import visible
from cwtui.host import crash
from cwtui.ui.app import AccountApp
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen, InitialPasswordScreen
from cwtui.ui.screens.dialogs.palette import Palette
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.account import AccountPage
from cwtui.ui.screens.pages.organization import OrganizationPage
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from tests.accounts.world import HERE, NOW, PASSWORD, World
from tests.ui.harness import Person, at_work
from tests.ui.plants import ADMIN, plant
from tests.ui.scenes import SCENES
from tests.ui.ways import offered

NASTY = {
    "closing tag": "[/]",
    "action": "[@click=app.quit]x",
    "clipboard": "\x1b]52;c;aGk=\x07",
    "C1, line end and bidi": "\x9b31m\na\u202eb",
}


def drawn(person: Person) -> str:
    """The text of the screen, after checking that it has nothing a terminal would obey."""
    for strip in person.strips:
        for segment in strip:
            assert segment.control is None
            for character in segment.text:
                category = unicodedata.category(character)
                assert category not in ("Cc", "Cs"), ascii(segment.text)
                assert not "\u202a" <= character <= "\u202e", ascii(segment.text)
    return person.text


# Point 2: secrets in memory and on screen


async def test_point_2_no_secret_is_in_a_toast_or_the_audit_log() -> None:
    async with SCENES["register_device"].played() as (person, there):
        key = offered(person).reveal()
        await person.press("f4")
        assert not any(key[:4] in toast for toast in person.toasts)
        assert not any(key in str(event) for event in there.world.events)


async def test_point_2_the_crash_page_shows_no_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_page: SettingsPage, _button: str) -> None:
        password = "tell-nobody"
        raise ValueError(password)

    monkeypatch.setattr(SettingsPage, "pressed", fails)
    with pytest.raises(ValueError, match="tell-nobody"):
        async with SCENES["settings"].played() as (person, _):
            await person.press("enter")
    printed = "".join(capsys.readouterr())
    assert "cwtui crashed because of a bug." in printed
    assert "ValueError" in printed
    assert "fails" in printed
    assert "tell-nobody" not in printed
    assert PASSWORD not in printed


async def test_point_2_a_failed_worker_shows_no_values_either(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_arguments: object) -> None:
        password = "tell-nobody"
        raise KeyError(password)

    monkeypatch.setattr(self_service, "overview", fails)
    with pytest.raises(Exception, match="tell-nobody"):
        async with SCENES["sign_in"].played() as (person, _):
            await person.sign_in(ADMIN)
    printed = "".join(capfd.readouterr())
    assert "cwtui crashed because of a bug." in printed
    assert "KeyError" in printed
    assert "tell-nobody" not in printed
    assert PASSWORD not in printed


def test_point_2_the_crash_page_names_the_cause_but_no_values() -> None:
    try:
        try:
            raise KeyError("tell-nobody")  # noqa: TRY301  to be seen as the cause
        except KeyError as error:
            raise RuntimeError("nor this") from error
    except RuntimeError as error:
        page = crash.page(crash.places(error))
    assert "builtins.RuntimeError" in page
    assert "builtins.KeyError" in page
    assert "tell-nobody" not in page
    assert "nor this" not in page
    assert "cwtui crashed" in crash.page(crash.places(None))


def test_point_2_textuals_traceback_with_locals_is_replaced() -> None:
    assert AccountApp._fatal_error is not App._fatal_error
    constants = App._fatal_error.__code__.co_consts
    assert any(isinstance(kept, tuple) and "show_locals" in kept for kept in constants)


# Point 3: text that others typed is only text


@pytest.mark.parametrize("what", NASTY)
async def test_point_3_foreign_text_is_plain_text_on_every_screen(  # noqa: PLR0915  one step per screen
    what: str,
) -> None:
    nasty = NASTY[what]
    there = plant()
    world = there.world
    world.settings(issuer=nasty)
    name, shown = f"a{nasty}", visible(f"a{nasty}")
    account = world.account(ADMIN).changed(display_name=nasty, roles=(roles.ADMIN, nasty))
    world.put(account.changed(username="zed"))
    world.put(account.changed(username=name, origin=Origin.LDAP))
    async with at_work(world.ports, world.clock, in_session=True) as person:
        app = person.app
        app.context.host = visible(f"host{nasty}")
        app.router.back_to_sign_in(f"Notice {visible(nasty)}", username=nasty)
        await person.settle()
        assert visible(f"host{nasty}") in drawn(person)
        assert visible(nasty) in drawn(person)
        await person.sign_in("zed")
        await person.press("escape", "down", "enter", "home")
        person.screen(UsersPage)
        assert shown[:9] in drawn(person)
        await person.click(shown[:9])
        assert person.running
        details = Details(
            world.account(name), world.records.get(name), OrganizationSettings(), world.clock()
        )
        may = May(
            manage=True,
            reset_mfa=True,
            unlock=True,
            remove=True,
            end_sessions=True,
            is_own=False,
            roles=(),
        )
        app.router.replace_screen(AccountPage(details, may))
        await person.settle()
        assert f"Users and Roles > {shown}" in drawn(person)
        person.sees(f"{roles.ADMIN}, {visible(nasty)}")
        person.sees(visible(nasty)[:20])
        await person.click(shown[:9])
        await person.click_button("Remove")
        person.screen(ConfirmScreen)
        person.sees(f"Remove the account {shown}?")
        drawn(person)
        await person.press("tab", "enter")
        drawn(person)
        app.push_screen(InitialPasswordScreen(name, Secret("not-seen")))
        await person.settle()
        assert f"Initial password of {shown}" in drawn(person)
        await person.press("escape", "enter")
        await person.click("Organization")
        assert person.typed("issuer") == visible(nasty)
        drawn(person)
        person.screen(OrganizationPage).done(visible(f"{name} was updated."))
        await person.settle()
        drawn(person)
        await person.fill("code_limit", "3")
        await person.press("enter")
        assert world.accounts.settings().code_limit == 3
        assert world.accounts.settings().issuer == nasty
        app.router.replace_screen(
            RegisterDeviceScreen(_enrolment(nasty), _never, _never, _never, required=True)
        )
        await person.settle()
        drawn(person)
        assert person.running


def _enrolment(nasty: str) -> Enrolment:
    return Enrolment(nasty, nasty, Secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"), NOW)


def _never(*_arguments: object) -> NoReturn:
    raise AssertionError


async def test_point_3_a_hostile_username_is_shown_as_plain_text() -> None:
    world = World()
    name = "[@click=app.quit]x[/]\x1b]52;c;aGk=\x07"
    world.put(world.add("ada").changed(username=name, roles=(roles.ADMIN,)))
    async with at_work(world.ports, world.clock, in_session=True) as person:
        person.app.router.sign_in_state_reached(_signed_in(world, name))
        await person.settle()
        assert visible(name) in drawn(person)
        await person.click("[@click")
        assert person.running
        person.screen(SettingsPage)
        person.app.absence.lock()
        await person.settle()
        person.screen(SignInScreen)
        drawn(person)


def _signed_in(world: World, username: str) -> object:
    session = open_session(world.ports, world.account(username), HERE, world.clock())
    return SignedIn(session, SignInRecord())


# Point 4: the password field copies nothing to the clipboard


@pytest.mark.parametrize("keys", [("ctrl+c",), ("ctrl+x",), ("super+c",)])
async def test_point_4_a_password_cannot_be_copied(keys: tuple[str, ...]) -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.press("tab")
        await person.write("open sesame")
        for selection in ("home", "shift+end"), ("ctrl+shift+a",), ("end", "shift+home"):
            await person.press(*selection)
            await person.press(*keys)
            assert person.clipboard == []
            assert person.app.clipboard == ""
            assert person.typed("password") == "open sesame"
        if keys != ("super+c",):
            assert person.error("password") == "Passwords cannot be copied to the clipboard."
        await person.press("f2", *keys)
        assert person.clipboard == []
        await person.press("ctrl+v")
        assert person.clipboard == []


async def test_point_4_ordinary_text_can_be_copied_but_is_not_kept() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.write("alice")
        await person.press("shift+home", "ctrl+c")
        assert person.clipboard == ["alice"]
        assert person.app.clipboard == ""


# Point 5: no way in from outside


@pytest.mark.parametrize("name", ["first_run", "sign_in", "one_time_code", "new_password"])
async def test_point_5_there_is_no_palette_before_sign_in(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        screen = person.app.screen
        await person.press("ctrl+p")
        person.app.action_command_palette()
        await person.settle()
        assert person.app.screen is screen
        assert "Commands" not in person.text


async def test_point_5_the_palette_lacks_textuals_own_commands() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("ctrl+p")
        commands = [command.title for command in person.screen(Palette)._commands]
        sections = ["Settings", "Users and Roles", "Roles", "Organization", "Audit Log"]
        assert commands[:5] == sections
        assert commands[-4:] == ["Colours", "Help", "Sign Out", "Quit"]
        for word in ("screenshot", "save", "keys", "maximize", "theme"):
            await person.press("ctrl+shift+a", "backspace")
            await person.write(word)
            person.sees_nothing_of("Screenshot", "Save", "Maximize", "Show keys")


async def test_point_5_the_application_cannot_be_suspended() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        before = person.text
        await person.press("ctrl+z")
        assert person.text == before
        assert person.running
        actions = {
            binding.action
            for kind in AccountApp.__mro__
            for binding in getattr(kind, "BINDINGS", [])
            if hasattr(binding, "action")
        }
        assert not any("suspend" in action or "screenshot" in action for action in actions)


# Point 10: fail closed


async def test_point_10_a_sign_in_that_cannot_be_recorded_fails() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        there.world.records.fails = True
        await person.sign_in(ADMIN)
        person.screen(SignInScreen)
        assert person.app.context.session is None
        assert person.status_line == "✗ Cannot write records: no space left on device."
        there.world.records.fails = False
        await person.sign_in(ADMIN)
        person.screen(SettingsPage)


async def test_point_10_an_action_that_cannot_be_audited_fails() -> None:
    async with SCENES["account_pending"].played() as (person, there):
        there.world.audit.fails = True
        await person.click_button("Update")
        assert person.status_line == "✗ Cannot write audit: no space left on device."
        assert not there.world.account("alice").mfa_required
