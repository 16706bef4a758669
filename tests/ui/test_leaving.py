"""How sessions end and leave nothing behind, and how secrets hide themselves."""

import gc
import hashlib
import time
import weakref
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial

import pytest
from textual import events
from textual.geometry import Size
from textual.message_pump import MessagePump

from cwtui.accounts import roles
from cwtui.accounts.audit.events import EventType
from cwtui.config import Config, SessionConfig
from cwtui.ui.idle import Idle
from cwtui.ui.screens.dialogs.dialog import InitialPasswordScreen
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.one_time_code import OneTimeCodeScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.source import CONSOLE
from cwtui.ui.widgets.qr_code import QrCode
from tests.accounts.world import PASSWORD, World
from tests.ui.harness import Person, at_work
from tests.ui.plants import ADMIN, plant
from tests.ui.scenes import SCENES, Scene
from tests.ui.ways import keep_codes, offered

LOCK, BLANK, LOGIN = 0, 1, 2


async def left_alone(person: Person, timer: int, seconds: float) -> None:
    """Let time pass without a key press."""
    person.stopwatch.forward(seconds)
    person.app.absence.timers[timer].look()
    await person.settle()


# Ended from elsewhere


def removed(world: World) -> None:
    with world.accounts.change() as change:
        change.remove(ADMIN)


def disabled(world: World) -> None:
    world.put(world.account(ADMIN).changed_ending_sessions(enabled=False))


def demoted(world: World) -> None:
    world.put(world.account(ADMIN).changed_ending_sessions(roles=(roles.MINIMUM,)))


def password_changed(world: World) -> None:
    world.put(world.account(ADMIN).changed_ending_sessions())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (removed, "✗ Your account was removed or renamed. Sign in again, or ask an admin."),
        (disabled, "✗ Your account was disabled. Ask an admin to enable it."),
        (demoted, "✗ Your roles were changed. Sign in again to use your new roles."),
        (
            password_changed,
            ("✗ Your password, roles, status or MFA was changed elsewhere. Sign in again."),
        ),
    ],
)
async def test_a_session_ended_elsewhere_stops_at_the_next_action(
    change: Callable[[World], None], sentence: str
) -> None:
    async with SCENES["account"].played() as (person, there):
        change(there.world)
        await person.press("f1")
        person.screen(HelpScreen)
        await person.press("escape", "escape")
        person.screen(SignInScreen)
        assert person.notice == sentence
        assert person.app.context.session is None
        person.sees_nothing_of("alice", "Users and Roles")


# Idle terminals


async def test_an_idle_session_locks() -> None:
    async with SCENES["account"].played() as (person, there):
        await left_alone(person, LOCK, 599)
        assert person.app.context.session is not None
        await person.press("tab")
        await left_alone(person, LOCK, 599)
        assert person.app.context.session is not None
        await left_alone(person, LOCK, 1)
        assert person.app.context.session is None
        person.sees("Your session was locked after 10 minutes without a key press.")
        assert person.typed("username") == ADMIN
        assert person.focus == "password"
        last = there.world.events[-1]
        assert (last.event, last.reason) == (EventType.SESSION_END, "idle")
        await person.write(PASSWORD)
        await person.press("enter")
        assert person.app.context.session is not None
        await left_alone(person, LOCK, 600)
        assert person.app.context.session is None


async def test_a_dialog_does_not_keep_the_session_open() -> None:
    async with SCENES["confirm_disable_mfa"].played() as (person, _):
        await left_alone(person, LOCK, 600)
        person.screen(SignInScreen)
        assert len(person.app.screen_stack) == 2


async def test_an_abandoned_sign_in_is_cancelled_even_under_help() -> None:
    async with SCENES["one_time_code"].played() as (person, _):
        await person.press("f1")
        await left_alone(person, LOCK, 600)
        person.screen(SignInScreen)
        assert person.notice == "✗ The sign-in was not completed. Start again."


async def test_a_console_login_screen_stays_and_clears_typed_text() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        person.app.context.source = CONSOLE
        person.send(*"half a na", "tab", *PASSWORD)
        await person.settle()
        await left_alone(person, BLANK, 119)
        assert person.typed("username") == "half a na"
        await left_alone(person, BLANK, 1)
        assert (person.typed("username"), person.typed("password")) == ("", "")
        assert person.focus == "username"
        await left_alone(person, LOGIN, 6000)
        await left_alone(person, LOCK, 6000)
        assert person.running
        assert person.notice == ""


