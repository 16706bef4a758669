"""A new account inherits nothing from a removed account with the same name."""

from collections.abc import Callable

import pytest

from cwtui.accounts import administration, first_admin, provisioning, recovery
from cwtui.accounts.directory_port import DirectoryUser
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.roles import MINIMUM
from cwtui.accounts.secret import Secret
from cwtui.accounts.tries import Claim
from tests.accounts.memory import MemoryAccounts, MemoryRecords
from tests.accounts.steps import at_step
from tests.accounts.world import HERE, NOW, OPERATOR, World

NEW = Secret("Another.9-Havel")
ALICE = DirectoryUser(
    "alice", "uid=alice", "Alice", (MINIMUM,), enabled=True, ids={"entryUUID": "1"}
)
LEFT = at_step(9, SignInRecord(password_attempts={"": Attempts(50, NOW)}, known_sources=(HERE,)))

WAYS: dict[str, Callable[[World], object]] = {
    "the first admin": lambda w: first_admin.create(w.ports, "alice", NEW, NEW, OPERATOR),
    "an admin creates it": lambda w: administration.create_user(
        w.ports, OPERATOR, NewAccount("alice")
    ),
    "recovered": lambda w: recovery.recover_admin(w.ports, OPERATOR, "alice"),
    "from the directory": lambda w: provisioning.provide(w.ports, Claim("alice", HERE), ALICE),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_new_account_starts_with_an_empty_record(world: World, way: str) -> None:
    """No known sources, no failed attempts, and no used time step."""
    world.records.kept["alice"] = LEFT
    WAYS[way](world)
    assert world.records.get("alice") == SignInRecord()


@pytest.mark.parametrize("way", WAYS)
def test_no_account_is_created_if_the_old_record_stays(world: World, way: str) -> None:
    """DESIGN 4.10: no account is created, and none is recorded."""
    world.records.kept["alice"] = LEFT
    world.records.fails = True
    with pytest.raises(CannotCheck):
        WAYS[way](world)
    assert world.accounts.get("alice") is None
    assert world.events == []


def test_recovering_an_admin_clears_only_password_attempts(world: World) -> None:
    world.add("alice")
    world.records.kept["alice"] = LEFT
    recovery.recover_admin(world.ports, OPERATOR, "alice")
    assert world.records.get("alice") == LEFT.changed(password_attempts={})


def test_a_leftover_record_is_cleared_when_the_name_is_reused(world: World) -> None:
    """Removing an account succeeds even if its record cannot be removed."""
    world.add_admin()
    world.add("alice")
    world.session("alice")
    world.records.fails = True
    administration.remove_user(world.ports, OPERATOR, "alice")
    world.records.fails = False
    assert world.records.get("alice").known_sources != ()
    administration.create_user(world.ports, OPERATOR, NewAccount("alice"))
    assert world.records.get("alice") == SignInRecord()


def test_the_record_is_removed_inside_the_change(world: World) -> None:
    """So that nobody else can create an account of that name before it is gone."""

    class Watched(MemoryRecords):
        def __init__(self, accounts: MemoryAccounts) -> None:
            super().__init__()
            self.accounts = accounts
            self.inside: list[bool] = []

        def remove(self, *usernames: str) -> None:
            self.inside.append(self.accounts.is_changing)
            super().remove(*usernames)

    world.add_admin()
    world.add("alice")
    world.records = watched = Watched(world.accounts)
    administration.remove_user(world.ports, OPERATOR, "alice")
    assert watched.inside == [True]


def test_an_unrecorded_removal_keeps_the_sign_in_record(world: World) -> None:
    """Without the record, the used time step is lost and the code works again."""
    world.add_admin()
    world.add("alice")
    world.records.kept["alice"] = LEFT
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        administration.remove_user(world.ports, OPERATOR, "alice")
    assert world.records.get("alice") == LEFT
