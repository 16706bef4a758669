"""Whatever admins do, one by one or with many: an admin stays, and nobody gives what they lack."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwtui.accounts import (
    account_state,
    administration,
    admins,
    custom_roles,
    organization,
    roles,
    unlocking,
    unused,
    user_mfa,
)
from cwtui.accounts.account_state import PasswordState
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
from cwtui.accounts.errors import TO_EVERYTHING, AccountsError
from cwtui.accounts.expiry import last_day
from cwtui.accounts.listing import View
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import ADMIN, MINIMUM, Permission
from cwtui.accounts.session import Actor, open_session
from cwtui.accounts.updates import Update
from tests.accounts.world import HERE, NOW, OPERATOR, World
from tests.soak import times

CUSTOM: Final = {
    "help-desk": (Permission.READ_USERS, Permission.MANAGE_USERS, Permission.RESET_MFA),
    "role-keeper": (Permission.READ_USERS, Permission.MANAGE_USERS, Permission.MANAGE_ROLES),
}
NAMES: Final = ("ada", "bob", "dan", "eve", "kim", "leo", "min", "new")
ROLES: Final = (ADMIN, MINIMUM, *CUSTOM, "extra")
DAYS: Final = (1, 6, 8, 40, 100)
LAST_DAYS: Final = ("never", *(last_day(NOW + number * unused.DAY) for number in DAYS))
UPDATES: Final = (
    *(Update(enabled=enabled) for enabled in (True, False)),
    *(Update(mfa_required=required) for required in (True, False)),
    *(Update(roles=(role,)) for role in ROLES),
    *(Update(roles=pair) for pair in ((ADMIN, MINIMUM), ("help-desk", "role-keeper"))),
    *(Update(expires=day) for day in LAST_DAYS),
    Update(roles=(ADMIN,), enabled=True, expires="never"),
    Update(roles=(MINIMUM,), mfa_required=True, expires=LAST_DAYS[2]),
)
ACTS: Final[tuple[Act, ...]] = (
    *map(Change, UPDATES),
    *map(AddRole, ROLES),
    *map(RemoveRole, ROLES),
    *(DisableMfa(), Unlock(), ResetPassword(), ResetPassword(invited=True), Remove()),
)
CHOSEN: Final = (*(frozenset({name}) for name in NAMES), frozenset({"ada", "bob"}))
VIEWS: Final = (View(), View("role:admin"), View("status:enabled"), View("!mfa:none"))
SELECTIONS: Final = (
    *map(Selection, (*CHOSEN, frozenset(NAMES))),
    *(Selection(without, view) for without in (frozenset[str](), CHOSEN[0]) for view in VIEWS),
)


class Step(Protocol):
    """What an actor does."""

    def __call__(self, ports: Ports, actor: Actor) -> object: ...


@dataclass(frozen=True)
class Many:
    """An act on many accounts, stopped after some."""

    act: Act
    selection: Selection
    stop_after: int

    def __call__(self, ports: Ports, actor: Actor) -> None:
        report = batches.begin(ports, actor, plans.plan(ports, actor, self.act, self.selection))
        batches.carry_out(
            ports, actor, report, lambda *_: None, lambda: report.done < self.stop_after
        )


@dataclass(frozen=True)
class One:
    """An act on one account."""

    act: Callable[[Ports, Actor, str], object]
    whom: str

    def __call__(self, ports: Ports, actor: Actor) -> None:
        self.act(ports, actor, self.whom)


def updating(update: Update) -> Callable[[Ports, Actor, str], object]:
    return lambda ports, actor, whom: administration.update_user(
        ports, actor, whom, update, agreed=TO_EVERYTHING
    )


def creating(roles: tuple[str, ...], expires: str) -> Callable[[Ports, Actor, str], object]:
    return lambda ports, actor, whom: administration.create_user(
        ports, actor, NewAccount(whom, roles=roles, expires=expires), agreed=TO_EVERYTHING
    )


def invite(ports: Ports, actor: Actor, whom: str) -> object:
    return administration.reset_password(ports, actor, whom, invited=True)


@dataclass(frozen=True)
class OfRole:
    """An act on a role; without permissions it is removed."""

    role: str
    permissions: frozenset[Permission]

    def __call__(self, ports: Ports, actor: Actor) -> None:
        if not self.permissions:
            custom_roles.remove_role(ports, actor, self.role)
        elif self.role in ports.accounts.settings().custom_roles:
            custom_roles.update_role(ports, actor, self.role, self.permissions)
        else:
            custom_roles.create_role(ports, actor, self.role, self.permissions)


@dataclass(frozen=True)
class UnusedDays:
    """Disable unused accounts after so many days."""

    days: int

    def __call__(self, ports: Ports, actor: Actor) -> object:
        values = {"unused_days": str(self.days)}
        return organization.update_settings(ports, actor, values, TO_EVERYTHING)


RESETS: Final = (administration.reset_password, invite)
SINGLE: Final = (
    *map(updating, UPDATES),
    *(creating((role,), day) for role in ROLES for day in LAST_DAYS[::3]),
    *(RESETS * 4),
    *(administration.remove_user, user_mfa.disable_mfa, unlocking.unlock),
)
PERMISSIONS: Final = (
    *(frozenset(permissions) for permissions in CUSTOM.values()),
    *(frozenset(CUSTOM["role-keeper"][:number]) for number in (0, 1, 2)),
    frozenset(Permission),
)
STEPS: Final[st.SearchStrategy[Step]] = st.one_of(
    st.builds(One, st.sampled_from(SINGLE), st.sampled_from(("ada", "bob"))),
    st.builds(One, st.sampled_from(SINGLE), st.sampled_from(NAMES)),
    st.builds(Many, st.sampled_from(ACTS), st.sampled_from(SELECTIONS), st.sampled_from((1, 2, 6))),
    st.sampled_from(
        [
            *(OfRole(role, held) for role in (*CUSTOM, "extra") for held in PERMISSIONS),
            *(UnusedDays(days) for days in (0, 7, 30) for _ in range(3)),
        ]
    ),
)
ACTORS: Final = st.sampled_from(("", "", "ada", "ada", "bob", "bob", "eve", *NAMES))
PASSING: Final = st.sampled_from((0, 0, 0, *DAYS))
"""Days that pass before a step."""


def populated() -> World:
    world = World()
    world.settings(custom_roles=CUSTOM)
    world.add_admin("ada")
    world.add_admin("bob")
    world.equip("bob")
    world.add("dan", roles=("help-desk",))
    world.add("eve", roles=("role-keeper", MINIMUM))
    world.add("kim", roles=("help-desk", "role-keeper"))
    world.add("leo", roles=(ADMIN,), origin=Origin.LDAP)
    world.add("min")
    world.clock.forward(1)
    return world


def is_unused(world: World, account: Account) -> bool:
    return unused.has(world.ports, account, world.accounts.settings())


def signed_in(world: World, name: str) -> Actor | None:
    """This account as if it had just signed in, if it can, or the operator."""
    if not name:
        return OPERATOR
    account, now = world.accounts.get(name), world.clock()
    if account is None or account_state.closed(account, now) or is_unused(world, account):
        return None
    if account_state.password_state(account, now) in {
        PasswordState.EXPIRED,
        PasswordState.INVITATION_EXPIRED,
    }:
        return None
    chosen = account.changed(
        initial_password_expires_at=None, must_change_password=False, invited=False
    )
    world.put(chosen)
    world.records.update(name, lambda record: (record.changed(last_sign_in=now), None))
    return open_session(world.ports, chosen, HERE, now, now)


def permitted(world: World) -> dict[str, frozenset[Permission]]:
    custom = world.accounts.settings().custom_roles
    return {row.username: roles.permissions(row.roles, custom) for row in world.accounts.rows()}


def resets(step: Step) -> bool:
    """Whether it may give a password that must be changed soon."""
    if isinstance(step, One):
        return step.act in RESETS
    return isinstance(step, Many) and isinstance(step.act, ResetPassword)


EXPIRING: Final = One(updating(Update(expires=LAST_DAYS[3])), "ada")
LATER: Final = (100, "", UnusedDays(0))


# What hits by chance only once in thousands of sequences.
@example([(0, "", One(administration.remove_user, "bob")), (0, "", EXPIRING), LATER])
@example([(0, "", EXPIRING), (0, "ada", One(invite, "bob")), LATER])
@given(st.lists(st.tuples(PASSING, ACTORS, STEPS), min_size=1, max_size=12))
@settings(deadline=None, max_examples=times(160, in_a_soak=1600))
def test_an_admin_stays_and_nobody_gives_or_touches_more_than_they_have(
    steps: list[tuple[int, str, Step]],
) -> None:
    world = populated()
    for days, name, step in steps:
        world.clock.forward(days * unused.DAY)
        actor = signed_in(world, name)
        # The operator may: that lets the last admin in again.
        if actor is not None and not (actor is OPERATOR and resets(step)):
            tried(world, actor, name, step)
        with world.accounts.change() as change:
            able = admins.who_can_sign_in(change, world.keyring, world.clock())
        assert any(not is_unused(world, world.account(one)) for one in able)


def tried(world: World, actor: Actor, name: str, step: Step) -> None:
    before, could = {one: world.accounts.get(one) for one in NAMES}, permitted(world)
    held = roles.ALL if actor is OPERATOR else could[name]
    with contextlib.suppress(AccountsError):
        step(world.ports, actor)
    can = permitted(world)
    for one, was in before.items():
        now, old, new = world.accounts.get(one), could.get(one), can.get(one)
        assert (new or frozenset()) - (old or frozenset()) <= held
        if now != was or (now is not None and new != old):
            assert (old or frozenset()) <= held
        if isinstance(step, Many) and now != was:
            assert step.selection.has(one) or step.selection.view is not None
            if one == name:
                assert now is not None
                assert (now.enabled, now.roles) == (True, was.roles if was else ())
