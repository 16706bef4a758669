"""Several devices: adding, replacing, renaming and removing them."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from cwtui.accounts import enrolment, own_devices, self_service, sign_in, user_mfa
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    KeyringMissing,
    ProofNeeded,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import MOST_DEVICES, Account
from cwtui.accounts.model import Device as Registered
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Session
from cwtui.accounts.settings import Mfa
from tests.accounts.crashing import Crashing, Killed
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World


@dataclass
class Person:
    """alice with a phone, signed in."""

    world: World
    phone: Device
    session: Session

    def registered(self) -> tuple[Registered, ...]:
        factor = self.world.account().second_factor
        assert factor is not None
        return factor.devices

    def names(self) -> list[str]:
        return [device.name for device in self.registered()]

    def id_of(self, name: str) -> str:
        return next(device.id for device in self.registered() if device.name == name)

    def next_code(self) -> str:
        self.world.clock.forward(30)
        return self.phone.code(self.world.clock())

    def begin(self, name: str, typed: str, replaces: str | None = None) -> Enrolment:
        self.session, offer = own_devices.begin(
            self.world.ports, self.session, name, typed, replaces
        )
        return offer

    def finish(self, offer: Enrolment) -> Device:
        device = Device(offer.totp_secret, ())
        code = device.code(self.world.clock())
        self.session = own_devices.register(self.world.ports, self.session, offer, code)
        return device

    def add(self, name: str = "Tablet") -> Device:
        return self.finish(self.begin(name, self.next_code()))

    def remove(self, name: str, typed: str) -> None:
        id_ = self.id_of(name)
        self.session = own_devices.remove(self.world.ports, self.session, id_, typed)


@pytest.fixture
def alice(world: World) -> Person:
    world.add()
    phone = world.equip()
    return Person(world, phone, world.session(device=phone))


def gets_in(world: World, code: str) -> bool:
    state = world.asked_for_code()
    try:
        return isinstance(sign_in.with_one_time_code(world.ports, state, code), sign_in.SignedIn)
    except SignInFailed:
        return False


# The audit log


def test_a_sign_in_that_stops_after_the_code_names_the_device(world: World) -> None:
    world.add()
    phone = world.equip(acknowledged=False)
    state = world.asked_for_code()
    stopped = sign_in.with_one_time_code(world.ports, state, phone.code(world.clock()))
    assert isinstance(stopped, sign_in.BackupCodesUnacknowledged)
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


# Adding


def test_codes_of_either_device_sign_in(alice: Person) -> None:
    tablet = alice.add()
    assert alice.names() == ["Phone", "Tablet"]
    world = alice.world
    world.clock.forward(60)
    now = world.clock()
    for device, name in ((tablet, "Tablet"), (alice.phone, "Phone")):
        assert gets_in(world, device.code(now))
        assert world.events[-1].reason == f"password, one-time code, device={name}"
    assert not gets_in(world, tablet.code(now)), "Each step works once for each device."
    assert not gets_in(world, alice.phone.code(now))


def test_the_first_code_of_a_new_device_is_used_up(alice: Person) -> None:
    tablet = alice.add()
    assert not gets_in(alice.world, tablet.code(alice.world.clock()))


def test_backup_codes_stay_when_a_device_is_added(alice: Person) -> None:
    alice.add()
    state = alice.world.asked_for_code()
    code = alice.phone.codes[0].reveal()
    found = sign_in.with_backup_code(alice.world.ports, state, code)
    assert isinstance(found, sign_in.SignedIn)
    assert found.backup_codes_left == 9


@pytest.mark.parametrize("way", ["add", "replace", "remove", "regenerate"])
def test_each_change_takes_a_backup_code_instead_and_uses_it_up(alice: Person, way: str) -> None:
    alice.add("Old")
    code = alice.phone.codes[0].reveal()
    match way:
        case "add":
            alice.finish(alice.begin("Tablet", code))
        case "replace":
            alice.finish(alice.begin("New", code, alice.id_of("Old")))
        case "remove":
            alice.remove("Old", code)
        case _:
            alice.session, _ = self_service.regenerate_backup_codes(
                alice.world.ports, alice.session, code
            )
    with pytest.raises(SignInFailed):
        alice.begin("Another", code)


def test_a_wrong_code_adds_nothing_and_is_throttled(alice: Person) -> None:
    wrong = alice.phone.wrong_code(alice.world.clock())
    for _ in range(5):
        with pytest.raises(SignInFailed):
            alice.begin("Tablet", wrong)
    with pytest.raises(Throttled):
        alice.begin("Tablet", alice.next_code())
    assert alice.names() == ["Phone"]


def test_a_name_is_checked_before_the_code_is_used_up(alice: Person) -> None:
    code = alice.next_code()
    for name in ("", "  ", "123 456", "phone", "P\uff28ONE", "x" * 33, "a\x1b[2J", "a\u202eb"):
        with pytest.raises(InvalidInput) as refused:
            alice.begin(name, code)
        assert refused.value.field == "device_name"
    alice.begin("Tablet", code)


def test_there_are_at_most_five_devices(alice: Person) -> None:
    for number in range(2, MOST_DEVICES + 1):
        alice.add(f"Phone {number}")
    overview = self_service.overview(alice.world.ports, alice.session)
    assert overview.add_device_refusal.startswith("You have 5 devices, which is the limit.")
    with pytest.raises(Refused, match="limit"):
        alice.add("Sixth")
    alice.finish(alice.begin("New", alice.next_code(), alice.id_of("Phone 3")))
    assert alice.names() == ["Phone", "Phone 2", "Phone 4", "Phone 5", "New"]


def test_two_sessions_cannot_add_a_sixth_device(alice: Person) -> None:
    for number in range(2, MOST_DEVICES):
        alice.add(f"Phone {number}")
    first, second = (alice.begin(name, alice.next_code()) for name in ("Fifth", "Sixth"))
    stale = alice.session
    alice.finish(first)
    alice.session = stale
    with pytest.raises(SessionEnded):
        alice.finish(second)
    assert len(alice.registered()) == MOST_DEVICES


def test_nothing_can_be_added_without_mfa_or_a_fresh_password(world: World) -> None:
    world.add()
    session = world.session()
    with pytest.raises(Refused, match=enrolment.NOT_ENABLED):
        own_devices.begin(world.ports, session, "Tablet", "123456")
    device = world.equip()
    world.clock.forward(30)
    session = world.session(device=device)
    world.clock.forward(PROOF_LIFETIME + 30)
    with pytest.raises(ProofNeeded):
        own_devices.begin(world.ports, session, "Tablet", device.code(world.clock()))
    world.settings(mfa=Mfa.OFF)
    overview = self_service.overview(world.ports, session)
    assert overview.add_device_refusal.startswith("Your organization has not enabled")


def test_an_offered_key_expires(alice: Person) -> None:
    offer = alice.begin("Tablet", alice.next_code())
    alice.world.clock.forward(PROOF_LIFETIME + 1)
    with pytest.raises(Refused, match="expired"):
        alice.finish(offer)


def test_an_offered_key_ends_with_the_next_change_of_devices(alice: Person) -> None:
    offer = alice.begin("Tablet", alice.next_code())
    alice.add("Laptop")
    with pytest.raises(Refused, match="changed in the meantime"):
        alice.finish(offer)
    assert alice.names() == ["Phone", "Laptop"]


def test_a_name_that_another_device_got_meanwhile_is_refused(alice: Person) -> None:
    offer = alice.begin("Tablet", alice.next_code())
    own_devices.rename(alice.world.ports, alice.session, alice.id_of("Phone"), "tablet")
    with pytest.raises(InvalidInput, match="already have a device"):
        alice.finish(offer)
    assert alice.names() == ["tablet"]


def test_no_device_is_added_once_the_organization_has_disabled_mfa(alice: Person) -> None:
    offer = alice.begin("Tablet", alice.next_code())
    alice.world.settings(mfa=Mfa.OFF)
    with pytest.raises(Refused, match="has not enabled"):
        alice.finish(offer)


def test_nothing_is_kept_of_devices_that_were_replaced_long_ago(alice: Person) -> None:
    """Otherwise the record of somebody who changes phones often would grow for ever."""
    phone = "Phone"
    for number in range(4):
        code = alice.next_code()
        alice.phone = alice.finish(alice.begin(f"New {number}", code, alice.id_of(phone)))
        phone = f"New {number}"
    assert len(alice.world.records.get("alice").devices) == 2


def test_the_same_key_is_offered_again_for_the_same_device_only(alice: Person) -> None:
    first = alice.begin("Tablet", alice.next_code())
    for name, replaces in (("Tablet", None), ("Other", None), ("Tablet", alice.id_of("Phone"))):
        ports, code = alice.world.ports, alice.next_code()
        _, again = own_devices.begin(ports, alice.session, name, code, replaces, first)
        assert (again == first) is ((name, replaces) == ("Tablet", None))


# Replacing


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


def test_a_backup_code_at_sign_in_replaces_the_phone_without_a_second_one(world: World) -> None:
    world.add(mfa_required=True)
    phone = world.equip()
    state = world.asked_for_code()
    signed_in = sign_in.with_backup_code(world.ports, state, phone.codes[0].reveal())
    assert isinstance(signed_in, sign_in.SignedIn)
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
    assert isinstance(signed_in, sign_in.SignedIn)
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
    assert isinstance(signed_in, sign_in.SignedIn)
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


def test_what_cannot_be_replaced_or_added_is_not_asked_about(alice: Person) -> None:
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


# Renaming and removing


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
        world.put(_with_devices(account, (phone, twin)))
        user_mfa.remove_device(world.ports, OPERATOR, "alice", twin.name)
        assert len(alice.registered()) == 1


def test_the_overview_says_when_each_device_was_used(alice: Person) -> None:
    world = alice.world
    alice.add()
    phone, tablet = self_service.overview(world.ports, alice.session).devices
    assert (phone.name, tablet.name) == ("Phone", "Tablet")
    assert phone.last_used_at == tablet.registered_at == tablet.last_used_at == world.clock()


# Codes by chance and clocks


def same_key_for_both(world: World) -> Device:
    """alice with two devices that show the same codes."""
    phone = world.equip()
    account = world.account()
    factor = account.second_factor
    assert factor is not None
    twin = world.registered("alice", phone, "Twin")
    world.put(_with_devices(account, (*factor.devices, twin)))
    return phone


def _with_devices(account: Account, devices: tuple[Registered, ...]) -> Account:
    assert account.second_factor is not None
    factor = type(account.second_factor)(devices, account.second_factor.backup_codes)
    return account.changed_ending_sessions(second_factor=factor)


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


def test_somebody_else_with_the_password_is_asked_for_a_device(alice: Person) -> None:
    alice.add()
    state = sign_in.with_password(alice.world.ports, "alice", Secret(PASSWORD), HERE)
    assert isinstance(state, sign_in.CodeNeeded)


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
