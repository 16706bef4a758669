"""Who may do what an admin does, and that nothing is left half done."""

from collections.abc import Callable

import pytest

from cwtui.accounts import (
    administration,
    organization,
    roles,
    self_service,
    sign_in,
    unlocking,
    user_list,
    user_mfa,
)
from cwtui.accounts.errors import (
    CannotCheck,
    NotPermitted,
    Refused,
    SessionEnded,
    SignInFailed,
    UnknownAccount,
)
from cwtui.accounts.listing import View
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor
from cwtui.accounts.settings import Mfa
from cwtui.accounts.updates import Update
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import OPERATOR, PASSWORD, Device, World

ACTS: dict[str, Callable[[World, Actor], object]] = {
    "list_users": lambda w, a: user_list.list_users(w.ports, a),
    "show_user": lambda w, a: administration.show_user(w.ports, a, "bob"),
    "create_user": lambda w, a: administration.create_user(w.ports, a, NewAccount("new")),
    "update_user": lambda w, a: administration.update_user(
        w.ports, a, "bob", Update(enabled=False)
    ),
    "reset_password": lambda w, a: administration.reset_password(w.ports, a, "bob"),
    "disable_mfa": lambda w, a: user_mfa.disable_mfa(w.ports, a, "bob"),
    "remove_user": lambda w, a: administration.remove_user(w.ports, a, "bob"),
    "unlock": lambda w, a: unlocking.unlock(w.ports, a, "bob"),
    "show_settings": lambda w, a: organization.show_settings(w.ports, a),
    "update_settings": lambda w, a: organization.update_settings(w.ports, a, {"issuer": "A"}),
}


def populated(world: World) -> None:
    world.add_admin("ada")
    world.add_admin("eve")
    world.add("bob")
    world.equip("bob")
    world.add("mallory")


@pytest.mark.parametrize("act", ACTS)
def test_minimum_access_allows_no_admin_action(world: World, act: str) -> None:
    populated(world)
    actor = world.session("mallory")
    before, events = world.accounts.rows(), len(world.events)
    with pytest.raises(NotPermitted, match=r"do not include the permission [a-z -]+\."):
        ACTS[act](world, actor)
    assert world.accounts.rows() == before
    assert len(world.events) == events


@pytest.mark.parametrize("act", ACTS)
def test_an_admin_may_do_every_admin_action(world: World, act: str) -> None:
    populated(world)
    ACTS[act](world, world.session("ada"))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("what", ["demoted", "disabled", "removed"])
def test_a_former_admin_is_stopped_at_the_next_action(world: World, act: str, what: str) -> None:
    populated(world)
    actor = world.session("ada")
    if what == "demoted":
        administration.update_user(world.ports, OPERATOR, "ada", Update(roles=(roles.MINIMUM,)))
    elif what == "disabled":
        administration.update_user(world.ports, OPERATOR, "ada", Update(enabled=False))
    else:
        administration.remove_user(world.ports, OPERATOR, "ada")
    before, events = world.accounts.rows(), len(world.events)
    with pytest.raises(SessionEnded):
        ACTS[act](world, actor)
    assert world.accounts.rows() == before
    assert len(world.events) == events


@pytest.mark.parametrize(
    "act", ["create_user", "update_user", "reset_password", "disable_mfa", "remove_user"]
)
def test_an_admin_demoted_during_an_action_changes_nothing(world: World, act: str) -> None:
    populated(world)
    actor = world.session("ada")
    world.accounts.before_change = lambda: administration.update_user(
        world.ports, OPERATOR, "ada", Update(roles=(roles.MINIMUM,))
    )
    bob = world.account("bob")
    with pytest.raises(SessionEnded):
        ACTS[act](world, actor)
    assert world.account("bob") == bob
    assert world.accounts.get("new") is None


@pytest.mark.parametrize(
    "act", ["show_user", "update_user", "reset_password", "disable_mfa", "remove_user", "unlock"]
)
def test_acting_on_a_missing_account_is_refused(world: World, act: str) -> None:
    world.add_admin("ada")
    with pytest.raises(UnknownAccount, match="There is no account named bob"):
        ACTS[act](world, OPERATOR)
    assert world.events == []
    assert world.records.kept == {}


