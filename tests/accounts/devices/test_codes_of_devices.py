"""Codes of several devices: which one, by chance the same, and clocks."""

import pytest

from cwtui.accounts import own_devices, self_service, sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    KeyringMissing,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.sign_in_states import BackupCodesUnacknowledged
from tests.accounts.devices.alice import Person, gets_in, with_devices
from tests.accounts.world import Device, World


def same_key_for_both(world: World) -> Device:
    """alice with two devices that show the same codes."""
    phone = world.equip()
    account = world.account()
    factor = account.second_factor
    assert factor is not None
    twin = world.registered("alice", phone, "Twin")
    world.put(with_devices(account, (*factor.devices, twin)))
    return phone


def test_a_code_that_two_devices_show_works_once_for_each(world: World) -> None:
    world.add()
    phone = same_key_for_both(world)
    code = phone.code(world.clock())
    assert [gets_in(world, code) for _ in range(3)] == [True, True, False]


def test_a_remembered_drift_never_widens_the_window(alice: Person) -> None:
    world = alice.world
    world.clock.forward(300)
    assert gets_in(world, alice.phone.code(world.clock(), 1))
    [use] = world.records.get("alice").devices.values()
    assert use.drift == 1
    world.clock.forward(300)
    for steps, expected in ((2, False), (-2, False), (-1, True), (0, True), (1, True)):
        assert gets_in(world, alice.phone.code(world.clock(), steps)) is expected


def test_the_first_code_of_a_device_shows_its_drift(alice: Person) -> None:
    offer = alice.begin("Tablet", alice.next_code())
    code = Device(offer.totp_secret, ()).code(alice.world.clock(), -1)
    alice.session = own_devices.register(alice.world.ports, alice.session, offer, code)
    tablet = self_service.overview(alice.world.ports, alice.session).devices[1]
    assert tablet.clock_ahead == -30


def test_a_wrong_clock_is_named_by_its_device(alice: Person) -> None:
    tablet = alice.add()
    world = alice.world
    sentences = []
    for _ in range(2):
        world.clock.forward(60)
        state = world.asked_for_code()
        with pytest.raises(SignInFailed) as wrong:
            sign_in.with_one_time_code(world.ports, state, tablet.code(world.clock(), 20))
        sentences.append(str(wrong.value))
    assert "Your device Tablet is about 10 minutes ahead of this host." in sentences[1]


def test_a_device_under_a_lost_key_does_not_lock_out_the_others(alice: Person) -> None:
    world = alice.world
    world.keyring.made["lost"] = world.clock()
    world.equip_too("Tablet")
    del world.keyring.made["lost"]
    world.clock.forward(30)
    state, wrong = world.asked_for_code(), alice.phone.wrong_code(world.clock())
    for _ in range(4):
        with pytest.raises(KeyringMissing):
            sign_in.with_one_time_code(world.ports, state, wrong)
    assert world.events[-1].reason == "wrong"
    assert gets_in(world, alice.phone.code(world.clock()))
    for _ in range(5):
        with pytest.raises(KeyringMissing):
            sign_in.with_one_time_code(world.ports, state, wrong)
    with pytest.raises(Throttled):  # guesses are counted all the same
        sign_in.with_one_time_code(world.ports, state, alice.phone.code(world.clock()))


# The audit log


def test_a_sign_in_that_stops_after_the_code_names_the_device(world: World) -> None:
    world.add()
    phone = world.equip(acknowledged=False)
    state = world.asked_for_code()
    stopped = sign_in.with_one_time_code(world.ports, state, phone.code(world.clock()))
    assert isinstance(stopped, BackupCodesUnacknowledged)
    assert world.events[-1].event is EventType.SIGN_IN_CODE
    assert world.events[-1].reason == "backup codes to be saved, device=Phone"


def test_a_used_code_names_its_device(alice: Person) -> None:
    assert not gets_in(alice.world, alice.phone.code(alice.world.clock()))
    assert alice.world.events[-1].reason == "already used, device=Phone"


def test_the_log_says_which_code_allowed_a_new_device(alice: Person) -> None:
    alice.add()
    proof, added = alice.world.events[-2:]
    assert (proof.event, proof.reason) == (EventType.PROOF, "one-time code, device=Phone")
    assert (added.event, added.reason) == (EventType.DEVICE_ADD, "device=Tablet")
