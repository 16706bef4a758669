"""What is known of an act before it is planned, and acts on one account as it is now."""

import pytest

from cwtui.accounts import roles
from cwtui.accounts.bulk.acts import AddRole, Change, RemoveRole
from cwtui.accounts.bulk.sentences import destroys
from cwtui.accounts.errors import TO_EVERYTHING, Refused
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR, World


def test_removing_the_last_day_ends_no_admin() -> None:
    assert not Change(Update(expires="never")).ends_admins(OPERATOR)
    assert Change(Update(expires="2031-01-31")).ends_admins(OPERATOR)


def test_disabling_with_a_reason_is_destructive_too() -> None:
    assert destroys(Change(Update(enabled=False, disabled_reason="x")))
    assert not destroys(Change(Update(enabled=True)))


def test_one_role_is_given_and_taken_as_others_change_roles(world: World) -> None:
    def set_roles(*held: str) -> None:
        world.put(world.account("ann").changed_ending_sessions(roles=held))

    set_roles(roles.ADMIN, roles.MINIMUM)
    world.accounts.before_change = lambda: set_roles(roles.MINIMUM)
    AddRole("help-desk").do_now(world.ports, OPERATOR, "ann", TO_EVERYTHING)
    assert world.account("ann").roles == ("help-desk", roles.MINIMUM)
    world.accounts.before_change = lambda: set_roles(roles.ADMIN, "help-desk")
    RemoveRole("help-desk").do_now(world.ports, OPERATOR, "ann", TO_EVERYTHING)
    assert world.account("ann").roles == (roles.ADMIN,)


def test_one_role_is_not_given_for_ever_anew(world: World) -> None:
    both = (roles.MINIMUM,), (roles.ADMIN,)

    def change_again() -> None:
        ann = world.account("ann")
        world.put(ann.changed(roles=both[ann.roles == both[0]]))
        world.accounts.before_change = change_again

    world.accounts.before_change = change_again
    with pytest.raises(Refused, match="Others are changing the roles too"):
        AddRole("help-desk").do_now(world.ports, OPERATOR, "ann", TO_EVERYTHING)
    assert world.account("ann").roles in both
