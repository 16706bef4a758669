"""Sign-ins after the key or the cost of password hashes has changed."""

import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.errors import CannotCheck, SignInEnded, SignInFailed
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.memory import MemoryKeyring
from tests.accounts.world import World

NEW = Secret("Another.9-Havel")


@pytest.mark.parametrize("what", ["key", "cost"])
def test_signing_in_rehashes_an_outdated_password(world: World, what: str) -> None:
    """DESIGN 4.1: after a rotation, the next sign-in hashes again and nobody is locked out."""
    world.add()
    before = world.account().password
    if what == "key":
        world.keyring.made["k2"] = 0.0
    else:
        world.bcrypt_cost = 5
    with pytest.raises(SignInFailed):
        world.begin(password="wrong")
    assert world.account().password == before
    assert isinstance(world.begin(), SignedIn)
    after = world.account().password
    assert after is not None
    assert after != before
    assert after.key == world.keyring.active
    assert after.bcrypt.split("$")[2] == f"{world.bcrypt_cost:02d}"
    assert isinstance(world.begin(), SignedIn)
    assert world.account().password == after
    assert world.account().session_epoch == 0


def test_a_second_factor_under_the_old_key_still_works(world: World) -> None:
    """DESIGN 4.1: each secret names its key."""
    world.add()
    device = world.equip()
    world.keyring.made["k2"] = 0.0
    world.session(device=device)
    state = sign_in.with_backup_code(world.ports, world.asked_for_code(), device.codes[0].reveal())
    assert isinstance(state, SignedIn)


def test_nobody_signs_in_without_the_needed_key(world: World) -> None:
    """DESIGN 4.10: what cannot be checked is refused."""
    world.add()
    world.keyring = MemoryKeyring("other")
    with pytest.raises(CannotCheck):
        world.begin()


def test_a_password_changed_during_rehashing_stays_changed(world: World) -> None:
    world.add()
    changed = world.add("bob", NEW.reveal()).password
    world.keyring.made["k2"] = 0.0
    world.accounts.before_change = lambda: world.put(
        world.account().changed_ending_sessions(password=changed)
    )
    with pytest.raises(SignInEnded):
        world.begin()
    assert world.account().password == changed
