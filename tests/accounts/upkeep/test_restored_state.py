"""What a restore brings back from the backup and what it keeps from the present."""

from msgspec.structs import replace

from cwtui.accounts import account_changes, devices, failed_sign_in_words, roles
from cwtui.accounts.model import (
    Account,
    Attempts,
    DeviceUse,
    Ending,
    FailedSignIns,
    KnewPassword,
    Origin,
    Removed,
    SignInRecord,
    WrongCode,
)
from cwtui.accounts.upkeep import restored_state as restoring
from tests.accounts.steps import at_step, only
from tests.accounts.world import World
from tests.store.samples import FULL

ZEROS = bytes


def with_codes(account: Account, *, left: int, salt: str | None = None) -> Account:
    factor = account.second_factor
    assert factor is not None
    codes = replace(factor.backup_codes, hashes=factor.backup_codes.hashes[:left])
    if salt is not None:
        codes = replace(codes, salt=salt)
    return account.changed(second_factor=replace(factor, backup_codes=codes))


def hashes_of(account: Account) -> tuple[str, ...]:
    assert account.second_factor is not None
    return account.second_factor.backup_codes.hashes


def equipped(world: World) -> Account:
    world.add()
    world.equip()
    return world.account()


def restored(world: World, then: Account, now: Account | None) -> Account:
    return restoring.account(then, now, world.keyring, ZEROS)


def test_devices_and_codes_stay_as_they_are_now(world: World) -> None:
    """No removed device and no used code comes back, and no newer device is lost."""
    then = equipped(world)
    factor = then.second_factor
    assert factor is not None
    world.equip_too("Tablet")
    both = world.account().second_factor
    assert both is not None
    only_tablet = replace(both, devices=both.devices[1:])
    for kept in (None, both, only_tablet, with_codes(then, left=3).second_factor):
        now = then.changed(second_factor=kept, display_name="Alice")
        assert restored(world, then, now) == then.changed(second_factor=kept, session_epoch=0)
    back = restored(world, then.changed(second_factor=None), then)
    assert back.second_factor == factor, "It was registered after the backup."


def test_ssh_keys_stay_as_they_are_now(world: World) -> None:
    """No removed key comes back, and none that was added since is lost."""
    first, second = FULL.ssh_keys
    then = world.add().changed(ssh_keys=(first,))
    for kept in ((), (second,), (first, second)):
        now = then.changed(ssh_keys=kept)
        back = restored(world, then, now)
        assert back == now.changed(session_epoch=0)
        assert restoring.difference({"alice": then}, {"alice": now}).changed == ()
    assert restored(world, then, None).ssh_keys == (first,)
    another = then.changed(created_at=then.created_at + 1, ssh_keys=(second,))
    assert restored(world, then, another).ssh_keys == (first,)


def test_removals_by_others_are_still_told(world: World) -> None:
    then = world.add()
    now = account_changes.with_removal(then, Removed.SSH_KEY, "bob", world.clock(), "laptop")
    assert restored(world, then, now).removals == now.removals
    assert restored(world, now, then).removals == ()
    assert restoring.difference({"alice": then}, {"alice": now}).changed == ()
    another = now.changed(created_at=now.created_at + 1)
    assert restored(world, then, another).removals == ()


def test_an_ssh_key_that_is_on_another_account_now_does_not_come_back(world: World) -> None:
    first, second = FULL.ssh_keys
    alice = world.add().changed(ssh_keys=(first, second))
    bob = world.add("bob")
    # alice was removed, and bob has one of the keys now.
    kept = restoring.kept_ssh_keys([(alice, None), (bob, bob.changed(ssh_keys=(first,)))])
    assert kept == {first.key}
    assert restoring.account(alice, None, world.keyring, ZEROS, kept).ssh_keys == (second,)
    # Of an account that was made anew, the key in the backup counts, not the one from now.
    anew = alice.changed(created_at=alice.created_at + 1)
    assert restoring.kept_ssh_keys([(alice, anew)]) == frozenset()


def test_an_account_of_the_same_name_is_another_one(world: World) -> None:
    """Its own device comes back, but nobody knows which of its codes were used."""
    then = equipped(world)
    world.clock.forward(1)
    world.add()
    back = restored(world, then, world.account())
    assert back == with_codes(then, left=0).changed(session_epoch=0)


def test_a_device_of_a_renamed_user_works_under_the_old_name(world: World) -> None:
    then = equipped(world)
    assert then.second_factor is not None
    key = devices.unsealed(world.keyring, "alice", only(then.second_factor))
    renamed = devices.sealed_anew(world.keyring, then.second_factor, "alice", "anna")
    back = restored(world, then, then.changed(username="anna", second_factor=renamed))
    assert devices.unsealed(world.keyring, "alice", only(back.second_factor)) == key
    unreadable = then.changed(username="anna", second_factor=then.second_factor)
    assert restored(world, then, unreadable).second_factor == then.second_factor


def test_an_account_missing_now_is_restored_completely(world: World) -> None:
    then = equipped(world)
    assert restored(world, then, None) == then.changed(session_epoch=0)


