"""Syncing with the directory while accounts change, and sanity checks on the result."""

from collections.abc import Callable

import pytest

from cwtui.accounts import administration, provisioning, roles, synchronising
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.directory_port import (
    WRONG,
    CannotReachDirectory,
    CannotSearchDirectory,
    NoDirectoryUser,
)
from cwtui.accounts.errors import AccountsError, CannotCheck, SessionEnded
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.session import Actor
from cwtui.accounts.updates import Update
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import NOW, OPERATOR, PASSWORD, World


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    """A directory with ada and ann (local here too) and ben (marked missing), but without cid."""
    found = MemoryDirectory()
    for name in ("ada", "ann", "ben"):
        found.add(name, PASSWORD)
    world.directory = found
    world.add_admin("ada")
    world.add("ann")
    world.put(Account(username="ben", created_at=NOW, origin=Origin.LDAP, gone_since=NOW))
    world.put(Account(username="cid", created_at=NOW, origin=Origin.LDAP))
    return found


def sync(world: World, actor: Actor = OPERATOR) -> synchronising.Synchronised:
    directory = provisioning.directory_of(world.ports)
    return synchronising.sync(world.ports, directory, actor, lambda *_: None)


@pytest.mark.usefixtures("directory")
def test_sync_reports_missing_returned_and_conflicting_names(world: World) -> None:
    world.put(world.account("ann").changed(username="dan", origin=Origin.LDAP))
    assert sync(world) == synchronising.Synchronised(
        ("cid", "dan"), ("ben",), ("ada", "ann"), changed=True
    )


@pytest.mark.usefixtures("directory")
def test_an_account_removed_meanwhile_is_skipped(world: World) -> None:
    world.accounts.before_change = lambda: administration.remove_user(world.ports, OPERATOR, "ann")
    assert sync(world) == synchronising.Synchronised(("cid",), ("ben",), ("ada",), changed=True)
    assert world.accounts.get("ann") is None


@pytest.mark.usefixtures("directory")
def test_an_admin_demoted_meanwhile_marks_nobody(world: World) -> None:
    world.add_admin("eve")
    eve = world.session("eve")
    world.accounts.before_change = lambda: administration.update_user(
        world.ports, OPERATOR, "eve", Update(roles=(roles.MINIMUM,))
    )
    with pytest.raises(SessionEnded):
        sync(world, eve)
    assert world.account("cid").gone_since is None


def full_disk() -> None:
    raise CannotCheck("no space left")


WRITING: dict[str, Callable[[World, MemoryDirectory], object]] = {
    "the first sign-in": lambda w, d: w.begin(d.add("new", PASSWORD).username),
    "a later sign-in": lambda w, d: w.begin(d.add("ben", PASSWORD, display_name="Ben").username),
    "sync": lambda w, _: sync(w),
}


@pytest.mark.parametrize("way", WRITING)
def test_a_change_that_cannot_be_saved_is_not_recorded(
    world: World, directory: MemoryDirectory, way: str
) -> None:
    """DESIGN 4.7: a full disk is noticed before the event is in the log."""
    world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        WRITING[way](world, directory)
    assert not {EventType.USER_CREATE, EventType.USER_UPDATE} & {*world.event_types()}


def test_ids_are_learned_and_kept_when_no_longer_shown(
    world: World, directory: MemoryDirectory
) -> None:
    world.begin("ben")
    assert world.account("ben").directory_ids == {"entryUUID": "id-ben"}
    directory.add("ben", PASSWORD, ids={})
    world.begin("ben")
    assert world.account("ben").directory_ids == {"entryUUID": "id-ben"}


def test_a_display_name_too_long_for_a_line_is_dropped(
    world: World, directory: MemoryDirectory
) -> None:
    """Each of its characters is written as 18 others."""
    directory.add("ben", PASSWORD, display_name="\ufdfa" * 20)
    world.begin("ben")
    assert world.account("ben").display_name == ""


# A directory that shows too few users


