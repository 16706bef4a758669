"""Replacing a device, lost or not."""

import pytest

from cwtui.accounts import own_devices, self_service, sign_in, user_mfa
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    Refused,
    SessionEnded,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from tests.accounts.crashing import Crashing, Killed
from tests.accounts.devices.alice import Person, gets_in
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World


def test_the_old_device_counts_until_the_new_one_has_given_a_code(alice: Person) -> None:
    world = alice.world
    offer = alice.begin("New Phone", alice.next_code(), alice.id_of("Phone"))
    wrong = Device(offer.totp_secret, ()).wrong_code(world.clock())
    with pytest.raises(InvalidInput):
        own_devices.register(world.ports, alice.session, offer, wrong)
    assert alice.names() == ["Phone"]
    world.clock.forward(30)
    assert gets_in(world, alice.phone.code(world.clock()))
    new = alice.finish(offer)
    assert alice.names() == ["New Phone"]
    assert world.events[-1].event is EventType.DEVICE_REPLACE
    assert world.events[-1].reason == 'device="New Phone" replaces=Phone'
    world.clock.forward(30)
    assert not gets_in(world, alice.phone.code(world.clock()))
    assert gets_in(world, new.code(world.clock()))


def test_a_new_device_can_have_the_name_of_the_old_one(alice: Person) -> None:
    before = alice.id_of("Phone")
    alice.finish(alice.begin("Phone", alice.next_code(), before))
    assert alice.names() == ["Phone"]
    assert alice.id_of("Phone") != before


def test_a_rename_in_another_session_is_not_undone(alice: Person) -> None:
    old = alice.id_of("Phone")
    offer = alice.begin("Phone", alice.next_code(), old)
    own_devices.rename(alice.world.ports, alice.session, old, "Private")
    alice.finish(offer)
    assert alice.names() == ["Private"]
    assert alice.world.events[-1].reason == "device=Private replaces=Private"
    # A name that was chosen for the new device stays.
    alice.phone = Device(offer.totp_secret, ())
    new = alice.id_of("Private")
    offer = alice.begin("Phone", alice.next_code(), new)
    own_devices.rename(alice.world.ports, alice.session, new, "Work")
    alice.finish(offer)
    assert alice.names() == ["Phone"]


def test_a_backup_code_at_sign_in_replaces_the_phone_without_a_second_one(world: World) -> None:
    world.add(mfa_required=True)
    phone = world.equip()
    state = world.asked_for_code()
    signed_in = sign_in.with_backup_code(world.ports, state, phone.codes[0].reveal())
    assert isinstance(signed_in, SignedIn)
    alice = Person(world, phone, signed_in.session)
    old = alice.id_of("Phone")
    assert own_devices.needs_code(alice.session, world.clock())
    with pytest.raises(InvalidInput):
        alice.begin("Tablet", "")
    assert not own_devices.needs_code(alice.session, world.clock(), old)
    new = alice.finish(alice.begin("New", "", old))
    assert own_devices.needs_code(alice.session, world.clock(), alice.id_of("New"))
    with pytest.raises(InvalidInput):
        alice.begin("Newer", "", alice.id_of("New"))
    world.clock.forward(30)
    assert gets_in(world, new.code(world.clock()))


def test_the_backup_code_of_the_sign_in_replaces_only_one_device(world: World) -> None:
    world.add()
    phone = world.equip()
    world.equip_too("Tablet")
    state = world.asked_for_code()
    signed_in = sign_in.with_backup_code(world.ports, state, phone.codes[0].reveal())
    assert isinstance(signed_in, SignedIn)
    alice = Person(world, phone, signed_in.session)
    first, second = (
        alice.begin(f"New {name}", "", alice.id_of(name)) for name in ("Phone", "Tablet")
    )
    alice.finish(first)
    with pytest.raises(Refused, match="changed in the meantime"):
        alice.finish(second)
    assert alice.names() == ["Tablet", "New Phone"]


def test_the_backup_code_of_the_sign_in_is_enough_for_ten_minutes_only(world: World) -> None:
    world.add()
    phone = world.equip()
    state = world.asked_for_code()
    signed_in = sign_in.with_backup_code(world.ports, state, phone.codes[0].reveal())
    assert isinstance(signed_in, SignedIn)
    alice = Person(world, phone, signed_in.session)
    world.clock.forward(PROOF_LIFETIME + 1)
    alice.session = self_service.prove(world.ports, alice.session, Secret(PASSWORD), None)
    with pytest.raises(InvalidInput):
        alice.begin("New", "", alice.id_of("Phone"))


