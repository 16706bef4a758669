"""Accounts that count as disabled after days without a sign-in."""

from typing import NoReturn

import pytest

from cwtui.accounts import administration, cut_off, organization, ssh_keys, user_list, user_ssh_keys
from cwtui.accounts.account_state import Status
from cwtui.accounts.errors import DisablesUnused, SignInEnded, SignInFailed, StoreDamaged
from cwtui.accounts.listing import View
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.ssh_lines import ED25519
from tests.accounts.world import OPERATOR, World, outcome

DAY = 86400.0
AGREED = frozenset({DisablesUnused})


@pytest.fixture
def plant(world: World) -> World:
    """An organization that disables accounts after 90 days."""
    world.settings(unused_days=90)
    world.add_admin("ada")
    return world


def listed(world: World, words: str, column: str = "username") -> list[str]:
    rows = user_list.list_users(world.ports, OPERATOR, View(words, column)).rows
    return [row.username for row in rows]


def state(world: World, username: str) -> Status:
    """What the account's page says; the list says the same."""
    found = administration.show_user(world.ports, OPERATOR, username).status
    (row,) = user_list.list_users(world.ports, OPERATOR, View(username)).rows
    assert row.status(world.clock()) is found
    return found


def test_an_account_is_disabled_after_so_many_days_without_a_sign_in(plant: World) -> None:
    plant.add()
    plant.clock.forward(30 * DAY)
    plant.session()
    plant.clock.forward(90 * DAY)
    assert state(plant, "alice") is Status.ENABLED
    plant.clock.forward(1)
    assert state(plant, "alice") is Status.UNUSED
    before = plant.account()
    with pytest.raises(SignInEnded, match="because you have not signed in for 90 days") as ended:
        plant.begin()
    assert not ended.value.may_return
    with pytest.raises(SignInFailed, match="Username or password is wrong"):
        plant.begin(password="wrong")
    assert plant.account() == before  # nothing is written


def test_the_days_count_from_the_creation_if_nobody_ever_signed_in(plant: World) -> None:
    plant.add()
    plant.clock.forward(90 * DAY)
    assert state(plant, "alice") is Status.ENABLED
    plant.clock.forward(1)
    assert state(plant, "alice") is Status.UNUSED


def test_enabling_starts_the_days_anew(plant: World) -> None:
    plant.add()
    plant.clock.forward(91 * DAY)
    done = administration.update_user(plant.ports, OPERATOR, "alice", Update(enabled=True))
    assert done.changed
    assert plant.events[-1].reason == "enabled=True"
    assert not administration.update_user(
        plant.ports, OPERATOR, "alice", Update(enabled=True)
    ).changed
    plant.clock.forward(90 * DAY)
    assert state(plant, "alice") is Status.ENABLED
    plant.session()
    plant.clock.forward(91 * DAY)
    assert state(plant, "alice") is Status.UNUSED


def test_unused_accounts_stay_enabled_by_default(world: World) -> None:
    world.add()
    world.clock.forward(10_000 * DAY)
    world.session()
    assert state(world, "alice") is Status.ENABLED


def test_ssh_keys_and_copies_of_unused_accounts_open_no_door(plant: World) -> None:
    plant.add()
    user_ssh_keys.add(plant.ports, OPERATOR, "alice", ED25519)
    alice = plant.account()
    settings = plant.accounts.settings()

    def opens() -> tuple[bool, bool]:
        return (
            bool(ssh_keys.authorized_lines(plant.ports, "alice")),
            cut_off.may_be_kept(plant.ports, alice, settings),
        )

    assert opens() == (True, True)
    plant.clock.forward(91 * DAY)
    assert opens() == (False, False)


def test_a_copy_says_when_the_account_was_last_used(plant: World) -> None:
    """So a host that is cut off refuses it on the same day."""
    plant.add(expires_at=plant.clock() + 9 * DAY)
    plant.clock.forward(5 * DAY)
    plant.session()
    settings, record = plant.accounts.settings(), plant.records.get("alice")
    copy = cut_off.copy_of(plant.account(), record, settings)
    assert copy.enabled_at == plant.clock()
    assert copy.expires_at == plant.account().expires_at
    assert cut_off.strict(settings).unused_days == 90


# Admins


