"""Whatever is done with many accounts: an admin stays, and nobody gives what they do not have."""

import contextlib
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cwtui.accounts import admins, roles
from cwtui.accounts.bulk import batches, plans
from cwtui.accounts.bulk.acts import (
    Act,
    AddRole,
    Change,
    DisableMfa,
    Remove,
    RemoveRole,
    ResetPassword,
    Unlock,
)
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.listing import View
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.roles import ADMIN, MINIMUM, Permission
from cwtui.accounts.session import Actor, open_session
from cwtui.accounts.updates import Update
from tests.accounts.world import HERE, OPERATOR, World
from tests.soak import times

CUSTOM: Final = {
    "help-desk": (Permission.READ_USERS, Permission.MANAGE_USERS, Permission.RESET_MFA),
    "role-keeper": (Permission.READ_USERS, Permission.MANAGE_USERS, Permission.MANAGE_ROLES),
}
NAMES: Final = ("ada", "bob", "dan", "eve", "leo", "min")
ROLES: Final = st.sampled_from((ADMIN, MINIMUM, *CUSTOM))
ACTS: Final[st.SearchStrategy[Act]] = st.one_of(
    st.builds(
        Update,
        mfa_required=st.none() | st.booleans(),
        enabled=st.none() | st.booleans(),
        roles=st.none() | st.lists(ROLES, min_size=1, max_size=2).map(tuple),
    ).map(Change),
    st.builds(AddRole, ROLES),
    st.builds(RemoveRole, ROLES),
    st.sampled_from(
        [DisableMfa(), Unlock(), ResetPassword(), ResetPassword(invited=True), Remove()]
    ),
)
CHOSEN: Final = st.frozensets(st.sampled_from(NAMES))
SELECTIONS: Final = st.builds(Selection, CHOSEN) | st.builds(
    Selection,
    CHOSEN,
    st.sampled_from([View(), View("role:admin"), View("status:enabled"), View("!mfa:none")]),
)
STEPS: Final = st.lists(
    st.tuples(st.sampled_from((*NAMES, "")), ACTS, SELECTIONS), min_size=1, max_size=8
)


def populated() -> World:
    world = World()
    world.settings(custom_roles=CUSTOM)
    world.add_admin("ada")
    world.add_admin("bob")
    world.equip("bob")
    world.add("dan", roles=("help-desk",))
    world.add("eve", roles=("role-keeper", MINIMUM))
    world.add("leo", roles=(ADMIN,), origin=Origin.LDAP)
    world.add("min")
    world.clock.forward(1)
    return world


def actor_named(world: World, name: str) -> Actor | None:
    """This account as if it had just signed in, or the operator."""
    if not name:
        return OPERATOR
    account = world.accounts.get(name)
    if account is None or not account.enabled:
        return None
    now = world.clock()
    return open_session(world.ports, account, HERE, now, now)


def permitted(account: Account | None) -> frozenset[Permission]:
    return roles.permissions(account.roles, CUSTOM) if account is not None else frozenset()


def carry_out(world: World, actor: Actor, act: Act, selection: Selection, stop_after: int) -> None:
    report = batches.begin(world.ports, actor, plans.plan(world.ports, actor, act, selection))
    batches.carry_out(world.ports, actor, report, lambda *_: None, lambda: report.done < stop_after)


@given(steps=STEPS, stop_after=st.integers(1, 6))
@settings(deadline=None, max_examples=times(60, in_a_soak=600))
def test_an_admin_stays_and_nobody_gives_or_touches_more_than_they_have(
    steps: list[tuple[str, Act, Selection]], stop_after: int
) -> None:
    world = populated()
    for name, act, selection in steps:
        actor = actor_named(world, name)
        if actor is None:
            continue
        held = roles.ALL if actor is OPERATOR else permitted(world.accounts.get(name))
        before = {one: world.accounts.get(one) for one in NAMES}
        with contextlib.suppress(AccountsError):
            carry_out(world, actor, act, selection, stop_after)
        with world.accounts.change() as change:
            assert admins.who_can_sign_in(change, world.keyring, world.clock())
        for one, was in before.items():
            now = world.accounts.get(one)
            assert permitted(now) - permitted(was) <= held
            if now != was:
                assert permitted(was) <= held
                assert selection.has(one) or selection.view is not None
            if one == name and now != was:
                assert now is not None
                assert (now.enabled, now.roles) == (True, was.roles if was else ())
