"""What a sign-in puts on disk, and when: each change of the record and each event is one sync."""

import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.errors import CannotCheck, SignInFailed
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.world import Device, World, outcome


@pytest.fixture
def device(world: World) -> Device:
    world.add()
    return world.equip()


def test_a_sign_in_with_mfa_has_six_durable_points(world: World, device: Device) -> None:
    """Password counted; stop and its event; code counted; step used and success, and the event."""
    before, events = world.records.updates, len(world.audit.events)
    state = world.asked_for_code()
    assert world.records.updates - before == 2
    assert world.records.get("alice").password_attempts == {}
    code = device.code(world.clock())
    assert isinstance(sign_in.with_one_time_code(world.ports, state, code), SignedIn)
    assert world.records.updates - before == 4
    assert len(world.audit.events) - events == 2
    record = world.records.get("alice")
    assert (record.code_attempts, record.failed) == ({}, None)


def test_a_code_stays_used_if_the_event_cannot_be_written(world: World, device: Device) -> None:
    state, code = world.asked_for_code(), device.code(world.clock())
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        sign_in.with_one_time_code(world.ports, state, code)
    world.audit.fails = False
    record = world.records.get("alice")
    assert record.last_sign_in is None
    assert record.failed is not None
    with pytest.raises(SignInFailed, match="already used"):
        sign_in.with_one_time_code(world.ports, state, code)


@pytest.mark.usefixtures("device")
def test_a_right_password_does_not_count_if_its_event_cannot_be_written(world: World) -> None:
    world.audit.fails = True
    assert isinstance(outcome(world.asked_for_code), CannotCheck)
    assert world.records.get("alice").password_attempts == {}
