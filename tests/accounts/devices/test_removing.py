"""Renaming and removing devices, by their owner and by admins."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import own_devices, self_service, user_mfa
from cwtui.accounts.errors import (
    InvalidInput,
    ProofNeeded,
    Refused,
    SessionEnded,
)
from cwtui.accounts.session import PROOF_LIFETIME
from tests.accounts.devices.alice import Person, gets_in, with_devices
from tests.accounts.world import OPERATOR


def test_a_device_is_renamed_without_a_proof(alice: Person) -> None:
    alice.add()
    ports, id_ = alice.world.ports, alice.id_of("Tablet")
    assert own_devices.rename(ports, alice.session, id_, " Work   tablet ") == "Work tablet"
    assert alice.names() == ["Phone", "Work tablet"]
    assert alice.world.events[-1].reason == 'before=Tablet device="Work tablet"'
    written = len(alice.world.events)
    own_devices.rename(ports, alice.session, id_, "Work tablet")
    assert len(alice.world.events) == written
    with pytest.raises(InvalidInput, match="already have a device"):
        own_devices.rename(ports, alice.session, id_, "PHONE")
    self_service.overview(ports, alice.session)


def test_a_removed_device_signs_nobody_in(alice: Person) -> None:
    tablet = alice.add()
    alice.remove("Tablet", alice.next_code())
    world = alice.world
    assert world.events[-1].reason == "removed=Tablet, by one-time code, device=Phone"
    world.clock.forward(30)
    assert not gets_in(world, tablet.code(world.clock()))
    with pytest.raises(Refused, match="removed in the meantime"):
        own_devices.rename(world.ports, alice.session, "0a1b2c3d", "Tablet")


def test_removing_needs_a_fresh_password(alice: Person) -> None:
    alice.add()
    alice.world.clock.forward(PROOF_LIFETIME)
    with pytest.raises(ProofNeeded) as needed:
        alice.remove("Tablet", alice.next_code())
    assert (needed.value.password, needed.value.code) == (True, False)
    assert alice.names() == ["Phone", "Tablet"]


def test_the_first_device_can_be_removed_with_its_own_code(alice: Person) -> None:
    alice.add()
    alice.remove("Phone", alice.next_code())
    assert alice.names() == ["Tablet"]


@pytest.mark.parametrize("required", [False, True])
def test_the_only_device_cannot_be_removed(alice: Person, required: bool) -> None:
    world = alice.world
    world.put(world.account().changed(mfa_required=required))
    code = alice.next_code()
    with pytest.raises(Refused, match="only device") as refused:
        alice.remove("Phone", code)
    assert ("disable" in str(refused.value)) is not required
    overview = self_service.overview(world.ports, alice.session)
    assert overview.remove_device_refusal == str(refused.value)
    assert gets_in(world, code), "The code was not used up."


def test_two_sessions_cannot_remove_both_devices(alice: Person) -> None:
    alice.add()
    stale = alice.session
    alice.remove("Tablet", alice.next_code())
    alice.session = stale
    with pytest.raises(SessionEnded):
        alice.remove("Phone", alice.next_code())
    assert alice.names() == ["Phone"]


def test_a_change_of_devices_ends_other_sessions(alice: Person) -> None:
    world = alice.world
    world.clock.forward(30)
    other = world.session(device=alice.phone)
    alice.add()
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, other)
    self_service.overview(world.ports, alice.session)


# Admins


def test_an_admin_removes_one_device_by_name(alice: Person) -> None:
    world = alice.world
    alice.add()
    with pytest.raises(Refused, match="Choose from: Phone, Tablet"):
        user_mfa.remove_device(world.ports, OPERATOR, "alice", "Laptop")
    user_mfa.remove_device(world.ports, OPERATOR, "alice", "PHONE")
    assert alice.names() == ["Tablet"]
    with pytest.raises(Refused, match="only device"):
        user_mfa.remove_device(world.ports, OPERATOR, "alice", "Tablet")
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
    with pytest.raises(Refused, match="not enabled"):
        user_mfa.remove_device(world.ports, OPERATOR, "alice", "Tablet")


def test_an_admin_removes_the_device_that_they_saw(alice: Person) -> None:
    """Its owner may have replaced it by one of the same name before the admin confirmed."""
    alice.add()
    seen = alice.registered()[0]
    alice.finish(alice.begin("Phone", alice.next_code(), seen.id))
    with pytest.raises(Refused, match="removed in the meantime"):
        user_mfa.remove_device(alice.world.ports, OPERATOR, "alice", seen)
    assert alice.names() == ["Tablet", "Phone"]


def test_only_one_of_two_devices_with_the_same_id_is_removed(alice: Person) -> None:
    """Which only a store has that was changed outside cwtui. It could not be read without any."""
    world, account = alice.world, alice.world.account()
    assert account.second_factor is not None
    [phone] = account.second_factor.devices
    for twin in (phone, replace(phone, name="Twin")):
        world.put(with_devices(account, (phone, twin)))
        user_mfa.remove_device(world.ports, OPERATOR, "alice", twin.name)
        assert len(alice.registered()) == 1


def test_the_overview_says_when_each_device_was_used(alice: Person) -> None:
    world = alice.world
    alice.add()
    phone, tablet = self_service.overview(world.ports, alice.session).devices
    assert (phone.name, tablet.name) == ("Phone", "Tablet")
    assert phone.last_used_at == tablet.registered_at == tablet.last_used_at == world.clock()