def test_restored_accounts_get_a_new_session_epoch(world: World) -> None:
    then = equipped(world)
    epochs = {
        restoring.account(then, then, world.keyring, world.random).session_epoch for _ in range(20)
    }
    assert len(epochs) == 20
    assert all(abs(epoch - then.session_epoch) > 1000 for epoch in epochs)


def test_a_used_step_stays_used_in_either_order() -> None:
    earlier = at_step(5, SignInRecord(known_sources=("10.0.0.1",), last_sign_in=1.0))
    later = at_step(9, SignInRecord(last_sign_in=2.0))
    assert restoring.record(earlier, later) == at_step(9, earlier)
    assert restoring.record(later, earlier) == later
    of_another = at_step(7, earlier, "0a1b2c3d")
    assert restoring.record(of_another, later) == at_step(9, of_another)


def test_a_step_counts_as_used_if_it_was_seen_before_or_after_the_backup() -> None:
    """A code that was entered too early was on the screen."""

    def seen(*steps: int) -> SignInRecord:
        return SignInRecord(last_sign_in=1.0, devices={"": DeviceUse(spent_steps=steps)})

    assert restoring.record(seen(41, 43), seen(40, 41)) == seen(40, 41, 43)


def test_waits_and_ended_waits_stay_as_they_are_now() -> None:
    stopped = SignInRecord(
        last_sign_in=1.0,
        password_attempts={"": Attempts(50, 9.0)},
        code_attempts={"10.0.0.1": Attempts(3, 8.0)},
        failed=FailedSignIns(53, 9.0, "10.0.0.1"),
        devices={"": DeviceUse(wrong_code=WrongCode(8.0, 40), spent_steps=(40, 41))},
    )
    free = SignInRecord(last_sign_in=1.0)
    assert restoring.record(free, stopped) == stopped
    spent = stopped.devices
    assert restoring.record(stopped, free) == free.changed(devices=spent)
    nothing_known = SignInRecord()
    assert restoring.record(stopped, nothing_known) == stopped


def test_an_old_password_may_be_the_current_one_after_a_restore() -> None:
    """So nobody is told that it was changed since."""
    knew = KnewPassword(5.0, "203.0.113.7", Ending.OLD_PASSWORD)
    now = SignInRecord(failed=FailedSignIns(1, None, "", knew, 1))
    restored = restoring.record(SignInRecord(), now).failed
    assert restored is not None
    assert failed_sign_in_words.sentence(restored).endswith("change your password now.")


def test_the_difference_lists_accounts_by_name(world: World) -> None:
    one, two, three = (world.add(name) for name in ("ann", "ben", "cid"))
    then = {"ann": one, "ben": two}
    now = {"ben": two.changed(display_name="Ben"), "cid": three}
    found = restoring.difference(then, now)
    assert (found.back, found.gone, found.changed) == (("ann",), ("cid",), ("ben",))
    kept = three.changed(second_factor=equipped(world).second_factor, session_epoch=9)
    assert restoring.difference({"cid": three}, {"cid": kept}).changed == ()
    assert restoring.difference({"cid": three}, {"cid": kept.changed(created_at=5.0)}).changed
    none = restoring.difference(now, now)
    assert (none.back, none.gone, none.changed) == ((), (), ())


def test_the_difference_shows_rights_given_back(world: World) -> None:
    plain = world.add("ann")
    equipped_one = equipped(world).changed(username="ann")
    admin = plain.changed(roles=(roles.ADMIN,))
    disabled = plain.changed(enabled=False)
    required = plain.changed(mfa_required=True)

    def taken(then: Account, now: Account) -> list[bool]:
        found = restoring.difference({"ann": then}, {"ann": now})
        return [bool(names) for names in (found.enabled, found.admins, found.less_mfa)]

    assert taken(plain, disabled) == [True, False, False]
    assert taken(admin, plain) == [False, True, False]
    assert taken(plain, equipped_one) == [False, False, False], "Its device is kept."
    assert taken(plain, equipped_one.changed(created_at=5.0)) == [False, False, True]
    assert taken(plain, required) == [False, False, True]
    for then, now in ((disabled, plain), (plain, admin), (equipped_one, plain), (required, plain)):
        assert taken(then, now) == [False, False, False]
    assert taken(equipped_one, equipped_one.changed(mfa_required=True)) == [False, False, True]


def ldap(username: str, **ids: str) -> Account:
    return Account(username=username, created_at=1.0, origin=Origin.LDAP, directory_ids=ids)


def test_a_user_renamed_since_is_found_by_id() -> None:
    """Otherwise codes used under the new name could be used again."""
    then = {one.username: one for one in (ldap("ann", a="1"), ldap("bob", a="2"), ldap("cid"))}

    def now(*accounts: Account) -> dict[str, str]:
        return restoring.other_names(then, {one.username: one for one in accounts})

    assert now() == now(*then.values()) == {}
    assert now(ldap("ann", a="1", b="9"), ldap("bob", b="3"), ldap("cid", a="4")) == {}
    assert now(ldap("anna", a="1"), ldap("dan", a="5")) == {"ann": "anna"}
    assert now(ldap("ann", a="2"), ldap("bob", a="1")) == {"ann": "bob", "bob": "ann"}
    assert now(ldap("ann", a="7")) == {"ann": ""}
