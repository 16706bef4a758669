"""Rotating and retiring keys locks nobody out, whatever happens meanwhile."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cwtui.accounts import self_service, sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, passwords
from cwtui.accounts.devices import sealed
from cwtui.accounts.errors import CannotCheck, SignInEnded
from cwtui.accounts.model import Account
from cwtui.accounts.secret import Secret
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.accounts.upkeep.key_rotation import KeyUse, Rotation
from cwtui.accounts.upkeep.protection import Key, keys_of
from tests.accounts.crashing import Crashing, Killed
from tests.accounts.memory import MemoryKeyring
from tests.accounts.steps import only, with_only
from tests.accounts.world import NOW, OPERATOR, PASSWORD, Device, World

NAMES = ("ada", "bob", "carol")
NEW = Secret("Another.9-Havel")


def silent(_done: int, _total: int) -> None:
    pass


def rotate(world: World) -> Rotation:
    return keys.rotate(world.ports, OPERATOR, silent)


def people(world: World) -> dict[str, Device]:
    """Three accounts with a second factor and one without."""
    for name in (*NAMES, "dave"):
        world.add(name)
    return {name: world.equip(name) for name in NAMES}


def everybody_gets_in(world: World, devices: dict[str, Device]) -> None:
    world.clock.forward(60)
    for name, device in devices.items():
        world.session(name, device)
    assert isinstance(world.begin("dave"), sign_in.SignedIn)


def sealed_under(world: World) -> set[str]:
    return {key for row in world.accounts.protected() for key in row.totp_keys}


def ids(world: World) -> list[str]:
    return [key.id for key in world.keyring.all_keys()]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BATCH", 2)


# Status


def test_status_counts_what_each_key_protects(world: World) -> None:
    people(world)
    world.keyring.made["k2"] = NOW
    world.equip("bob")
    world.put(world.account("dave").changed(password=world.add("eve").password))
    assert keys.status(world.ports) == (
        KeyUse("k1", 0.0, False, 2, 3, 2),
        KeyUse("k2", NOW, True, 1, 2, 1),
    )


def test_status_lists_keys_missing_from_the_keyring(world: World) -> None:
    people(world)
    world.keyring = MemoryKeyring("other")
    assert keys.status(world.ports) == (
        KeyUse("other", 0.0, True, 0, 0, 0),
        KeyUse("k1", None, False, 3, 4, 3),
    )
    assert not keys.is_under_way(keys.status(world.ports))
    # A given-up key may still be in use; a needed key may be used by nothing at present.
    with world.accounts.change() as change:
        change.put_needed_keys(frozenset({"of a backup"}))
    assert [(use.id, use.totp_secrets) for use in keys.status(world.ports)] == [
        ("other", 0),
        ("k1", 3),
        ("of a backup", 0),
    ]


def test_used_up_backup_codes_need_no_key(world: World) -> None:
    world.add()
    world.equip()
    factor = world.account().second_factor
    assert factor is not None
    used_up = replace(factor, backup_codes=replace(factor.backup_codes, key="old", hashes=()))
    assert keys_of(world.put(world.account().changed(second_factor=used_up))) == {"k1"}
    assert keys.status(world.ports)[0].backup_code_sets == 0


# Rotating


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
    assert isinstance(sign_in.with_one_time_code(world.ports, asked, code), sign_in.SignedIn)


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


def test_a_hash_names_its_key_if_the_active_key_changes(world: World) -> None:
    """Otherwise its owner would be locked out."""
    pepper = world.keyring.pepper

    def rotated_meanwhile(key: str) -> bytes:
        found = pepper(key)
        world.keyring.made[f"k{len(world.keyring.made) + 1}"] = NOW
        return found

    world.keyring.pepper = rotated_meanwhile  # type: ignore[method-assign]  # for this world alone
    hashed = passwords.hash_password(Secret(PASSWORD), world.keyring, 4)
    codes = backup_codes.new_codes(world.random)
    kept = backup_codes.hash_codes(codes, world.keyring, 4)
    assert len(world.keyring.made) == 3
    assert (hashed.key, kept.key) == ("k1", "k2")
    assert passwords.is_password(Secret(PASSWORD), hashed, world.keyring, 4)
    code = backup_codes.typed_code(codes[0].reveal())
    assert backup_codes.matching_hash(code, kept, world.keyring)


# Retiring


def used_by_nothing(world: World) -> dict[str, Device]:
    """A world that was rotated, and in which k1 no longer protects anything."""
    devices = people(world)
    rotate(world)
    everybody_gets_in(world, devices)
    for name in NAMES:
        devices[name] = world.equip(name)
    return devices


def test_a_key_that_protects_nothing_is_retired_after_an_hour(world: World) -> None:
    devices = used_by_nothing(world)
    assert keys.status(world.ports)[0].retirable_at == NOW + 3600
    world.clock.at = NOW + 3599
    assert keys.retire(world.ports, OPERATOR) == ()
    world.clock.at = NOW + 3600
    assert keys.retire(world.ports, OPERATOR) == ("k1",)
    assert ids(world) == ["k2"]
    assert world.accounts.needed_keys() == {"k2"}
    assert keys.retire(world.ports, OPERATOR) == ()
    everybody_gets_in(world, devices)


def changed(account: Account, what: str) -> Account:
    old = World().add("x")
    factor = account.second_factor
    assert old.password is not None
    assert factor is not None
    match what:
        case "password":
            return account.changed(password=old.password)
        case "TOTP secret":
            old_secret = MemoryKeyring("k1").seal(b"x", account.username.encode())
            return account.changed(second_factor=with_only(factor, old_secret))
        case _:
            codes = replace(factor.backup_codes, key="k1")
            return account.changed(second_factor=replace(factor, backup_codes=codes))


@pytest.mark.parametrize("what", ["password", "TOTP secret", "backup codes"])
def test_a_key_stays_while_anything_is_under_it(world: World, what: str) -> None:
    """DESIGN 4.1: nobody is locked out."""
    used_by_nothing(world)
    world.put(changed(world.account("bob"), what))
    world.clock.forward(7200)
    assert keys.retire(world.ports, OPERATOR) == ()
    assert ids(world) == ["k1", "k2"]


def test_a_key_used_again_at_the_last_moment_is_kept(world: World) -> None:
    used_by_nothing(world)
    world.clock.forward(7200)
    late = changed(world.account("bob"), "password")
    world.accounts.before_change = lambda: world.put(late)
    assert keys.retire(world.ports, OPERATOR) == ()
    assert isinstance(world.begin("bob"), sign_in.CodeNeeded)


def test_the_active_key_stays_even_if_unused(world: World) -> None:
    rotate(world)
    world.clock.forward(7200)
    assert keys.retire(world.ports, OPERATOR) == ("k1",)
    assert ids(world) == ["k2"]


def test_rotation_retires_unused_keys(world: World) -> None:
    devices = used_by_nothing(world)
    world.clock.forward(7200)
    assert rotate(world).retired == ("k1",)
    assert ids(world) == ["k2", "k3"]
    everybody_gets_in(world, devices)


def test_a_clock_set_back_retires_nothing_early(world: World) -> None:
    used_by_nothing(world)
    world.clock.forward(-864_000)
    assert keys.retire(world.ports, OPERATOR) == ()


def test_a_new_key_is_known_to_the_store_before_anything_is_under_it(world: World) -> None:
    world.add("ada")
    assert rotate(world).key == "k2"
    assert world.accounts.needed_keys() == {"k1", "k2"}


def test_a_key_that_was_announced_and_never_made_is_forgotten(world: World) -> None:
    world.add("ada")
    with world.accounts.change() as change:
        change.put_needed_keys(change.needed_keys() | {"never"})
    assert keys.retire(world.ports, OPERATOR) == ()
    assert world.accounts.needed_keys() == {"k1"}
    assert world.events == []


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


# Killed at each step and run again


ACTS: dict[str, Callable[[World, Crashing], object]] = {
    "rotate": lambda _, crashing: keys.rotate(crashing.ports, OPERATOR, silent),
    "retire": lambda _, crashing: keys.retire(crashing.ports, OPERATOR),
}


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("act", ACTS)
def test_after_a_kill_at_any_call_everyone_still_signs_in(act: str) -> None:
    """Killed at the n-th port call, for every n."""
    finished, calls = False, 0
    while not finished:
        calls += 1
        world = World()
        devices = people(world) if act == "rotate" else used_by_nothing(world)
        world.clock.forward(7200)
        try:
            ACTS[act](world, Crashing(world.ports, calls))
            finished = True
        except Killed:
            pass
        # A store must never ask for a key that is gone, or it could not be opened. It asks for
        # those that protect something; it may know one that was never made.
        protecting = {key for row in world.accounts.protected() for key in row.keys}
        assert world.accounts.needed_keys() & protecting <= {*ids(world)}
        assert world.keyring.active in world.accounts.needed_keys()
        everybody_gets_in(world, devices)
        if act == "rotate" and sealed_under(world) != {"k2"}:
            rotate(world)
        keys.retire(world.ports, OPERATOR)
        assert sealed_under(world) == {"k2"}
        assert ids(world) == (["k1", "k2"] if act == "rotate" else ["k2"])
        assert world.accounts.needed_keys() <= {*ids(world)}
        everybody_gets_in(world, devices)
    assert calls > 10


# The record


def test_rotation_and_retirement_are_recorded_with_their_keys(world: World) -> None:
    used_by_nothing(world)
    world.keyring.made = {"k0": 0.0} | world.keyring.made
    world.audit.events.clear()
    world.clock.forward(7200)
    keys.rotate(world.ports, OPERATOR, silent)
    assert [(event.event, event.actor, event.reason) for event in world.events] == [
        (EventType.KEY_ROTATE, "operator:root", "key=k3 before=k2"),
        (EventType.KEY_RETIRE, "operator:root", "keys=k0,k1"),
    ]


@pytest.mark.usefixtures("small_batches")
def test_resuming_a_rotation_is_recorded(world: World) -> None:
    people(world)
    crash = Crashing(world.ports, 18)
    with pytest.raises(Killed):
        keys.rotate(crash.ports, OPERATOR, silent)
    rotate(world)
    assert [event.reason for event in world.events] == ["key=k2 before=k1", "key=k2 continued"]


@pytest.mark.parametrize("act", ["rotate", "retire"])
def test_an_action_that_cannot_be_recorded_does_not_happen(world: World, act: str) -> None:
    """DESIGN 4.10."""
    used_by_nothing(world)
    world.clock.forward(7200)
    world.audit.fails = True
    accounts, made = world.accounts._committed, world.keyring.all_keys()
    with pytest.raises(CannotCheck):
        rotate(world) if act == "rotate" else keys.retire(world.ports, OPERATOR)
    assert world.accounts._committed == accounts
    assert world.keyring.all_keys() == made


def test_a_full_disk_stops_a_retirement_before_its_event(world: World) -> None:
    used_by_nothing(world)
    world.clock.forward(7200)
    world.audit.events.clear()

    def full_disk() -> None:
        raise CannotCheck("no space left")

    world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        keys.retire(world.ports, OPERATOR)
    assert world.events == []
    assert ids(world) == ["k1", "k2"]


def test_rehashing_does_not_undo_a_concurrent_change(world: World) -> None:
    people(world)
    rotate(world)
    world.accounts.before_change = lambda: world.put(
        world.account("ada").changed_ending_sessions(enabled=False)
    )
    with pytest.raises(SignInEnded):
        world.begin("ada")