# Half-done


@pytest.mark.parametrize("act", ["reset_password", "disable_mfa", "create_user"])
def test_a_failed_record_write_leaves_nothing_half_done(world: World, act: str) -> None:
    """DESIGN 4.7: nothing is half there."""
    populated(world)
    before = world.accounts._committed
    world.records.fails = True
    with pytest.raises(CannotCheck):
        ACTS[act](world, OPERATOR)
    assert world.accounts._committed == before
    assert world.events == []
    assert PASSWORD not in repr(world.events)


def remove_phone(ports: Ports, actor: Actor, username: str) -> object:
    return user_mfa.remove_device(ports, actor, username, "Phone")


@pytest.mark.parametrize("act", [user_mfa.disable_mfa, administration.reset_password, remove_phone])
def test_admins_change_their_own_account_only_in_settings(
    world: World, act: Callable[..., object]
) -> None:
    """ASVS 7.5.1: an unattended session must not remove its own second factor."""
    world.add_admin("ada")
    device = world.equip("ada")
    world.equip_too("Tablet", "ada")
    session = world.session("ada", device)
    before = world.accounts.get("ada")
    with pytest.raises(Refused) as refused:
        act(world.ports, session, "ada")
    assert str(refused.value) == ("This is your own account. Use Settings instead.")
    assert world.accounts.get("ada") == before


def test_a_new_device_works_after_a_clock_that_was_ahead(world: World) -> None:
    world.add("bob")
    device = world.equip("bob")
    world.clock.forward(10 * 365 * 86400)
    world.session("bob", device)
    world.clock.forward(-10 * 365 * 86400)
    asked = world.asked_for_code("bob")
    with pytest.raises(SignInFailed, match="clock of this host was ahead"):
        sign_in.with_one_time_code(world.ports, asked, device.code(world.clock()))
    user_mfa.disable_mfa(world.ports, OPERATOR, "bob")
    session = world.session("bob")
    offered = self_service.begin_enrolment(world.ports, session)
    new = Device(offered.totp_secret, ())
    code = new.code(world.clock())
    session, _ = self_service.register_device(world.ports, session, offered, code)
    self_service.acknowledge_backup_codes(world.ports, session)
    world.clock.forward(30)
    world.session("bob", new)


@pytest.mark.parametrize(
    ("mfa", "required"),
    [(Mfa.REQUIRED, ["bob", "flagged"]), (Mfa.OPTIONAL, ["flagged"]), (Mfa.OFF, [])],
)
def test_the_list_shows_mfa_required_by_the_organization(
    world: World, mfa: Mfa, required: list[str]
) -> None:
    world.add("bob")
    world.add("carol")
    world.equip("carol")
    world.add("flagged", mfa_required=True)
    world.settings(mfa=mfa)
    found = user_list.list_users(world.ports, OPERATOR, View("mfa:required"))
    assert [row.username for row in found.rows] == required


def test_a_manager_cannot_shut_out_somebody_of_the_directory(world: World) -> None:
    """A local account takes precedence over a directory's admin who has not signed in yet."""
    world.directory = directory = MemoryDirectory()
    directory.add("boss", "directory-secret")
    manages = (Permission.READ_USERS, Permission.MANAGE_USERS)
    world.settings(custom_roles={"managers": manages})
    world.add("mia", roles=("managers",))
    mia = world.session("mia")
    new = NewAccount("boss")
    with pytest.raises(NotPermitted, match="The directory has a person named boss"):
        administration.create_user(world.ports, mia, new)
    directory.down = True
    with pytest.raises(NotPermitted, match="cannot be looked up"):
        administration.create_user(world.ports, mia, new)
    administration.create_user(world.ports, OPERATOR, new)
    directory.down = False
    other = NewAccount("bea")
    assert administration.create_user(world.ports, mia, other).account.username == "bea"
