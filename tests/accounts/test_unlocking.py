"""Unlocking: who may clear which failed attempts, and what it says."""

import pytest

from cwtui.accounts import roles, sign_in, throttle, unlocking
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import NotPermitted, Refused, SignInFailed, Throttled
from cwtui.accounts.roles import Permission
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.unlocking import Unlocked
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import OPERATOR, World


def test_unlock_clears_failed_attempts(world: World) -> None:
    world.add("bob")
    for _ in range(6):
        with pytest.raises(SignInFailed):
            world.begin("bob", "wrong")
    with pytest.raises(Throttled):
        world.begin("bob")
    assert unlocking.unlock(world.ports, OPERATOR, "Bob") == Unlocked(True, 5)
    assert isinstance(world.begin("bob"), SignedIn)
    device = world.equip("bob")
    asked = world.asked_for_code("bob")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, asked, device.wrong_code(world.clock()))
    unlocking.unlock(world.ports, OPERATOR, "bob")
    sign_in.with_one_time_code(world.ports, asked, device.code(world.clock()))


def test_a_help_desk_cannot_clear_guessed_passwords(world: World) -> None:
    world.settings(custom_roles={"desk": (Permission.READ_USERS, Permission.RESET_MFA)})
    world.add("helen", roles=("desk",))
    world.add("bob")
    device, helen = world.equip("bob"), world.session("helen")
    asked = world.asked_for_code("bob")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            world.begin("bob", "a guess")
    with pytest.raises(NotPermitted, match=r"^There are failed attempts at the password of bob\."):
        unlocking.unlock(world.ports, helen, "bob")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, asked, device.wrong_code(world.clock()))
    assert unlocking.unlock(world.ports, helen, "bob") == Unlocked(True, 5, left=5)
    assert world.records.get("bob").code_attempts == {}
    with pytest.raises(Throttled):
        world.begin("bob", "a guess")
    assert unlocking.unlock(world.ports, OPERATOR, "bob") == Unlocked(True, 5)


def test_nobody_clears_their_own_failed_attempts(world: World) -> None:
    """Otherwise whoever sits at an open session could guess codes without end."""
    world.add_admin()
    ada = world.session("ada", world.equip("ada"))
    with pytest.raises(SignInFailed):
        world.begin("ada", "wrong")
    with pytest.raises(Refused, match="your own failed attempts"):
        unlocking.unlock(world.ports, ada, "ADA")
    assert throttle.wrong_tries(world.records.get("ada")) == 1


def test_rights_that_change_meanwhile_are_checked_again(world: World) -> None:
    world.settings(custom_roles={"desk": (Permission.READ_USERS, Permission.MANAGE_USERS)})
    world.add("helen", roles=("desk",))
    world.add("bob")
    helen = world.session("helen")
    with pytest.raises(SignInFailed):
        world.begin("bob", "wrong")
    world.accounts.before_change = lambda: world.put(
        world.account("bob").changed(roles=(roles.ADMIN,))
    )
    with pytest.raises(NotPermitted):
        unlocking.unlock(world.ports, helen, "bob")
    assert throttle.wrong_tries(world.records.get("bob")) == 1


def test_unlocking_says_whether_the_account_was_locked(world: World) -> None:
    world.add("bob")
    assert unlocking.unlock(world.ports, OPERATOR, "bob") == Unlocked(False, 0)
    assert world.event_types() == []
    with pytest.raises(SignInFailed):
        world.begin("bob", "wrong")
    assert unlocking.unlock(world.ports, OPERATOR, "bob") == Unlocked(False, 1)
    assert world.event_types()[-1] is EventType.USER_UNLOCK
    for _ in range(5):
        with pytest.raises(SignInFailed):
            world.begin("bob", "wrong")
    world.clock.forward(6 * 86400)
    before = world.records.get("bob")
    assert unlocking.unlock(world.ports, OPERATOR, "bob") == Unlocked(False, 0)
    assert world.records.get("bob") == before


def test_a_directory_user_without_an_account_may_hold_more_than_the_help_desk(
    world: World,
) -> None:
    """Otherwise a help desk could guess the password of a directory's admin without end."""
    world.directory = directory = MemoryDirectory()
    directory.add("boss", "directory-secret", roles=(roles.ADMIN,))
    world.settings(custom_roles={"desk": (Permission.READ_USERS, Permission.MANAGE_USERS)})
    world.add("helen", roles=("desk",))
    helen = world.session("helen")
    with pytest.raises(SignInFailed):
        world.begin("boss", "a guess")
    with pytest.raises(NotPermitted, match="boss has no account yet"):
        unlocking.unlock(world.ports, helen, "boss")
    assert unlocking.unlock(world.ports, OPERATOR, "boss") == Unlocked(False, 1)
