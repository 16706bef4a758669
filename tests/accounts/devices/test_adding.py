"""Adding a device."""

import pytest

from cwtui import language
from cwtui.accounts import enrolment, own_devices, self_service, sign_in
from cwtui.accounts.errors import (
    InvalidInput,
    ProofNeeded,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import MOST_DEVICES
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.language import Language
from tests.accounts.devices.alice import Person, gets_in
from tests.accounts.world import World
from tests.language import Marked, german, marked


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


def test_the_name_that_is_proposed_is_in_the_language_of_the_person(alice: Person) -> None:
    assert own_devices.plan(alice.world.ports, alice.session).name == "Phone 2"
    with german(Marked()):
        language.use(Language.GERMAN)
        assert own_devices.plan(alice.world.ports, alice.session).name == marked("Phone")


def test_the_first_code_of_a_new_device_is_used_up(alice: Person) -> None:
    tablet = alice.add()
    assert not gets_in(alice.world, tablet.code(alice.world.clock()))


def test_backup_codes_stay_when_a_device_is_added(alice: Person) -> None:
    alice.add()
    state = alice.world.asked_for_code()
    code = alice.phone.codes[0].reveal()
    found = sign_in.with_backup_code(alice.world.ports, state, code)
    assert isinstance(found, SignedIn)
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