def test_the_admin_who_signed_in_last_is_spared(plant: World) -> None:
    plant.add_admin("bea")
    plant.add_admin("eve", enabled=False)
    plant.add_admin("fay", expires_at=plant.clock() + 99 * DAY)
    plant.clock.forward(DAY)
    for name in ("ada", "bea", "fay"):
        plant.session(name)
        plant.clock.forward(60)
    plant.clock.forward(100 * DAY)
    assert [state(plant, name).value for name in ("ada", "bea", "eve", "fay")] == [
        *("unused", "enabled", "disabled", "expired"),
    ]
    with pytest.raises(SignInEnded):
        plant.begin("ada")
    plant.session("bea")


def test_the_last_used_of_the_enabled_admins_is_spared(plant: World) -> None:
    plant.add_admin("bea")
    plant.clock.forward(DAY)
    plant.session("bea")
    plant.clock.forward(100 * DAY)
    assert state(plant, "ada") is Status.UNUSED
    administration.update_user(plant.ports, OPERATOR, "bea", Update(enabled=False))
    assert state(plant, "ada") is Status.ENABLED
    plant.session("ada")


def test_an_admin_who_has_chosen_no_password_yet_is_not_spared_instead(plant: World) -> None:
    plant.session("ada")
    plant.clock.forward(88 * DAY)
    plant.add_admin("bea", initial_password_expires_at=plant.clock() + 7 * DAY)
    plant.add_admin("fay", expires_at=plant.clock() + 9 * DAY)
    plant.clock.forward(5 * DAY)
    plant.session("ada")


# Lists


def test_filters_and_orders_know_who_is_unused(plant: World) -> None:
    for name in ("alice", "bob", "cho", "dan"):
        plant.add(name)
    plant.clock.forward(50 * DAY)
    plant.session("ada")
    plant.session("bob")
    plant.put(plant.account("dan").changed(enabled=False))
    plant.clock.forward(50 * DAY)
    assert listed(plant, "unused") == listed(plant, "status:unused") == ["alice", "cho"]
    assert listed(plant, "enabled") == ["ada", "bob"]
    assert listed(plant, "!unused") == ["ada", "bob", "dan"]
    assert listed(plant, "disabled") == ["dan"]
    assert listed(plant, "", "status") == ["ada", "bob", "alice", "cho", "dan"]


def test_a_list_without_sign_in_records_says_that_it_does_not_know(
    plant: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.add()
    plant.clock.forward(91 * DAY)

    def damaged(_: str) -> NoReturn:
        raise StoreDamaged("07.json is damaged.")

    monkeypatch.setattr(plant.records, "get", damaged)
    found = user_list.list_users(plant.ports, OPERATOR)
    assert [row.username for row in found.rows] == ["ada", "alice"]
    assert str(found.problem) == "07.json is damaged."
    with pytest.raises(StoreDamaged):
        listed(plant, "unused")
    assert isinstance(outcome(plant.begin), StoreDamaged)


# The setting


def test_switching_it_on_says_how_many_accounts_it_disables(world: World) -> None:
    world.add_admin("ada")
    for name in ("alice", "bob"):
        world.add(name)
    world.add("cho", enabled=False)
    world.clock.forward(91 * DAY)
    world.session("ada")
    world.session("bob")

    def save(days: int, agreed: bool) -> organization.Saved:
        consent = AGREED if agreed else frozenset[type[DisablesUnused]]()
        values = {"unused_days": str(days)}
        return organization.update_settings(world.ports, OPERATOR, values, consent)

    with pytest.raises(DisablesUnused) as needed:
        save(90, agreed=False)
    assert str(needed.value) == (
        "1 user has not signed in for 90 days, and cannot sign in until an admin enables the "
        "account."
    )
    assert not world.accounts.settings().unused_days
    assert save(90, agreed=True).unused == str(needed.value)
    assert save(91, agreed=False).changed  # not more than before
    assert save(0, agreed=False).changed
    assert save(120, agreed=False).changed  # nobody


def test_the_owner_is_told_how_near_it_was(plant: World) -> None:
    def warned() -> tuple[str, ...]:
        done = plant.begin()
        assert isinstance(done, SignedIn)
        return done.warnings

    plant.add()
    plant.clock.forward(75 * DAY)
    assert warned() == ()
    plant.clock.forward(88 * DAY)
    assert warned() == (
        "Accounts are disabled after 90 days without a sign-in. Yours would have been in 2 days.",
    )
    assert warned() == ()
