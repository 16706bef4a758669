"""Rotating keys locks nobody out, whatever happens meanwhile."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import self_service, sign_in
from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.devices import sealed
from cwtui.accounts.errors import SignInEnded
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.accounts.upkeep.key_rotation import Rotation
from cwtui.accounts.upkeep.protection import Key
from tests.accounts.memory import MemoryKeyring
from tests.accounts.steps import only, with_only
from tests.accounts.upkeep.rotating import everybody_gets_in, ids, people, rotate, sealed_under
from tests.accounts.world import NOW, OPERATOR, PASSWORD, World


def test_rotation_re_encrypts_secrets_at_once(world: World) -> None:
    """DESIGN 4.1."""
    devices = people(world)
    done = rotate(world)
    assert done == Rotation("k2", made=True, renewed=3, left=(), retired=())
    assert sealed_under(world) == {"k2"}
    assert world.keyring.all_keys() == (Key("k1", 0.0), Key("k2", NOW))
    everybody_gets_in(world, devices)


def test_a_device_under_a_lost_key_does_not_stop_a_rotation(world: World) -> None:
    """The person's other device is under a key that is still there."""
    people(world)
    world.keyring.made["lost"] = NOW
    world.equip_too("Tablet", "ada")
    del world.keyring.made["lost"]
    with world.accounts.change() as change:
        change.put_needed_keys(frozenset({"k1"}))
    done = rotate(world)
    assert (done.renewed, done.left) == (2, ("ada",))


def test_passwords_are_rehashed_at_the_next_sign_in(world: World) -> None:
    """DESIGN 4.1."""
    devices = people(world)
    rotate(world)
    assert {row.password_key for row in world.accounts.protected()} == {"k1"}
    everybody_gets_in(world, devices)
    assert {row.password_key for row in world.accounts.protected()} == {"k2"}


def test_backup_codes_work_until_replaced(world: World) -> None:
    devices = people(world)
    rotate(world)
    asked = world.asked_for_code("ada")
    sign_in.with_backup_code(world.ports, asked, devices["ada"].codes[0].reveal())
    assert {row.codes_key for row in world.accounts.protected()} == {"k1", None}
    session = world.session("ada", devices["ada"])
    world.clock.forward(60)
    self_service.regenerate_backup_codes(world.ports, session, devices["ada"].code(world.clock()))
    assert [row.codes_key for row in world.accounts.protected()] == ["k2", "k1", "k1", None]


def test_rotation_ends_no_session(world: World) -> None:
    devices = people(world)
    session = world.session("ada", devices["ada"])
    rotate(world)
    self_service.overview(world.ports, session)


def test_a_sign_in_in_progress_survives_a_rotation(world: World) -> None:
    devices = people(world)
    asked = world.asked_for_code("ada")
    rotate(world)
    code = devices["ada"].code(world.clock())
    assert isinstance(sign_in.with_one_time_code(world.ports, asked, code), SignedIn)


