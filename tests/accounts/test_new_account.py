"""A new account begins with nothing of one of the same name that was removed."""

from collections.abc import Callable

import pytest

from cwtui.accounts import administration, provisioning, recovery
from cwtui.accounts.directory_port import DirectoryUser
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.factors import Claim
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.roles import MINIMUM
from cwtui.accounts.secret import Secret
from tests.accounts.memory import MemoryAccounts, MemoryRecords
from tests.accounts.world import HERE, NOW, OPERATOR, World

NEW = Secret("Another.9-Havel")
ALICE = DirectoryUser(
    "alice", "uid=alice", "Alice", (MINIMUM,), enabled=True, ids={"entryUUID": "1"}
)
LEFT = SignInRecord(
    password_attempts={"": Attempts(50, NOW)}, known_sources=(HERE,), last_totp_step=9
)

WAYS: dict[str, Callable[[World], object]] = {
    "the first admin": lambda w: administration.create_first_admin(
        w.ports, "alice", NEW, NEW, OPERATOR
    ),
    "an admin creates it": lambda w: administration.create_user(w.ports, OPERATOR, "alice"),
    "recovered": lambda w: recovery.recover_admin(w.ports, OPERATOR, "alice"),
    "from the directory": lambda w: provisioning.provide(w.ports, Claim("alice", HERE), ALICE),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_has_nothing_of_the_one_before(world: World, way: str) -> None:
    """Neither its known sources nor its wrong tries, nor the time step that it used last."""
    world.records.kept["alice"] = LEFT
    WAYS[way](world)
    assert world.records.get("alice") == SignInRecord()


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_removed_is_not_taken_over(world: World, way: str) -> None:
    """DESIGN 4.10: then there is no account, and none is recorded."""
    world.records.kept["alice"] = LEFT
    world.records.fails = True
    with pytest.raises(CannotCheck):
        WAYS[way](world)
    assert world.accounts.get("alice") is None
    assert world.events == []


def test_an_admin_who_is_let_in_again_keeps_what_is_no_try(world: World) -> None:
    world.add("alice")
    world.records.kept["alice"] = LEFT
    recovery.recover_admin(world.ports, OPERATOR, "alice")
    assert world.records.get("alice") == LEFT.changed(password_attempts={})


def test_a_record_that_outlives_its_account_goes_when_the_name_is_used_again(world: World) -> None:
    """A removal goes through where the record cannot be written."""
    world.add_admin()
    world.add("alice")
    world.session("alice")
    world.records.fails = True
    administration.remove_user(world.ports, OPERATOR, "alice")
    world.records.fails = False
    assert world.records.get("alice").known_sources != ()
    administration.create_user(world.ports, OPERATOR, "alice")
    assert world.records.get("alice") == SignInRecord()


def test_a_removed_accounts_record_is_not_that_of_one_made_right_after(world: World) -> None:
    """It goes while nobody else can make an account of that name."""

    class Watched(MemoryRecords):
        def __init__(self, accounts: MemoryAccounts) -> None:
            super().__init__()
            self.accounts = accounts
            self.inside: list[bool] = []

        def remove(self, username: str) -> None:
            self.inside.append(self.accounts.is_changing)
            super().remove(username)

    world.add_admin()
    world.add("alice")
    world.records = watched = Watched(world.accounts)
    administration.remove_user(world.ports, OPERATOR, "alice")
    assert watched.inside == [True]


def test_a_removal_that_is_not_recorded_leaves_the_record(world: World) -> None:
    """With it would go the time step that was used, and the code could be used again."""
    world.add_admin()
    world.add("alice")
    world.records.kept["alice"] = LEFT
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        administration.remove_user(world.ports, OPERATOR, "alice")
    assert world.records.get("alice") == LEFT
