"""The initial state of a new account, however it was created."""

from collections.abc import Callable

import pytest

from cwtui.accounts import administration, first_admin, provisioning, recovery, roles
from cwtui.accounts.directory_port import DirectoryUser
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from tests.accounts.world import NOW, OPERATOR, World

NEW = Secret("Another.9-Havel")
IDS = {"entryUUID": "id-erin"}
ERIN = DirectoryUser("erin", "uid=erin", "", (roles.MINIMUM,), enabled=True, ids=IDS)

WAYS: dict[str, Callable[[World], Account]] = {
    "the first admin": lambda w: first_admin.create(w.ports, "erin", NEW, NEW, OPERATOR),
    "by an admin": lambda w: (
        administration.create_user(w.ports, OPERATOR, NewAccount("erin")).account
    ),
    "by the operator, of a store without an admin": lambda w: (
        recovery.recover_admin(w.ports, OPERATOR, "erin").account
    ),
    "of the directory": lambda w: provisioning.provide(w.ports, OPERATOR, ERIN),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_new_account_has_the_current_time_and_its_own_epoch(way: str) -> None:
    """So that sessions of a removed account with the same name do not carry over."""
    made = [WAYS[way](World(seed=seed)) for seed in range(20)]
    assert {account.created_at for account in made} == {NOW}
    assert len({account.session_epoch for account in made}) == 20
    assert min(account.session_epoch for account in made) > 1000
    assert {account.display_name for account in made} == {""}


@pytest.mark.parametrize(
    ("way", "kept"),
    [
        ("the first admin", (Origin.LOCAL, (roles.ADMIN,), False)),
        ("by an admin", (Origin.LOCAL, (roles.MINIMUM,), True)),
        ("by the operator, of a store without an admin", (Origin.LOCAL, (roles.ADMIN,), True)),
        ("of the directory", (Origin.LDAP, (roles.MINIMUM,), False)),
    ],
)
def test_origin_roles_and_password_flag_depend_on_the_creator(
    world: World, way: str, kept: tuple[Origin, tuple[str, ...], bool]
) -> None:
    made = WAYS[way](world)
    assert (made.origin, made.roles, made.must_change_password) == kept
    assert made == world.account("erin")