@pytest.mark.usefixtures("small_batches")
def test_progress_is_reported_per_batch(world: World) -> None:
    people(world)
    told: list[tuple[int, int]] = []
    keys.rotate(world.ports, OPERATOR, lambda *at: told.append(at))
    assert told == [(2, 3), (3, 3)]


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_rotation_is_resumed(world: World) -> None:
    devices = people(world)

    def ctrl_c(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(world.ports, OPERATOR, ctrl_c)
    assert sealed_under(world) == {"k1", "k2"}
    assert keys.is_under_way(keys.status(world.ports))
    everybody_gets_in(world, devices)
    assert rotate(world) == Rotation("k2", made=False, renewed=1, left=(), retired=())
    assert ids(world) == ["k1", "k2"]
    assert not keys.is_under_way(keys.status(world.ports))
    assert rotate(world).key == "k3"


@pytest.mark.usefixtures("small_batches")
def test_secrets_written_under_the_old_key_meanwhile_are_renewed(world: World) -> None:
    devices = people(world)
    world.keyring.made = {"k1": 0.0}
    enrolled = world.account("dave").changed(second_factor=world.account("ada").second_factor)
    factor = enrolled.second_factor
    assert factor is not None
    old = sealed(world.keyring, "dave", only(factor).id, Secret("JBSWY3DPEHPK3PXP"))
    enrolled = enrolled.changed(second_factor=with_only(factor, old))

    def another_process(done: int, _total: int) -> None:
        if done == 3:
            world.accounts.before_change = lambda: world.put(enrolled)
            with world.accounts.change():
                pass

    assert keys.rotate(world.ports, OPERATOR, another_process).renewed == 4
    assert sealed_under(world) == {"k2"}
    world.session("ada", devices["ada"])


@pytest.mark.parametrize("gone", ["removed", "disabled its MFA"])
def test_accounts_changed_during_a_rotation_stay_changed(world: World, gone: str) -> None:
    people(world)

    def go() -> None:
        with world.accounts.change() as change:
            if gone == "removed":
                change.remove("bob")
            else:
                change.put(world.account("bob").changed(second_factor=None))

    world.accounts.before_change = go
    done = rotate(world)
    assert (done.renewed, done.left) == (2, ())
    assert sealed_under(world) == {"k2"}
    bob = world.accounts.get("bob")
    assert bob is None or bob.second_factor is None


def test_all_devices_of_an_account_are_renewed(world: World) -> None:
    devices = people(world)
    tablet = world.equip_too("Tablet", "ada")
    assert keys.status(world.ports)[0].totp_secrets == len(devices) + 1
    rotate(world)
    assert sealed_under(world) == {"k2"}
    world.clock.forward(60)
    world.session("ada", tablet)
    everybody_gets_in(world, devices)


def spoil(world: World, name: str) -> None:
    factor = world.account(name).second_factor
    assert factor is not None
    changed = replace(only(factor).totp_secret, ciphertext=b"x" * 48)
    world.put(world.account(name).changed(second_factor=with_only(factor, changed)))


def test_a_damaged_secret_is_named_and_skipped(world: World) -> None:
    devices = people(world)
    spoil(world, "bob")
    assert rotate(world) == Rotation("k2", made=True, renewed=2, left=("bob",), retired=())
    # It must not look like an unfinished rotation.
    assert rotate(world) == Rotation("k3", made=True, renewed=2, left=("bob",), retired=())
    del devices["bob"]
    everybody_gets_in(world, devices)


def test_secrets_under_a_lost_key_do_not_stop_a_rotation(world: World) -> None:
    people(world)
    world.keyring = MemoryKeyring("other")
    world.add("eve")
    device = world.equip("eve")
    assert rotate(world).renewed == 1
    world.session("eve", device)


def test_a_hash_names_its_key_if_the_active_key_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its owner would be locked out."""
    pepper = world.keyring.pepper

    def rotated_meanwhile(key: str) -> bytes:
        found = pepper(key)
        world.keyring.made[f"k{len(world.keyring.made) + 1}"] = NOW
        return found

    monkeypatch.setattr(world.keyring, "pepper", rotated_meanwhile)
    hashed = passwords.hash_password(Secret(PASSWORD), world.keyring, 4)
    codes = backup_codes.new_codes(world.random)
    kept = backup_codes.hash_codes(codes, world.keyring, 4)
    assert len(world.keyring.made) == 3
    assert (hashed.key, kept.key) == ("k1", "k2")
    assert passwords.is_password(Secret(PASSWORD), hashed, world.keyring, 4)
    code = backup_codes.typed_code(codes[0].reveal())
    assert backup_codes.matching_hash(code, kept, world.keyring)


def test_rehashing_does_not_undo_a_concurrent_change(world: World) -> None:
    people(world)
    rotate(world)
    world.accounts.before_change = lambda: world.put(
        world.account("ada").changed_ending_sessions(enabled=False)
    )
    with pytest.raises(SignInEnded):
        world.begin("ada")


# Keys that the store does not know


def test_a_new_key_is_known_to_the_store_before_anything_is_under_it(world: World) -> None:
    world.add("ada")
    assert rotate(world).key == "k2"
    assert world.accounts.needed_keys() == {"k1", "k2"}


def test_an_active_key_that_the_store_does_not_know_is_taken_into_use(world: World) -> None:
    """A further key would be unknown to a newer copy of the store with the same keyring."""
    devices = people(world)
    assert keys.unknown_active(world.ports) is None
    world.keyring.made["foreign"] = NOW
    assert keys.unknown_active(world.ports) == "foreign"
    done = rotate(world)
    assert (done.key, done.made) == ("foreign", False)
    assert keys.unknown_active(world.ports) is None
    assert sealed_under(world) == {"foreign"}
    assert ids(world) == ["k1", "foreign"]
    everybody_gets_in(world, devices)


def test_an_unknown_active_key_is_taken_into_use_where_nothing_is_to_be_renewed(
    world: World,
) -> None:
    world.add("ada")
    world.keyring.made["foreign"] = NOW
    done = rotate(world)
    assert (done.key, done.made) == ("foreign", False)
    assert world.accounts.needed_keys() == {"k1", "foreign"}
