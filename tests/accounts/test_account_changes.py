"""What the owner is told at the next sign-in: new SSH keys, and a device that was removed."""

from cwtui.accounts import (
    own_devices,
    own_ssh_keys,
    self_service,
    sign_in,
    sign_in_enrolment,
    user_mfa,
    user_ssh_keys,
)
from cwtui.accounts.account_changes import Changes
from tests.accounts.ssh_lines import ECDSA_256, ED25519, ED25519_2
from tests.accounts.world import OPERATOR, Device, World


def told(world: World, device: Device | None = None) -> list[str]:
    """Sign in a minute later, and return what the person is told."""
    world.clock.forward(60)
    state = world.begin()
    if isinstance(state, sign_in.CodeNeeded):
        assert device is not None
        state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, sign_in.SignedIn)
    return [*state.changes.sentences()]


def test_new_ssh_keys_are_told_once_whoever_added_them(world: World) -> None:
    world.add()
    assert told(world) == []
    session = world.session()
    world.clock.forward(1)
    session = own_ssh_keys.add(world.ports, session, ED25519, "laptop").session
    (sentence,) = told(world)
    assert sentence == (
        "Since your last sign-in, 1 SSH key was added: laptop (2027-01-15 08:01 UTC). If that was "
        "not you, remove it in Settings and tell an admin."
    )
    assert told(world) == []
    for number, line in enumerate((ED25519_2, ECDSA_256)):
        world.clock.forward(1)
        user_ssh_keys.add(world.ports, OPERATOR, "alice", line, f"key {number}")
    (sentence,) = told(world)
    assert "2 SSH keys were added: key 0 (2027-" in sentence
    assert "remove them in Settings" in sentence


def test_before_the_first_sign_in_every_key_is_new(world: World) -> None:
    world.add()
    user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519, "laptop")
    (sentence,) = told(world)
    assert sentence.startswith("Before your first sign-in, 1 SSH key was added: laptop (")


def test_mfa_that_others_disabled_is_told_once(world: World) -> None:
    world.add()
    device = world.equip()
    assert told(world, device) == []
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
    (sentence,) = told(world)
    assert sentence == (
        "Since your last sign-in, your multi-factor authentication was disabled. If that was not "
        "you, tell an admin."
    )
    assert told(world) == []


def test_who_must_enrol_anew_is_told_that_the_device_was_removed(world: World) -> None:
    world.add(mfa_required=True)
    device = world.equip()
    assert told(world, device) == []
    user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
    state = world.begin()
    assert isinstance(state, sign_in.EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    shown = sign_in_enrolment.register_device(world.ports, state, code)
    assert isinstance(shown, sign_in.BackupCodesShown)
    signed_in = sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)
    assert isinstance(signed_in, sign_in.SignedIn)
    assert signed_in.changes.device_gone
    assert not signed_in.changes.mfa_off


def test_a_device_that_others_removed_is_told_to_whoever_used_it(world: World) -> None:
    world.add()
    phone = world.equip()
    tablet = world.equip_too("Tablet")
    assert told(world, tablet) == []
    user_mfa.remove_device(world.ports, OPERATOR, "alice", "Tablet")
    (sentence,) = told(world, phone)
    assert sentence == (
        "Since your last sign-in, the device that you used then was removed. If that was not you, "
        "tell an admin."
    )
    assert told(world, phone) == []


def test_who_removes_a_device_with_its_own_code_is_not_told(world: World) -> None:
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


def test_nothing_is_told_without_a_change() -> None:
    assert [*Changes().sentences()] == []
