"""Renames that are ambiguous, happen twice at once, or are killed half-way."""

import pytest

from cwtui.accounts import devices, self_service, sign_in, synchronising
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    SessionEnded,
    SignInFailed,
)
from cwtui.accounts.model import Moved, Origin
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from tests.accounts.crashing import Crashing, Killed
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.renaming.ann_and_bob import KEPT, begin, secret_of, sync
from tests.accounts.steps import at_step, only, with_only
from tests.accounts.world import HERE, NOW, PASSWORD, World

# Ambiguous cases


@pytest.mark.usefixtures("device")
def test_one_id_under_two_names_renames_nobody(world: World, directory: MemoryDirectory) -> None:
    directory.add("anna", f"ann-{PASSWORD}", id_="id-ann")
    with pytest.raises(Refused, match="two names in the directory"):
        begin(world, "ann", "anna")
    assert sync(world).renamed == ()
    assert world.account("ann").second_factor is not None
    assert world.accounts.get("anna") is None


@pytest.mark.usefixtures("device")
def test_two_accounts_with_one_id_rename_nobody(world: World, directory: MemoryDirectory) -> None:
    world.put(world.account("bob").changed(directory_ids={"entryUUID": "id-ann"}))
    directory.rename(ann="anna")
    with pytest.raises(Refused, match="two accounts here"):
        begin(world, "ann", "anna")
    assert synchronising.NameChange("ann", "anna") in sync(world, force=True).blocked
    assert world.accounts.get("anna") is None


@pytest.mark.usefixtures("device")
def test_a_misconfigured_directory_renames_nobody(
    world: World, directory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise DirectoryMisconfigured("of no concern to users")

    directory.rename(ann="anna")
    monkeypatch.setattr(directory, "find", broken)
    with pytest.raises(CannotCheck, match="is not configured correctly"):
        begin(world, "ann", "anna")
    assert world.account("ann").second_factor is not None


@pytest.mark.usefixtures("device")
def test_a_secret_under_a_lost_key_is_kept(world: World, directory: MemoryDirectory) -> None:
    world.equip("bob")
    world.keyring.made = {"k2": NOW}
    bob = world.equip("bob")
    directory.rename(ann="anna", bob="bert")
    with pytest.raises(KeyringMissing):
        begin(world, "ann", "anna")
    found = sync(world)
    assert found.renamed == (synchronising.NameChange("bob", "bert"),)
    assert found.blocked == (synchronising.NameChange("ann", "anna"),)
    assert world.account("ann").second_factor is not None
    assert secret_of(world, "bert") == bob.totp_secret.reveal()


@pytest.mark.usefixtures("device")
def test_a_second_device_that_cannot_be_decrypted_stops_only_its_owners_rename(
    world: World, directory: MemoryDirectory
) -> None:
    world.keyring.made["k2"] = NOW
    world.equip_too("Tablet", "ann")
    del world.keyring.made["k2"]
    directory.rename(ann="anna", bob="bert")
    assert sync(world).renamed == (synchronising.NameChange("bob", "bert"),)


def test_a_rename_does_not_need_a_given_up_key_again(
    world: World, directory: MemoryDirectory
) -> None:
    """Otherwise the store could not be opened after the rename."""
    world.equip("bob")
    kept = world.account("bob").second_factor
    assert kept is not None
    world.keyring.made["k2"] = NOW
    secret = devices.sealed(world.keyring, "bob", only(kept).id, Secret("A" * 32))
    world.put(world.account("bob").changed(second_factor=with_only(kept, secret)))
    with world.accounts.change() as change:
        change.put_needed_keys(frozenset({"k2"}))
    directory.rename(bob="bert")
    begin(world, "bob", "bert")
    assert world.accounts.needed_keys() == {"k2"}


# Concurrent and killed processes


@pytest.mark.usefixtures("device")
def test_two_processes_rename_only_once(world: World, directory: MemoryDirectory) -> None:
    directory.rename(ann="anna")
    world.accounts.before_change = lambda: begin(world, "ann", "anna")
    assert isinstance(begin(world, "ann", "anna"), CodeNeeded)
    assert world.event_types().count(EventType.USER_RENAME) == 1
    assert world.accounts.get("ann") is None


@pytest.mark.usefixtures("device")
def test_concurrent_first_sign_ins_create_one_account(
    world: World, directory: MemoryDirectory
) -> None:
    directory.add("eve", f"eve-{PASSWORD}")

    def as_another_name() -> None:
        begin(world, "eve", "eve")
        directory.rename(eve="eva")
        begin(world, "eve", "eva")

    world.accounts.before_change = as_another_name
    with pytest.raises(Refused, match="two names in the directory"):
        begin(world, "eve", "eve")
    assert world.accounts.get("eve") is None


NEW_NAMES = {
    "renamed": {"ann": "anna"},
    "swapped": {"ann": "bob", "bob": "ann"},
    "given on": {"ann": "anna"},
}


@pytest.mark.parametrize("how", NEW_NAMES)
def test_a_kill_at_any_point_leaves_everyone_protected(how: str) -> None:
    """Each person always has one account with device, last time step and failed attempts."""
    names = NEW_NAMES[how]
    comes = "eve" if how == "given on" else "ann"
    for calls in range(1, 400):
        world = World()
        directory = MemoryDirectory()
        world.directory = directory
        devices_of = {}
        for name in ("ann", "bob"):
            directory.add(name, f"{name}-{PASSWORD}")
            begin(world, name, name)
            devices_of[name] = world.equip(name)
            id_ = only(world.account(name).second_factor).id
            world.records.kept[name] = at_step(int(NOW) // 30, KEPT, id_)
        directory.rename(**names)
        if how == "given on":
            directory.add("ann", f"eve-{PASSWORD}", id_="id-eve")
        crashing = Crashing(world.ports, calls)
        try:
            name = "ann" if how == "given on" else names["ann"]
            sign_in.with_password(crashing.ports, name, Secret(f"{comes}-{PASSWORD}"), HERE)
        except Killed:
            pass
        else:
            assert calls > 20
            return
        for who, device in devices_of.items():
            state = begin(world, who, names.get(who, who))
            assert isinstance(state, CodeNeeded)
            code = device.code(NOW)
            with pytest.raises(SignInFailed, match="already used"):
                sign_in.with_one_time_code(world.ports, state, code)
            record = world.records.get(names.get(who, who))
            assert record.known_sources == KEPT.known_sources
            assert record.code_attempts[""].failures >= KEPT.code_attempts[""].failures
        theirs = {row.username for row in world.accounts.rows() if row.origin is Origin.LDAP}
        assert {*names.values(), "bob"} <= theirs <= {*names.values(), "bob", "ann"}
        assert len(theirs) == 2 or how == "given on"
    pytest.fail("the sign-in never completed")


@pytest.mark.usefixtures("device")
def test_a_second_rename_keeps_a_record_not_yet_moved(
    world: World, directory: MemoryDirectory
) -> None:
    """A process was killed, and the user was renamed again before the next sign-in."""
    world.put(world.account("ann").changed(moved=Moved("anne", KEPT)))
    directory.rename(ann="anna")
    begin(world, "ann", "anna")
    assert world.records.get("anna").known_sources == KEPT.known_sources


def test_a_session_under_a_swapped_name_ends(world: World, directory: MemoryDirectory) -> None:
    for name in ("ann", "bob"):
        world.put(world.account(name).changed(mfa_required=False))
    state = begin(world, "bob", "bob")
    assert isinstance(state, SignedIn)
    directory.rename(ann="bob", bob="ann")
    begin(world, "ann", "bob")
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, state.session)
