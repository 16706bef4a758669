"""What comes back with a backup, and what stays as it is now."""

from msgspec.structs import replace

from cwtui.accounts import restoring
from cwtui.accounts.model import Account, SignInRecord
from tests.accounts.world import World

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


def test_a_backup_code_that_was_used_since_stays_used(world: World) -> None:
    then = equipped(world)
    now = with_codes(then, left=3)
    assert hashes_of(restoring.account(then, now, ZEROS)) == hashes_of(then)[:3]
    none_left = with_codes(then, left=0)
    assert hashes_of(restoring.account(then, none_left, ZEROS)) == ()


def test_codes_of_another_set_say_nothing_of_these(world: World) -> None:
    then = equipped(world)
    now = with_codes(then, left=3, salt="$2b$04$" + "x" * 22)
    assert hashes_of(restoring.account(then, now, ZEROS)) == hashes_of(then)


def test_without_a_present_account_all_comes_back(world: World) -> None:
    then = equipped(world)
    now = then.changed(second_factor=None)
    for present in (None, now):
        back = restoring.account(then, present, ZEROS)
        assert back == then.changed(session_epoch=0)


def test_each_account_gets_a_new_epoch_that_no_open_session_comes_near(world: World) -> None:
    then = equipped(world)
    epochs = {restoring.account(then, then, world.random).session_epoch for _ in range(20)}
    assert len(epochs) == 20
    assert all(abs(epoch - then.session_epoch) > 1000 for epoch in epochs)


def test_a_used_step_stays_used_whichever_record_has_it() -> None:
    earlier = SignInRecord(last_totp_step=5, known_sources=("10.0.0.1",), last_sign_in=1.0)
    later = SignInRecord(last_totp_step=9, last_sign_in=2.0)
    assert restoring.record(earlier, later) == earlier.changed(last_totp_step=9)
    assert restoring.record(later, earlier) == later


def test_the_difference_is_by_name(world: World) -> None:
    one, two, three = (world.add(name) for name in ("ann", "ben", "cid"))
    then = {"ann": one, "ben": two}
    now = {"ben": two.changed(display_name="Ben"), "cid": three}
    assert restoring.difference(then, now) == restoring.Difference(("ann",), ("cid",), ("ben",))
    assert restoring.difference(now, now) == restoring.Difference((), (), ())
