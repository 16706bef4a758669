"""One enabled local admin stays, who can sign in now and later."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cwtui.accounts import (
    administration,
    admins,
    roles,
    sign_in_new_password,
)
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    Refused,
)
from cwtui.accounts.model import Origin
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor
from cwtui.accounts.sign_in_states import NewPasswordNeeded
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR, World

NEW = Secret("Another.9-Havel")

LAST: dict[str, Callable[[World, Actor], object]] = {
    "demote": lambda world, actor: administration.update_user(
        world.ports, actor, "ada", Update(roles=(roles.MINIMUM,))
    ),
    "disable": lambda world, actor: administration.update_user(
        world.ports, actor, "ada", Update(enabled=False)
    ),
    "remove": lambda world, actor: administration.remove_user(world.ports, actor, "ada"),
    "expire": lambda world, actor: administration.update_user(
        world.ports, actor, "ada", Update(expires="2027-12-31")
    ),
}


@pytest.mark.parametrize("way", LAST)
@pytest.mark.parametrize("by", ["operator", "ada herself"])
def test_the_last_enabled_local_admin_cannot_be_removed(world: World, way: str, by: str) -> None:
    world.add_admin("ada")
    world.add_admin("disabled", enabled=False)
    world.add_admin("ldap", origin=Origin.LDAP)
    world.add("bob")
    before = world.account("ada")
    actor = OPERATOR if by == "operator" else world.session("ada")
    with pytest.raises(Refused, match="ada is the last enabled admin"):
        LAST[way](world, actor)
    assert world.account("ada") == before


@pytest.mark.parametrize("way", LAST)
def test_with_a_second_admin_the_first_can_be_removed(world: World, way: str) -> None:
    world.add_admin("ada")
    world.add_admin("eve")
    LAST[way](world, OPERATOR)
    with world.accounts.change() as change:
        assert admins.needed(change, world.keyring, world.clock()) == {"eve"}


@pytest.mark.parametrize("way", LAST)
def test_two_admins_cannot_be_removed_at_once(world: World, way: str) -> None:
    world.add_admin("ada")
    world.add_admin("eve")
    world.accounts.before_change = lambda: administration.update_user(
        world.ports, OPERATOR, "eve", Update(enabled=False)
    )
    with pytest.raises(Refused, match="last enabled admin"):
        LAST[way](world, OPERATOR)
    assert world.accounts.enabled_local_admins() == {"ada"}


@pytest.mark.parametrize("way", LAST)
def test_an_admin_who_expires_cannot_replace_the_last_who_does_not(world: World, way: str) -> None:
    world.add_admin("ada")
    world.add_admin("eve", expires_at=world.clock() + 86400)
    before = world.account("ada")
    with pytest.raises(
        Refused, match="ada is the last enabled admin whose account does not expire"
    ):
        LAST[way](world, OPERATOR)
    assert world.account("ada") == before
    administration.update_user(world.ports, OPERATOR, "eve", Update(enabled=False))
    administration.update_user(world.ports, OPERATOR, "eve", Update(enabled=True, expires="never"))
    LAST[way](world, OPERATOR)


@pytest.mark.parametrize("invited", [False, True])
@pytest.mark.parametrize("way", LAST)
def test_an_admin_with_an_initial_password_cannot_replace_one_with_their_own(
    world: World, way: str, invited: bool
) -> None:
    world.add_admin("ada")
    made = administration.create_user(
        world.ports,
        OPERATOR,
        NewAccount("eve", roles=(roles.ADMIN,), invited=invited),
        agreed=TO_EVERYTHING,
    )
    with pytest.raises(Refused, match="ada is the last enabled admin who has chosen a password"):
        LAST[way](world, OPERATOR)
    state = world.begin("eve", made.password.reveal())
    assert isinstance(state, NewPasswordNeeded)
    sign_in_new_password.choose(world.ports, state, NEW, NEW)
    LAST[way](world, OPERATOR)


def test_an_admin_who_expires_can_be_changed_and_given_more_time(world: World) -> None:
    last_day = datetime.fromtimestamp(world.clock(), UTC) + timedelta(days=3)
    world.add_admin("ada", expires_at=last_day.timestamp())
    administration.update_user(world.ports, OPERATOR, "ada", Update(display_name="Ada"))
    administration.update_user(world.ports, OPERATOR, "ada", Update(expires="2027-12-31"))
    with pytest.raises(Refused, match="ada is the last enabled admin"):
        administration.update_user(world.ports, OPERATOR, "ada", Update(expires="2027-12-30"))
    administration.update_user(world.ports, OPERATOR, "ada", Update(expires="never"))


def test_other_changes_to_the_last_admin_are_allowed(world: World) -> None:
    world.add_admin("ada")
    administration.update_user(
        world.ports, OPERATOR, "ada", Update(display_name="Ada", mfa_required=True)
    )
    administration.reset_password(world.ports, OPERATOR, "ada")
    assert world.account("ada").display_name == "Ada"


@pytest.mark.parametrize("way", LAST)
def test_the_admin_who_stays_is_not_got_rid_of_in_two_steps(world: World, way: str) -> None:
    """A temporary admin resets the password first, so that nobody has chosen one any more."""
    world.add_admin("ada")
    world.add_admin("tmp", expires_at=world.clock() + 3 * 86400)
    tmp = world.session("tmp")
    with pytest.raises(Refused, match="ada is the last enabled admin"):
        administration.reset_password(world.ports, tmp, "ada")
    assert world.account("ada").initial_password_expires_at is None
    # The operator may, who can also let anybody in again.
    administration.reset_password(world.ports, OPERATOR, "ada")
    with pytest.raises(Refused, match="ada is the last enabled admin"):
        LAST[way](world, tmp)


def test_another_admin_resets_the_password_of_an_admin(world: World) -> None:
    world.add_admin("ada")
    world.add_admin("eve")
    administration.reset_password(world.ports, world.session("eve"), "ada")
    assert world.account("ada").must_change_password