async def test_a_login_screen_over_ssh_ends_after_ten_minutes() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await left_alone(person, LOGIN, 599)
        await person.press("tab")
        await left_alone(person, LOGIN, 599)
        assert person.running
        await left_alone(person, LOGIN, 1)
        assert not person.running
        assert person.app.return_value == 1
        assert "no key was pressed for 10 minutes" in person.app.leaving.last_words


@pytest.mark.parametrize("name", ["one_time_code", "new_password", "forced_enrolment"])
async def test_an_abandoned_sign_in_over_ssh_ends_too(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        await left_alone(person, LOGIN, 600)
        assert not person.running
        assert person.app.return_value == 1


async def test_a_locked_session_over_ssh_waits_before_ending() -> None:
    async with SCENES["account"].played() as (person, _):
        await left_alone(person, LOCK, 600)
        person.app.absence.timers[LOGIN].look()
        await person.settle()
        person.screen(SignInScreen)
        assert person.running
        await left_alone(person, LOGIN, 600)
        assert person.app.return_value == 1


@pytest.mark.parametrize(("minutes", "timers"), [(0, 2), (3, 3)])
async def test_the_login_time_limit_is_configurable(minutes: int, timers: int) -> None:
    config = Config(session=SessionConfig(login_minutes=minutes))
    there = plant()
    async with at_work(there.world.ports, there.world.clock, config=config) as person:
        assert [idle._seconds for idle in person.app.absence.timers[LOGIN:]] == [180] * (timers - 2)


async def test_the_username_filled_in_after_a_lock_stays() -> None:
    async with SCENES["sign_in_after_lock"].played() as (person, _):
        await person.write("abc")
        await left_alone(person, BLANK, 120)
        assert (person.typed("username"), person.typed("password")) == (ADMIN, "")
        assert person.focus == "password"


# Presence


def mouse(kind: type[events.MouseEvent]) -> events.MouseEvent:
    return kind(
        widget=None, x=1, y=1, delta_x=0, delta_y=0, button=0, shift=False, meta=False, ctrl=False
    )


async def test_only_keys_pastes_and_clicks_count_as_presence() -> None:
    async with SCENES["backup_codes_hidden"].played() as (person, _):
        codes = person.screen(BackupCodesScreen)
        timers, driver = person.app.absence.timers, person.app._driver
        assert driver is not None
        for event, counts in (
            (mouse(events.MouseMove), False),
            (mouse(events.MouseUp), False),
            (events.AppFocus(), False),
            (events.AppBlur(), False),
            (events.AppFocus(), False),
            (events.Resize(Size(80, 24), Size(80, 24)), False),
            (events.Key("ctrl+q", None), False),
            (events.Key("ctrl+s", None), False),
            (events.Key("a", "a"), True),
            (events.Key("tab", None), True),
            (events.Paste("text"), True),
            (mouse(events.MouseDown), True),
            (mouse(events.MouseScrollDown), True),
            (mouse(events.MouseScrollUp), True),
            (mouse(events.MouseScrollLeft), True),
            (mouse(events.MouseScrollRight), True),
        ):
            if person.app.screen is not codes:
                person.screen(QuitScreen).dismiss()
            person.app.absence.blank()
            await person.settle()
            assert person.app.screen is codes
            assert codes.blanked
            for idle in timers:
                idle.touch()
            before = [idle._touched_at for idle in timers]
            person.stopwatch.forward(60)
            driver.send_message(event)
            await person.settle()
            moved = [idle._touched_at - at for idle, at in zip(timers, before, strict=True)]
            assert moved == ([60, 60, 60] if counts else [0, 0, 0]), event
            assert codes.blanked is not counts, event


class Pump:
    """Stands in for the application: accepts timers and lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: list[tuple[float, Callable[[], None]]] = []
        self.fired: list[float] = []

    def set_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self.due.append((self.now + seconds, callback))

    def go_to(self, when: float) -> None:
        while self.due and self.due[0][0] <= when:
            self.now, callback = self.due.pop(0)
            callback()
        self.now = when


def test_idle_counts_from_the_last_touch() -> None:
    pump = Pump()

    def then() -> None:
        pump.fired.append(pump.now)

    idle = Idle(pump, 600, then, lambda: pump.now)  # type: ignore[arg-type]
    assert isinstance(pump, Pump | MessagePump)
    pump.go_to(1001)
    idle.touch()
    pump.go_to(1599)
    idle.touch()
    pump.go_to(5000)
    assert pump.fired == [2199, 2799, 3399, 3999, 4599]
    assert len(pump.due) == 1


# Hiding secrets


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


# Nothing is left behind (DESIGN section 4, points 2 and 6)


def digest_of(letters: Iterable[str]) -> bytes:
    return hashlib.sha256("".join(letters).encode()).digest()


def holders(digests: Iterable[bytes], length: int) -> list[object]:
    """All objects in Python's memory that hold a text with this SHA-256 and length."""
    assert gc.get_freeze_count() == 0
    gc.collect()
    wanted = set(digests)
    found = []
    for holder in gc.get_objects():
        for held in gc.get_referents(holder):
            if isinstance(held, str | bytes) and len(held) == length:
                content = held if isinstance(held, bytes) else held.encode("utf-8", "replace")
                if hashlib.sha256(content).digest() in wanted:
                    found.append(holder)
    return found


def still_held(digests: Collection[bytes], length: int) -> list[object]:
    """The same, once threads had a second to end the calls whose results are known already."""
    give_up_at = time.monotonic() + 1
    while (found := holders(digests, length)) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return found


def with_secrets_of_its_own(name: str, seed: int) -> Scene:
    """The scene with secrets that no other test in this process has."""
    return replace(SCENES[name], start=partial(plant, seed))


@pytest.mark.usefixtures("all_objects")
async def test_sign_out_leaves_no_screen_and_no_password_in_memory() -> None:
    letters = [*"never-before-", *"seen-", *"words"]
    digest = digest_of(letters)
    async with SCENES["sign_in"].played() as (person, there):
        there.world.add("gary", password="".join(letters))
        gone: list[weakref.ref[object]] = []

        def note() -> None:
            screens = person.app.screen_stack[1:]
            gone.extend(
                weakref.ref(one) for s in screens for one in s.walk_children(with_self=True)
            )

        note()
        person.send(*"gary", "tab", *letters, "enter")
        await person.settle()
        assert person.app.context.session is not None
        note()
        await person.press("enter")
        person.send(*letters, "enter", *"short", "enter", *"other", "enter")
        await person.settle()
        note()
        # Textual keeps the last clicked widget until the next click.
        await person.press("escape", "escape", "end", "enter")
        person.screen(SignInScreen)
        now = {id(one) for one in person.app.screen.walk_children(with_self=True)}
        await person.settle()
        assert still_held([digest], len(letters)) == []
        gc.collect()
        alive = [ref() for ref in gone if ref() is not None and id(ref()) not in now]
        assert alive == []


@pytest.mark.usefixtures("all_objects")
async def test_sign_out_leaves_no_backup_code_in_memory() -> None:
    async with with_secrets_of_its_own("backup_codes", 71).played() as (person, there):
        screen = weakref.ref(person.app.screen)
        digests = [digest_of(c.reveal()) for c in person.screen(BackupCodesScreen)._codes]
        is_held = bool(holders(digests, 19))
        assert is_held
        await keep_codes(person)
        await person.click("Sign Out")
        there.world.clock.forward(30)
        await person.settle()
        gc.collect()
        assert screen() is None
        assert still_held(digests, 19) == []


@pytest.mark.usefixtures("all_objects")
async def test_an_ended_session_leaves_no_key_in_memory() -> None:
    async with with_secrets_of_its_own("register_device", 72).played() as (person, there):
        screen = weakref.ref(person.app.screen)
        digest = digest_of(offered(person).reveal())
        disabled(there.world)
        await person.write("000000")
        person.screen(SignInScreen)
        assert still_held([digest], 32) == []
        assert screen() is None


@pytest.mark.usefixtures("all_objects")
async def test_a_wrong_password_is_not_kept_in_memory() -> None:
    letters = [*"another-", *"unheard-", *"of"]
    digest = digest_of(letters)
    async with SCENES["sign_in"].played() as (person, _):
        person.send(*ADMIN, "tab", *letters)
        await person.settle()
        assert holders([digest], len(letters)) != []
        await person.press("enter")
        person.screen(SignInScreen)
        assert still_held([digest], len(letters)) == []


async def test_quitting_records_the_end_of_the_session() -> None:
    async with SCENES["users"].played() as (person, there):
        await person.press("ctrl+q", "y")
        assert not person.running
        assert person.app.leaving.record_now() == ""
        assert there.world.events[-1].event is EventType.SIGN_OUT
        assert person.app.return_value == 0


async def test_the_code_step_is_not_a_session() -> None:
    async with SCENES["one_time_code"].played() as (person, _):
        person.screen(OneTimeCodeScreen)
        await person.press("ctrl+p")
        person.screen(OneTimeCodeScreen)
        assert person.app.context.session is None