def test_coming_back_to_a_replacement_costs_no_second_backup_code(alice: Person) -> None:
    phone, codes = alice.id_of("Phone"), alice.phone.codes
    alice.begin("New", codes[0].reveal(), phone)
    with pytest.raises(InvalidInput, match="Enter a one-time code or a backup code"):
        alice.begin("Other", "")
    alice.finish(alice.begin("Newer", "", phone))
    with pytest.raises(InvalidInput):
        alice.begin("Another", "", alice.id_of("Newer"))
    assert alice.names() == ["Newer"]


def test_a_device_removed_meanwhile_is_not_replaced(alice: Person) -> None:
    alice.add()
    offer = alice.begin("New", alice.next_code(), alice.id_of("Tablet"))
    user_mfa.remove_device(alice.world.ports, OPERATOR, "alice", "tablet")
    with pytest.raises(SessionEnded):
        alice.finish(offer)
    assert alice.names() == ["Phone"]


def test_the_name_of_an_enrolment_that_can_be_continued_is_suggested(alice: Person) -> None:
    ports, phone = alice.world.ports, alice.id_of("Phone")
    assert own_devices.plan(ports, alice.session).name == "Phone 2"
    assert own_devices.plan(ports, alice.session, phone).name == "Phone"
    left = alice.begin("New", alice.next_code(), phone)
    assert own_devices.plan(ports, alice.session, phone, left).name == "New"
    alice.add()
    assert own_devices.plan(ports, alice.session, phone, left).name == "Phone", "a new key"
    left = alice.begin("New", alice.next_code(), phone)
    alice.world.clock.forward(PROOF_LIFETIME + 1)
    assert own_devices.plan(ports, alice.session, phone, left).name == "Phone", "expired"


def test_a_device_that_cannot_be_replaced_or_added_is_refused_before_any_question(
    alice: Person,
) -> None:
    ports, phone = alice.world.ports, alice.id_of("Phone")
    assert own_devices.plan(ports, alice.session, phone).replaced == alice.registered()[0]
    assert self_service.device(ports, alice.session, phone)[1].name == "Phone"
    with pytest.raises(Refused, match="removed in the meantime"):
        own_devices.plan(ports, alice.session, "0a1b2c3d")
    with pytest.raises(Refused, match="removed in the meantime"):
        self_service.device(ports, alice.session, "0a1b2c3d")
    alice.world.settings(mfa=Mfa.OFF)
    with pytest.raises(Refused, match="has not enabled"):
        own_devices.plan(ports, alice.session)
    own_devices.plan(ports, alice.session, phone)


def test_a_lost_phone_can_be_replaced_while_mfa_is_off(alice: Person) -> None:
    """Nobody can begin to use MFA then, but the codes of those who do are still asked for."""
    alice.world.settings(mfa=Mfa.OFF)
    overview = self_service.overview(alice.world.ports, alice.session)
    assert overview.add_device_refusal != ""
    assert overview.replace_device_refusal == ""
    alice.finish(alice.begin("New", alice.phone.codes[0].reveal(), alice.id_of("Phone")))
    assert alice.names() == ["New"]


def test_somebody_else_with_the_password_is_asked_for_a_device(alice: Person) -> None:
    alice.add()
    state = sign_in.with_password(alice.world.ports, "alice", Secret(PASSWORD), HERE)
    assert isinstance(state, CodeNeeded)


def test_a_device_that_cannot_be_saved_changes_nothing(alice: Person) -> None:
    """DESIGN 4.7: a full disk is noticed before anything else is changed."""
    world = alice.world
    offer = alice.begin("Tablet", alice.next_code())
    before = world.records.get("alice"), len(world.events)

    def full_disk() -> None:
        raise CannotCheck("no space left on device")

    world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        alice.finish(offer)
    assert (world.records.get("alice"), len(world.events)) == before
    assert alice.names() == ["Phone"]


def test_a_kill_at_any_point_leaves_the_old_or_the_new_device(alice: Person) -> None:
    """And no code can be used again, of either of them."""
    world, start = alice.world, alice.world.clock()
    accounts, records = world.accounts._committed, dict(world.records.kept)
    kept = alice.session
    seen = set()
    for calls in range(1, 200):
        world.accounts._committed, world.records.kept = accounts, dict(records)
        world.clock.at, alice.session = start, kept
        offer = alice.begin("New", alice.next_code(), alice.id_of("Phone"))
        new = Device(offer.totp_secret, ())
        now = world.clock()
        killed = False
        try:
            crashing = Crashing(world.ports, calls)
            own_devices.register(crashing.ports, alice.session, offer, new.code(now))
        except Killed:
            killed = True
        [name] = alice.names()
        seen.add(name)
        assert not gets_in(world, alice.phone.code(now))
        assert not gets_in(world, new.code(now))
        if not killed:
            break
    assert calls > 5
    assert seen == {"Phone", "New"}
