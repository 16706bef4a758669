"""What the owner is told at the next sign-in: new SSH keys, what others removed, and by whom."""

from cwtui.accounts import (
    own_devices,
    own_ssh_keys,
    roles,
    self_service,
    sign_in,
    sign_in_enrolment,
    user_mfa,
    user_ssh_keys,
)
from cwtui.accounts.account_changes import Changes, with_removal
from cwtui.accounts.model import MOST_REMOVALS, Account, Removed
from cwtui.accounts.sign_in_states import BackupCodesShown, CodeNeeded, EnrolmentNeeded, SignedIn
from tests.accounts.ssh_lines import ECDSA_256, ED25519, ED25519_2
from tests.accounts.world import OPERATOR, Device, World


def told(world: World, device: Device | None = None) -> list[str]:
    """Sign in a minute later, and return what the person is told."""
    world.clock.forward(60)
    state = world.begin()
    if isinstance(state, CodeNeeded):
        assert device is not None
        state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, SignedIn)
    return [*state.changes.sentences()]


def test_new_ssh_keys_are_told_once_whoever_added_them(world: World) -> None:
    world.add()
    assert told(world) == []
    session = world.session()
    world.clock.forward(1)
    session = own_ssh_keys.add(world.ports, session, ED25519, "laptop").session
    (sentence,) = told(world)
    assert sentence == (
        "Since your last sign-in, 1 SSH key was added: laptop (2027-01-15 08:01 UTC, by you). If "
        "you did not expect that, remove it in Settings and tell an admin."
    )
    assert told(world) == []
    for number, line in enumerate((ED25519_2, ECDSA_256)):
        world.clock.forward(1)
        user_ssh_keys.add(world.ports, OPERATOR, "alice", line, f"key {number}")
    (sentence,) = told(world)
    assert "2 SSH keys were added: key 0 (2027-01-15 08:03 UTC, by the operator root), " in sentence
    assert "remove them in Settings" in sentence


def test_a_new_device_is_told_once_but_not_at_the_sign_in_that_registers_it(world: World) -> None:
    world.add(mfa_required=True)
    state = world.begin()
    assert isinstance(state, EnrolmentNeeded)
    phone = Device(state.enrolment.totp_secret, ())
    shown = sign_in_enrolment.register_device(world.ports, state, phone.code(world.clock()))
    assert isinstance(shown, BackupCodesShown)
    signed_in = sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)
    assert isinstance(signed_in, SignedIn)
    assert [*signed_in.changes.sentences()] == []
    assert told(world, phone) == []
    world.clock.forward(1)
    world.equip_too("Tablet")
    (sentence,) = told(world, phone)
    assert sentence == (
        "Since your last sign-in, 1 device was added: Tablet (2027-01-15 08:01 UTC). If you did "
        "not expect that, remove it in Settings and tell an admin."
    )
    assert told(world, phone) == []


def test_devices_that_came_with_the_account_are_not_told(world: World) -> None:
    world.add()
    assert told(world, world.equip()) == []


def test_before_the_first_sign_in_every_key_is_new(world: World) -> None:
    world.add()
    user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519, "laptop")
    (sentence,) = told(world)
    assert sentence.startswith("Before your first sign-in, 1 SSH key was added: laptop (")


def test_mfa_that_others_disabled_is_told_once(world: World) -> None:
    world.add()
    device = world.equip()
    assert told(world, device) == []
    world.clock.forward(1)
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
    (sentence,) = told(world)
    assert sentence == (
        "Since your last sign-in, your multi-factor authentication was disabled (2027-01-15 08:01 "
        "UTC, by the operator root). If you did not expect that, tell an admin."
    )
    assert told(world) == []


def test_a_user_who_must_enrol_anew_is_told_that_the_device_was_removed(world: World) -> None:
    world.add(mfa_required=True)
    device = world.equip()
    assert told(world, device) == []
    world.clock.forward(1)
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
    state = world.begin()
    assert isinstance(state, EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    shown = sign_in_enrolment.register_device(world.ports, state, code)
    assert isinstance(shown, BackupCodesShown)
    signed_in = sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)
    assert isinstance(signed_in, SignedIn)
    (sentence,) = signed_in.changes.sentences()
    assert "multi-factor authentication was disabled (20" in sentence


def test_a_device_that_others_removed_is_told_to_whoever_used_it(world: World) -> None:
    world.add()
    phone = world.equip()
    tablet = world.equip_too("Tablet")
    assert told(world, tablet) == []
    world.clock.forward(1)
    user_mfa.remove_device(world.ports, OPERATOR, "alice", "Tablet")
    (sentence,) = told(world, phone)
    assert sentence == (
        "Since your last sign-in, 1 device was removed: Tablet (2027-01-15 08:01 UTC, by the "
        "operator root). If you did not expect that, tell an admin."
    )
    assert told(world, phone) == []


def test_a_user_who_removes_a_device_with_its_own_code_is_not_told(world: World) -> None:
    world.add()
    phone = world.equip()
    tablet = world.equip_too("Tablet")
    session = world.session(device=tablet)
    world.clock.forward(30)
    (_, id_) = (device.id for device in self_service.overview(world.ports, session).devices)
    own_devices.remove(world.ports, session, id_, tablet.code(world.clock()))
    assert told(world, phone) == []
    world.clock.forward(60)
    session = world.session(device=phone)
    world.clock.forward(30)
    self_service.disable_mfa(world.ports, session, phone.code(world.clock()))
    assert told(world) == []
    assert told(world) == []


def test_a_device_removed_in_a_session_of_the_owner_is_told_without_a_name(world: World) -> None:
    world.add()
    phone = world.equip()
    tablet = world.equip_too("Tablet")
    session = world.session(device=phone)
    assert told(world, tablet) == []
    world.clock.forward(30)
    (_, id_) = (device.id for device in self_service.overview(world.ports, session).devices)
    own_devices.remove(world.ports, session, id_, phone.code(world.clock()))
    (sentence,) = told(world, phone)
    assert sentence == (
        "Since your last sign-in, the device that you used then was removed. If that was not you, "
        "tell an admin."
    )


def test_removals_by_an_admin_are_told_once_and_never_before_the_first_sign_in(
    world: World,
) -> None:
    world.add()
    world.add("bob", roles=(roles.ADMIN,))
    bob = world.session("bob")
    user_ssh_keys.add(world.ports, bob, "alice", ED25519, "laptop")
    user_ssh_keys.remove(world.ports, bob, "alice", "laptop")
    assert told(world) == []
    world.clock.forward(1)
    for name, line in (("laptop", ED25519), ("desk", ED25519_2)):
        user_ssh_keys.add(world.ports, OPERATOR, "alice", line, name)
    assert len(told(world)) == 1
    world.clock.forward(1)
    for name in ("laptop", "desk"):
        user_ssh_keys.remove(world.ports, bob, "alice", name)
    (sentence,) = told(world)
    assert "2 SSH keys were removed: laptop (2027-01-15 08:02 UTC, by bob), desk (" in sentence
    assert told(world) == []


def test_a_bounded_number_of_removals_is_kept() -> None:
    account = Account(username="alice", created_at=0.0)
    for number in range(MOST_REMOVALS + 2):
        account = with_removal(account, Removed.SSH_KEY, "bob", float(number), str(number))
    assert [removal.name for removal in account.removals] == [
        str(number) for number in range(2, MOST_REMOVALS + 2)
    ]


def test_nothing_is_told_without_a_change() -> None:
    assert [*Changes().sentences()] == []