def gone(world: World, *names: str) -> None:
    assert isinstance(world.directory, MemoryDirectory)
    for name in names:
        del world.directory.people[name]


def with_people(world: World, directory: MemoryDirectory, count: int) -> list[str]:
    """Only these have LDAP accounts."""
    for name in ("ben", "cid"):
        administration.remove_user(world.ports, OPERATOR, name)
    names = [f"p{number}" for number in range(count)]
    for name in names:
        directory.add(name, PASSWORD)
        world.begin(name)
    return names


def test_a_directory_that_shows_nobody_marks_nobody(
    world: World, directory: MemoryDirectory
) -> None:
    with_people(world, directory, 2)
    written = len(world.events)
    directory.people.clear()
    with pytest.raises(synchronising.MostAreGone) as refused:
        sync(world)
    assert str(refused.value) == (
        "2 of 2 LDAP users are missing in the directory, so nothing was changed. Check the "
        "permissions of the bind account, and base, user_rdn and search_filter in [directory]. If "
        "these users are really gone: cwtui directory sync --force"
    )
    assert len(world.events) == written
    assert not any(row.gone_since for row in world.accounts.rows())
    assert synchronising.sync(
        world.ports, directory, OPERATOR, lambda *_: None, force=True
    ).gone == ("p0", "p1")


@pytest.mark.parametrize(
    ("people", "leave", "is_plausible"),
    [
        (1, 1, True),  # the directory shows others, who are local here
        (3, 3, True),
        (4, 3, True),
        (4, 4, False),
        (7, 4, False),
        (8, 4, True),  # half is not most
        (20, 10, True),
        (20, 11, False),
    ],
)
def test_sync_refuses_when_most_users_are_missing(
    world: World, directory: MemoryDirectory, people: int, leave: int, is_plausible: bool
) -> None:
    names = with_people(world, directory, people)
    gone(world, *names[:leave])
    if is_plausible:
        assert sync(world).gone == tuple(sorted(names[:leave]))
    else:
        with pytest.raises(synchronising.MostAreGone):
            sync(world)


def test_users_already_marked_missing_do_not_count(
    world: World, directory: MemoryDirectory
) -> None:
    names = with_people(world, directory, 6)
    gone(world, *names[:2])
    sync(world)
    gone(world, *names[2:4])
    assert sync(world).gone == tuple(names[:4])
    directory.people.clear()
    with pytest.raises(synchronising.MostAreGone, match=r"^2 of 2 LDAP users are missing"):
        sync(world)


def test_a_renamed_user_is_not_missing(world: World, directory: MemoryDirectory) -> None:
    """All names may change at once, as when another attribute becomes the username."""
    names = with_people(world, directory, 6)
    directory.rename(**{name: f"{name}@plant.example" for name in names})
    assert len(sync(world).renamed) == 6
    assert world.account("p3@plant.example").gone_since is None


def test_a_store_without_ldap_users_syncs_an_empty_directory(
    world: World, directory: MemoryDirectory
) -> None:
    with_people(world, directory, 0)
    directory.people.clear()
    assert sync(world) == synchronising.Synchronised((), (), ())


# Messages


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoDirectoryUser(), WRONG),
        (
            CannotReachDirectory(("ldaps://one: no answer",)),
            (
                "The directory cannot be reached. Your password was not checked, and this does "
                "not count as a failed attempt. Try again in a minute; for details: cwtui "
                "directory test USER"
            ),
        ),
        (
            CannotSearchDirectory(),
            (
                "Without bind_dn in [directory], an entry can be read only with its own password "
                "(for cwtui directory test: --password-stdin)."
            ),
        ),
    ],
)
def test_errors_say_what_to_do(error: AccountsError, sentence: str) -> None:
    assert str(error) == sentence


def test_each_servers_reason_is_kept() -> None:
    assert CannotReachDirectory(("one: refused", "two: no answer")).reasons == (
        "one: refused",
        "two: no answer",
    )
