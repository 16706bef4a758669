"""Accounts that have the name of a powerful Unix user are pointed out before they exist."""

from contextlib import suppress
from dataclasses import replace

import pytest

from cwtui.accounts import administration, recovery, sign_in, unix_users
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    TO_NOTHING,
    Agreed,
    GivesPermissions,
    LooksAlike,
    NamesUnixUser,
    NotPermitted,
)
from cwtui.accounts.new_account import NewAccount, WithInitialPassword
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import ADMIN, Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.unix_users import UnixUser
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.public_actions import CHANGES_OF_ADMINS, NEEDED, scene_of, state
from tests.accounts.world import HERE, OPERATOR, PASSWORD, World

UNIX_USERS = {
    "root": UnixUser(0, frozenset({"root"}), owns_store=False),
    "toor": UnixUser(0, frozenset(), owns_store=True),
    "connectware": UnixUser(1001, frozenset(), owns_store=True),
    "www-data": UnixUser(33, frozenset(), owns_store=False),
    "last": UnixUser(999, frozenset(), owns_store=False),
    "nobody": UnixUser(65534, frozenset(), owns_store=False),
    "grace": UnixUser(1002, frozenset({"users", "sudo"}), owns_store=False),
    "heidi": UnixUser(1000, frozenset({"users", "heidi"}), owns_store=False),
}


def here(world: World) -> Ports:
    return replace(world.ports, unix_user=UNIX_USERS.get)


@pytest.mark.parametrize(
    ("name", "power"),
    [
        ("root", "may do everything"),
        ("toor", "may do everything"),
        ("connectware", "owns the store of cwtui"),
        ("www-data", "belongs to the system"),
        ("last", "belongs to the system"),
        ("nobody", "belongs to the system"),
        ("grace", "may become root (group sudo)"),
        ("heidi", ""),
        ("ivan", ""),
    ],
)
def test_the_power_of_a_unix_user_is_found(name: str, power: str) -> None:
    assert unix_users.power(UNIX_USERS.get(name)) == power


OF_ACCOUNTS = [
    act
    for act in CHANGES_OF_ADMINS
    if act != "sync" and {Permission.MANAGE_USERS, Permission.RESET_MFA} & {*NEEDED[act]}
]


@pytest.mark.parametrize("act", OF_ACCOUNTS)
def test_changing_the_account_of_a_powerful_unix_user_takes_all_permissions(
    world: World, act: str
) -> None:
    scene = scene_of(world)
    world.unix_users = dict.fromkeys(("alice", "bob", "new"), UNIX_USERS["grace"])
    most = tuple(one for one in Permission if one is not Permission.READ_AUDIT_LOG)
    world.settings(custom_roles={**world.accounts.settings().custom_roles, "most": most})
    world.put(world.account("ada").changed(roles=("most",)))
    limited, before = world.session("ada", scene.device), state(world)
    with pytest.raises(NotPermitted, match=r"may become root .* who has all permissions"):
        CHANGES_OF_ADMINS[act](scene, limited)
    assert state(world) == before
    world.clock.forward(30)  # the next one-time code
    world.put(world.account("ada").changed(roles=(ADMIN,)))
    with suppress(NamesUnixUser):  # an admin is only asked, for a new account
        CHANGES_OF_ADMINS[act](scene, world.session("ada", scene.device))


def create(world: World, typed: str, agreed: Agreed = TO_NOTHING) -> WithInitialPassword:
    return administration.create_user(here(world), OPERATOR, NewAccount(typed), agreed=agreed)


def test_creating_the_account_of_a_powerful_unix_user_must_be_agreed_to(world: World) -> None:
    create(world, "heidi")
    create(world, "ivan")
    before = len(world.events)
    with pytest.raises(NamesUnixUser) as asked:
        create(world, "WWW-Data", frozenset({LooksAlike, GivesPermissions}))
    assert str(asked.value).startswith(
        "www-data is also a Unix user of this host, and belongs to the system."
    )
    with pytest.raises(NamesUnixUser):
        administration.check_new_username(here(world), OPERATOR, "www-data")
    assert len(world.events) == before
    made = create(world, "www-data", frozenset({NamesUnixUser}))
    assert made.power == "belongs to the system"
    assert world.events[-1].reason == 'roles=minimum-access unix_user="belongs to the system"'


def test_a_powerful_name_is_logged_where_nobody_can_be_asked(world: World) -> None:
    """An admin who is let in again, and people of the directory: new ones and renamed ones."""
    made = recovery.recover_admin(here(world), OPERATOR, "connectware")
    assert made.power == "owns the store of cwtui"
    assert world.events[-1].reason.endswith('unix_user="owns the store of cwtui"')
    world.directory = directory = MemoryDirectory()
    directory.add("grace", PASSWORD)
    sign_in.with_password(here(world), "grace", Secret(PASSWORD), HERE)
    directory.rename(grace="www-data")
    sign_in.with_password(here(world), "www-data", Secret(PASSWORD), HERE)
    logged = {
        event.event: event.reason
        for event in world.events
        if event.event in {EventType.USER_CREATE, EventType.USER_RENAME}
    }
    assert logged[EventType.USER_CREATE].endswith('unix_user="may become root (group sudo)"')
    assert logged[EventType.USER_RENAME].endswith('unix_user="belongs to the system"')
