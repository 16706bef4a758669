"""Custom roles: how they are made and changed, and that nobody gets more than the actor has."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import administration, custom_roles, roles, unlocking, user_list, user_mfa
from cwtui.accounts.account_words import having_role
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    AccountsError,
    ChangedByOthers,
    GivesPermissions,
    InvalidInput,
    NotPermitted,
    Refused,
    SessionEnded,
    Taken,
    UnknownRole,
)
from cwtui.accounts.listing import View
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.roles import ADMIN, ALL, MINIMUM, Permission
from cwtui.accounts.session import Session
from cwtui.accounts.updates import Update
from tests.accounts.public_actions import NEEDED, OF_ADMINS, Scene, scene_of, state
from tests.accounts.world import OPERATOR, World

pytestmark = pytest.mark.usefixtures("remembered_hashes")

HELP_DESK = (Permission.READ_USERS, Permission.RESET_MFA)


@pytest.fixture
def scene(world: World) -> Scene:
    return scene_of(world)


def with_role(scene: Scene, *permissions: Permission) -> Session:
    """A session whose only role permits only this, with the usual proof."""
    scene.world.settings(
        custom_roles={**scene.world.accounts.settings().custom_roles, "some": permissions}
    )
    scene.world.put(scene.world.account("ada").changed(roles=("some",)))
    return scene.world.session("ada", scene.device)


@pytest.mark.parametrize("act", OF_ADMINS)
def test_each_action_needs_its_permission_alone(scene: Scene, act: str) -> None:
    for permission in Permission:
        held = roles.chosen_permissions([permission])
        is_permitted = not {*held}.isdisjoint(NEEDED[act])
        # A refused action changes nothing, so that the next one finds the same.
        there = scene_of(World()) if is_permitted else scene
        there.world.clock.forward(30)  # to another code
        actor = with_role(there, *held)
        before = state(there.world)
        refused = ""
        try:
            OF_ADMINS[act](there, actor)
        except NotPermitted as error:
            refused = str(error)
        if is_permitted:
            assert "do not include the permission" not in refused, permission
        else:
            needed = " or ".join(NEEDED[act])
            assert refused == f"Your roles do not include the permission {needed}.", permission
            assert state(there.world) == before, permission


def test_a_role_is_created_given_and_removed(world: World) -> None:
    world.add("bob")
    created = custom_roles.create_role(world.ports, OPERATOR, " help-desk ", ["reset-mfa"])
    assert (created.name, created.permissions) == ("help-desk", HELP_DESK)
    with pytest.raises(GivesPermissions) as asked:
        administration.update_user(world.ports, OPERATOR, "bob", Update(roles=("help-desk",)))
    assert str(asked.value) == "bob gets new permissions: read-users, reset-mfa."
    assert asked.value.question == "Give bob these permissions?"
    administration.update_user(
        world.ports, OPERATOR, "bob", Update(roles=("help-desk",)), agreed=TO_EVERYTHING
    )
    listed = {role.name: role for role in custom_roles.list_roles(world.ports, OPERATOR)}
    assert [*listed] == [ADMIN, MINIMUM, "help-desk"]
    assert listed["help-desk"].accounts == 1
    assert listed[ADMIN].permissions == tuple(Permission)
    assert [role.is_built_in for role in listed.values()] == [True, True, False]
    with pytest.raises(Refused, match=r"^1 account has the role help-desk, as the filter"):
        custom_roles.remove_role(world.ports, OPERATOR, "help-desk")
    administration.update_user(world.ports, OPERATOR, "bob", Update(roles=(MINIMUM,)))
    custom_roles.remove_role(world.ports, OPERATOR, "help-desk")
    assert world.accounts.settings().custom_roles == {}
    with pytest.raises(InvalidInput, match=r"no role named help-desk"):
        administration.update_user(world.ports, OPERATOR, "bob", Update(roles=("help-desk",)))


def test_lists_are_filtered_by_custom_roles(world: World) -> None:
    custom_roles.create_role(world.ports, OPERATOR, "help-desk", HELP_DESK)
    world.add("bob", roles=("help-desk", MINIMUM))
    world.add("eve")
    found = user_list.list_users(world.ports, OPERATOR, View("role:help-desk"))
    assert [row.username for row in found.rows] == ["bob"]
    assert world.accounts.count(having_role("help-desk")) == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Help", "A role's name has 1 to 40 lower-case letters"),
        ("", "A role's name has 1 to 40 lower-case letters"),
        ("a" * 41, "A role's name has 1 to 40 lower-case letters"),
        ("help desk", "A role's name has 1 to 40 lower-case letters"),
        ("h\u0435lp", "A role's name has 1 to 40 lower-case letters"),
        ("admin", "Names of built-in roles, and those that begin with connectware-, are reserved."),
        ("minimum", "Names of built-in roles"),
        (ADMIN, "Names of built-in roles"),
        ("connectware-operator", "Names of built-in roles"),
    ],
)
def test_unsuitable_names_of_roles_are_refused(world: World, name: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        custom_roles.create_role(world.ports, OPERATOR, name, HELP_DESK)
    assert refused.value.field == "name"
    assert str(refused.value).startswith(sentence)


def test_a_role_needs_a_permission_that_exists(world: World) -> None:
    for permissions, sentence in (
        ([], "Choose at least one permission. minimum-access is the role without any."),
        (["fly"], "There is no permission named fly. Choose from: read-users, "),
    ):
        with pytest.raises(InvalidInput) as refused:
            custom_roles.create_role(world.ports, OPERATOR, "new", permissions)
        assert refused.value.field == "permissions"
        assert str(refused.value).startswith(sentence)


def test_names_are_taken_once_and_there_are_not_too_many(world: World) -> None:
    custom_roles.create_role(world.ports, OPERATOR, "r0", HELP_DESK)
    with pytest.raises(Taken, match=r"There is already a role named r0"):
        custom_roles.create_role(world.ports, OPERATOR, "r0", HELP_DESK)
    for number in range(1, roles.MOST_CUSTOM):
        custom_roles.create_role(world.ports, OPERATOR, f"r{number}", HELP_DESK)
    with pytest.raises(Refused, match=r"at most 50 roles"):
        custom_roles.create_role(world.ports, OPERATOR, "one-more", HELP_DESK)


@pytest.mark.parametrize("name", [ADMIN, MINIMUM])
def test_built_in_roles_stay_as_they_are(world: World, name: str) -> None:
    with pytest.raises(Refused, match=r"is built in"):
        custom_roles.update_role(world.ports, OPERATOR, name, ALL)
    with pytest.raises(Refused, match=r"is built in"):
        custom_roles.remove_role(world.ports, OPERATOR, name)


def test_unknown_roles_are_refused(world: World) -> None:
    for act in (
        lambda: custom_roles.show_role(world.ports, OPERATOR, "none"),
        lambda: custom_roles.update_role(world.ports, OPERATOR, "none", ALL),
        lambda: custom_roles.remove_role(world.ports, OPERATOR, "none"),
    ):
        with pytest.raises(UnknownRole, match=r"There is no role named none"):
            act()


def test_new_permissions_of_a_role_count_at_once(scene: Scene) -> None:
    desk = with_role(scene, *HELP_DESK)
    assert desk.permissions == {*HELP_DESK}
    custom_roles.update_role(scene.world.ports, OPERATOR, "some", [Permission.READ_USERS])
    with pytest.raises(SessionEnded, match=r"Your roles were changed"):
        user_mfa.disable_mfa(scene.world.ports, desk, "bob")


def test_a_role_that_was_changed_meanwhile_is_not_replaced_unasked(world: World) -> None:
    custom_roles.create_role(world.ports, OPERATOR, "desk", HELP_DESK)
    custom_roles.update_role(world.ports, OPERATOR, "desk", ["read-audit-log"])
    sentence = r"^operator:root has set permissions to read-audit-log in the meantime"
    with pytest.raises(ChangedByOthers, match=sentence):
        custom_roles.update_role(world.ports, OPERATOR, "desk", ["read-users"], seen=HELP_DESK)
    with pytest.raises(ChangedByOthers, match=sentence) as asked:
        custom_roles.remove_role(world.ports, OPERATOR, "desk", seen=HELP_DESK)
    assert asked.value.question == "Continue anyway?"
    done = custom_roles.update_role(
        world.ports, OPERATOR, "desk", ["read-users"], TO_EVERYTHING, seen=HELP_DESK
    )
    assert done.changed
    again = custom_roles.update_role(world.ports, OPERATOR, "desk", ["read-users"], seen=HELP_DESK)
    assert not again.changed
    custom_roles.remove_role(world.ports, OPERATOR, "desk", TO_EVERYTHING, seen=HELP_DESK)
    custom_roles.create_role(world.ports, OPERATOR, "desk", HELP_DESK)
    custom_roles.remove_role(world.ports, OPERATOR, "desk", seen=HELP_DESK)


def test_a_role_that_others_made_anew_says_who_did(world: World) -> None:
    custom_roles.create_role(world.ports, OPERATOR, "desk", HELP_DESK)
    custom_roles.remove_role(world.ports, OPERATOR, "desk")
    world.add_admin("ada")
    custom_roles.create_role(world.ports, world.session("ada"), "desk", ["read-users"])
    with pytest.raises(ChangedByOthers, match=r"^ada has set permissions to read-users"):
        custom_roles.remove_role(world.ports, OPERATOR, "desk", seen=HELP_DESK)


@pytest.mark.parametrize(
    "act",
    [
        lambda s, by: administration.reset_password(s.world.ports, by, "root"),
        lambda s, by: administration.remove_user(s.world.ports, by, "root"),
        lambda s, by: unlocking.unlock(s.world.ports, by, "root"),
        lambda s, by: administration.update_user(s.world.ports, by, "root", Update(enabled=False)),
        lambda s, by: user_mfa.disable_mfa(s.world.ports, by, "root"),
        lambda s, by: administration.create_user(
            s.world.ports, by, NewAccount("new", roles=(ADMIN,)), agreed=TO_EVERYTHING
        ),
        lambda s, by: administration.update_user(
            s.world.ports, by, "bob", Update(roles=("auditor",)), agreed=TO_EVERYTHING
        ),
    ],
)
def test_a_help_desk_cannot_promote_itself(
    scene: Scene, act: Callable[[Scene, Session], object]
) -> None:
    scene.world.equip("root")
    desk = with_role(scene, *HELP_DESK, Permission.MANAGE_USERS)
    before = state(scene.world)
    with pytest.raises(NotPermitted, match=r"permissions that you"):
        act(scene, desk)
    assert state(scene.world) == before


def test_an_account_with_mfa_is_removed_only_by_those_who_may_reset_mfa(scene: Scene) -> None:
    desk = with_role(scene, Permission.READ_USERS, Permission.MANAGE_USERS)
    before = state(scene.world)
    with pytest.raises(NotPermitted, match=r"do not include the permission reset-mfa"):
        administration.remove_user(scene.world.ports, desk, "bob")
    assert state(scene.world) == before
    scene.world.clock.forward(30)  # the next one-time code
    desk = with_role(scene, *HELP_DESK, Permission.MANAGE_USERS)
    administration.remove_user(scene.world.ports, desk, "bob")


NAMES = st.sampled_from(["ada", "bob", "eve"])
SETS = st.sets(st.sampled_from(Permission), min_size=1)
GIVEN = st.lists(st.sampled_from([ADMIN, MINIMUM, "r0", "r1", "r2"]), min_size=1, max_size=2)

ACTS = st.sampled_from(["update_user", "create_user", "update_role", "create_role"])


@given(
    st.lists(SETS, min_size=3, max_size=3),
    st.lists(GIVEN, min_size=3, max_size=3),
    st.lists(st.tuples(NAMES, NAMES, GIVEN, SETS, ACTS), max_size=12),
)
def test_nobody_gives_what_they_lack(
    made: list[set[Permission]],
    held: list[list[str]],
    acts: list[tuple[str, str, list[str], set[Permission], str]],
) -> None:
    world = World()
    world.settings(
        custom_roles={
            f"r{n}": roles.chosen_permissions(sorted(some)) for n, some in enumerate(made)
        }
    )
    world.add_admin("root")
    for name, given_ in zip(("ada", "bob", "eve"), held, strict=True):
        world.add(name, roles=tuple(sorted({*given_})))
    for who, whom, given_, some, kind in acts:
        actor, before = world.session(who), everybody(world)
        try:
            tried(world, actor, whom, given_, sorted(some), kind)
        except AccountsError:
            assert everybody(world) == before
            continue
        for one, permissions in everybody(world).items():
            assert permissions - before.get(one, frozenset()) <= actor.permissions
        if kind == "update_user":
            assert before[whom] <= actor.permissions


def tried(
    world: World, actor: Session, whom: str, given_: list[str], some: list[Permission], kind: str
) -> None:
    ports = world.ports
    match kind:
        case "update_user":
            administration.update_user(
                ports, actor, whom, Update(roles=tuple(given_)), agreed=TO_EVERYTHING
            )
        case "create_user":
            administration.create_user(
                ports, actor, NewAccount("new", roles=tuple(given_)), agreed=TO_EVERYTHING
            )
        case "update_role":
            custom_roles.update_role(ports, actor, given_[0], some)
        case _:
            custom_roles.create_role(ports, actor, "r3", some)


def everybody(world: World) -> dict[str, frozenset[Permission]]:
    """What each account and each role permits."""
    custom = world.accounts.settings().custom_roles
    of_accounts = {
        row.username: roles.permissions(row.roles, custom) for row in world.accounts.rows()
    }
    return of_accounts | {f"role {name}": frozenset(held) for name, held in custom.items()}


def test_a_role_of_somebody_who_may_do_more_is_not_changed(world: World) -> None:
    managing = (Permission.READ_USERS, Permission.MANAGE_USERS, Permission.MANAGE_ROLES)
    world.settings(custom_roles={"managers": managing, "auditors": (Permission.READ_AUDIT_LOG,)})
    world.add("low", roles=("managers",))
    world.add("boss", roles=("auditors", "managers"))
    low = world.session("low")
    for permissions in (managing[:1], managing[:2]):
        with pytest.raises(NotPermitted, match="boss has permissions that you do not have"):
            custom_roles.update_role(world.ports, low, "managers", permissions)
    world.put(world.account("boss").changed(roles=("managers",)))
    custom_roles.update_role(world.ports, low, "managers", managing[:2])
