"""Syncing marks accounts whose users are missing from the directory."""

from dataclasses import replace

import msgspec
import pytest

from cwtui.accounts import (
    provisioning,
    self_service,
    synchronising,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
)
from cwtui.accounts.errors import (
    CannotCheck,
    SessionEnded,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.erin import LDAP_PASSWORD, begin, directory_with_erin, session_of
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import OPERATOR, World


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    return directory_with_erin(world)


def sync(world: World, *, force: bool = False) -> synchronising.Synchronised:
    directory = provisioning.directory_of(world.ports)
    return synchronising.sync(
        world.ports, directory, OPERATOR, lambda _done, _of: None, force=force
    )


def ldap_account(world: World, username: str) -> Account:
    return world.put(
        Account(
            username=username,
            created_at=world.clock(),
            origin=Origin.LDAP,
            directory_ids={"entryUUID": f"id-{username}"},
        )
    )


def test_sync_marks_missing_users_and_name_conflicts(
    world: World, directory: MemoryDirectory
) -> None:
    session_of(world)
    ldap_account(world, "gone")
    ldap_account(world, "frank")
    directory.add("frank", LDAP_PASSWORD, id_="somebody else")
    world.add("henry")
    directory.add("henry", LDAP_PASSWORD)
    found = sync(world)
    assert found == synchronising.Synchronised(("frank", "gone"), (), ("henry",), changed=True)
    assert world.account("gone").gone_since == world.clock()
    assert world.account("henry").in_directory_too
    assert world.account("erin").gone_since is None
    assert world.event_types()[-3:] == [EventType.USER_UPDATE] * 3
    written = len(world.events)
    world.clock.forward(60)
    again = sync(world)
    assert again == replace(found, changed=False)
    assert len(world.events) == written
    assert world.account("gone").gone_since == world.clock() - 60


def test_a_user_marked_missing_by_sync_cannot_act(world: World, directory: MemoryDirectory) -> None:
    """The next check of an open session may be minutes away."""
    session = session_of(world)
    sync(world)
    self_service.overview(world.ports, session)
    del directory.people["erin"]
    sync(world, force=True)
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, session)


def test_sync_clears_marks_that_no_longer_apply(world: World, directory: MemoryDirectory) -> None:
    ldap_account(world, "gone")
    world.add("henry", in_directory_too=True)
    sync(world, force=True)
    directory.add("gone", LDAP_PASSWORD)
    found = sync(world)
    assert found == synchronising.Synchronised((), ("gone",), (), changed=True)
    assert world.account("gone").gone_since is None
    assert not world.account("henry").in_directory_too


@pytest.mark.usefixtures("directory")
def test_a_sign_in_clears_the_missing_mark(world: World) -> None:
    session_of(world)
    world.put(world.account("erin").changed(gone_since=world.clock()))
    session_of(world)
    assert world.account("erin").gone_since is None


@pytest.mark.usefixtures("directory")
def test_sync_works_in_batches(world: World) -> None:
    for number in range(synchronising.BATCH + 3):
        ldap_account(world, f"a{number:04d}")
    commits = world.accounts.commits
    found = sync(world, force=True)
    assert len(found.gone) == synchronising.BATCH + 3
    assert world.accounts.commits == commits + 2


def test_sync_during_an_outage_marks_nobody(world: World, directory: MemoryDirectory) -> None:
    ldap_account(world, "gone")
    directory.down = True
    with pytest.raises(CannotReachDirectory):
        sync(world)
    assert world.account("gone").gone_since is None


def test_a_user_disabled_in_the_directory_counts_as_gone_until_enabled_there(
    world: World, directory: MemoryDirectory
) -> None:
    """Otherwise SSH keys would open doors for ever, because no password is checked there."""
    session = session_of(world)
    known = world.account("erin")
    _, user = directory.people["erin"]
    directory.people["erin"] = LDAP_PASSWORD, msgspec.structs.replace(user, enabled=False)
    assert sync(world).gone == ("erin",)
    assert world.account("erin").gone_since == world.clock()
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, session)
    directory.people["erin"] = LDAP_PASSWORD, user
    assert sync(world).found_again == ("erin",)
    assert world.account("erin").directory_ids == known.directory_ids


@pytest.mark.usefixtures("directory")
def test_disabled_mfa_applies_to_ldap_users_too(world: World) -> None:
    world.settings(mfa=Mfa.OFF, mfa_required_for_new_ldap_users=True)
    assert isinstance(begin(world), SignedIn)


def test_a_missing_directory_is_explained(world: World) -> None:
    ports: Ports = replace(world.ports, directory=None)
    with pytest.raises(CannotCheck) as refused:
        provisioning.directory_of(ports)
    assert str(refused.value) == (
        "No directory is configured: the configuration has no [directory] section."
    )
