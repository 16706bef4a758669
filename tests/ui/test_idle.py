"""Terminals that are left alone: locks, time limits, and what counts as presence."""

from collections.abc import Callable

import pytest
from textual import events
from textual.geometry import Size
from textual.message_pump import MessagePump

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.sources import CONSOLE
from cwtui.config import Config, SessionConfig
from cwtui.ui.idle import Idle
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from tests.accounts.world import PASSWORD
from tests.ui.alone import BLANK, LOCK, LOGIN, left_alone
from tests.ui.harness import at_work
from tests.ui.plants import ADMIN, plant
from tests.ui.scenes import SCENES


async def test_an_idle_session_locks() -> None:
    async with SCENES["account"].played() as (person, there):
        await left_alone(person, LOCK, 599)
        assert person.app.context.session is not None
        await person.press("tab")
        await left_alone(person, LOCK, 599)
        assert person.app.context.session is not None
        await left_alone(person, LOCK, 1)
        assert person.app.context.session is None
        person.sees("✗ Your session was locked after 10 minutes without a key press.")
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
        assert (person.typed("username"), person.focus) == ("alice", "password")


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

    idle = Idle(pump, 600, then, lambda: pump.now)  # type: ignore[arg-type]  # a stand-in for the app
    assert isinstance(pump, Pump | MessagePump)
    pump.go_to(1001)
    idle.touch()
    pump.go_to(1599)
    idle.touch()
    pump.go_to(5000)
    assert pump.fired == [2199, 2799, 3399, 3999, 4599]
    assert len(pump.due) == 1
