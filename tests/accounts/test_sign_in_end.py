"""The end of a sign-in: which factors were proved and when, and time limits per step."""

from collections.abc import Callable

import pytest

from cwtui.accounts import (
    sign_in,
    sign_in_enrolment,
    sign_in_new_password,
    sign_in_progress,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import (
    BackupCodesUnacknowledged,
    EnrolmentNeeded,
    NewPasswordNeeded,
    SignedIn,
    State,
)
from tests.accounts.world import NOW, Device, World

NEW = Secret("Another.9-Havel")


def with_one_time_code(world: World) -> State:
    device, asked = world.equip(), world.asked_for_code()
    world.clock.forward(60)
    return sign_in.with_one_time_code(world.ports, asked, device.code(world.clock()))


def with_backup_code(world: World) -> State:
    device, asked = world.equip(), world.asked_for_code()
    world.clock.forward(60)
    return sign_in.with_backup_code(world.ports, asked, device.codes[0].reveal())


def registering(world: World) -> State:
    world.put(world.account().changed(mfa_required=True))
    state = world.begin()
    assert isinstance(state, EnrolmentNeeded)
    world.clock.forward(60)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    shown = sign_in_enrolment.register_device(world.ports, state, code)
    return sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)


@pytest.mark.parametrize(
    ("way", "reason", "code_at"),
    [
        (World.begin, "password", 0.0),
        (with_one_time_code, "password, one-time code, device=Phone", NOW + 60),
        (with_backup_code, "password, backup code", NOW + 60),
        (registering, "password, one-time code", NOW + 60),
    ],
)
def test_the_session_knows_which_factor_was_proved_when(
    world: World, way: Callable[[World], State], reason: str, code_at: float
) -> None:
    """Changes need no further proof for ten minutes (ASVS 7.5.1)."""
    world.add()
    state = way(world)
    assert isinstance(state, SignedIn)
    assert (state.session.password_at, state.session.code_at) == (NOW, code_at)
    assert (world.events[-1].event, world.events[-1].reason) == (EventType.SIGN_IN, reason)


def test_each_step_has_its_own_five_minutes(world: World) -> None:
    world.add(must_change_password=True)
    device, asked = world.equip(), world.asked_for_code()
    world.clock.forward(sign_in_progress.LIFETIME)
    state = sign_in.with_one_time_code(world.ports, asked, device.code(world.clock()))
    assert isinstance(state, NewPasswordNeeded)
    world.clock.forward(sign_in_progress.LIFETIME)
    assert isinstance(sign_in_new_password.choose(world.ports, state, NEW, NEW), SignedIn)


def test_new_backup_codes_allow_time_to_write_them_down(world: World) -> None:
    world.add()
    device = world.equip(acknowledged=False)
    state = sign_in.with_one_time_code(
        world.ports, world.asked_for_code(), device.code(world.clock())
    )
    assert isinstance(state, BackupCodesUnacknowledged)
    shown = sign_in_enrolment.make_new_backup_codes(world.ports, state)
    world.clock.forward(sign_in_progress.ENROLMENT_LIFETIME)
    assert isinstance(sign_in_enrolment.acknowledge_backup_codes(world.ports, shown), SignedIn)


def test_a_new_password_clears_the_initial_password_state(world: World) -> None:
    world.add("ketzin-99", must_change_password=True, initial_password_expires_at=NOW + 1)
    state = world.begin("ketzin-99")
    assert isinstance(state, NewPasswordNeeded)
    username = Secret("Ketzin-99")
    with pytest.raises(InvalidInput, match="The password cannot be the username"):
        sign_in_new_password.choose(world.ports, state, username, username)
    before = world.account("ketzin-99")
    sign_in_new_password.choose(world.ports, state, NEW, NEW)
    after = world.account("ketzin-99")
    assert after == before.changed_ending_sessions(
        password=after.password, must_change_password=False, initial_password_expires_at=None
    )
