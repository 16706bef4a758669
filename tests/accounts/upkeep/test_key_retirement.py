"""Retiring keys locks nobody out, whatever happens meanwhile."""

import pytest
from msgspec.structs import replace

from cwtui.accounts.model import Account
from cwtui.accounts.sign_in_states import CodeNeeded
from cwtui.accounts.upkeep import key_rotation as keys
from tests.accounts.memory import MemoryKeyring
from tests.accounts.steps import with_only
from tests.accounts.upkeep.rotating import everybody_gets_in, ids, rotate, used_by_nothing
from tests.accounts.world import NOW, OPERATOR, World


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
    assert isinstance(world.begin("bob"), CodeNeeded)


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


def test_a_key_that_was_announced_and_never_made_is_forgotten(world: World) -> None:
    world.add("ada")
    with world.accounts.change() as change:
        change.put_needed_keys(change.needed_keys() | {"never"})
    assert keys.retire(world.ports, OPERATOR) == ()
    assert world.accounts.needed_keys() == {"k1"}
    assert world.events == []
