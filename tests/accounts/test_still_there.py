"""Doors that check no password of the directory can ask it whether the person is still there."""

from base64 import b64decode
from dataclasses import replace

import pytest

from cwtui.accounts import host_sign_in, ssh_keys
from cwtui.accounts.directory_port import CannotUseDirectory, Directory, DirectoryMisconfigured
from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.accounts.model import Origin, SshKey
from cwtui.accounts.ports import Ports
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.ssh_lines import ED25519
from tests.accounts.world import PASSWORD, World, outcome

KEY = SshKey("00000001", "laptop", b64decode(ED25519.split()[1]), 1_800_000_000.0)


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    """alice is in the directory, and bob has a local account."""
    world.directory = found = MemoryDirectory()
    found.add("alice", PASSWORD)
    ids = {"entryUUID": "id-alice"}
    world.add("alice", origin=Origin.LDAP, directory_ids=ids, ssh_keys=(KEY,))
    world.add("bob", ssh_keys=(KEY,))
    return found


def asking(world: World) -> Ports:
    return replace(world.ports, ask_directory_at_doors=True)


def keys(world: World, username: str, directory: Directory | None) -> list[str]:
    ask = None if directory is None else (lambda: directory)
    return ssh_keys.authorized_lines(world.ports, username, directory=ask)


def refusals(world: World, username: str) -> list[AccountsError]:
    calls = (
        lambda: host_sign_in.usable_account(asking(world), username),
        lambda: host_sign_in.check_entry(asking(world), username),
        lambda: host_sign_in.begin(asking(world), username, "here", "sudo", null_ok=True),
    )
    found = [outcome(call) for call in calls]
    return [one for one in found if isinstance(one, AccountsError)]


def test_a_person_who_is_still_in_the_directory_enters(
    world: World, directory: MemoryDirectory
) -> None:
    assert refusals(world, "alice") == []
    assert keys(world, "alice", directory) == [f"{ED25519} laptop"]


def removed(directory: MemoryDirectory) -> None:
    del directory.people["alice"]


def disabled(directory: MemoryDirectory) -> None:
    directory.add("alice", PASSWORD, enabled=False)


def somebody_else(directory: MemoryDirectory) -> None:
    directory.add("alice", PASSWORD, id_="another")


@pytest.mark.parametrize("change", [removed, disabled, somebody_else])
def test_a_person_removed_or_disabled_in_the_directory_does_not_enter(
    world: World, directory: MemoryDirectory, change: object
) -> None:
    assert callable(change)
    change(directory)
    found = refusals(world, "alice")
    assert [str(one) for one in found] == [
        "Your account was removed from the directory, or disabled there. Ask an admin."
    ] * 3
    assert not any(isinstance(one, CannotCheck) for one in found)
    assert keys(world, "alice", directory) == []
    # Without the setting, this is found by a synchronisation only.
    host_sign_in.check_entry(world.ports, "alice")
    assert keys(world, "alice", None) == [f"{ED25519} laptop"]


def test_nobody_from_the_directory_enters_while_it_cannot_be_asked(
    world: World, directory: MemoryDirectory
) -> None:
    directory.down = True
    assert all(isinstance(one, CannotCheck) for one in refusals(world, "alice"))
    with pytest.raises(CannotCheck):
        keys(world, "alice", directory)
    directory.broken = DirectoryMisconfigured("The bind password is wrong.")
    assert all(isinstance(one, CannotUseDirectory) for one in refusals(world, "alice"))
    world.directory = None  # it was removed from the configuration
    assert all(isinstance(one, CannotCheck) for one in refusals(world, "alice"))
    assert len(refusals(world, "alice")) == 3
    # Local accounts do not depend on it.
    assert refusals(world, "bob") == []
    assert keys(world, "bob", directory) == [f"{ED25519} laptop"]
    assert directory.looked_up == []
