"""A person renamed in the directory keeps the account and everything that protects it."""

import pytest

from cwtui.accounts import (
    administration,
    roles,
    self_service,
    sign_in,
    synchronising,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    AccountsError,
    Refused,
    SessionEnded,
    SignInFailed,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.preferences import DEFAULTS, Preferences, Theme
from cwtui.accounts.sign_in_states import CodeNeeded, EnrolmentNeeded, SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.renaming.ann_and_bob import KEPT, begin, secret_of, sync
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device, World

# At the sign-in under the new name


def test_a_renamed_user_is_asked_for_the_code(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    before = world.account("ann")
    directory.rename(ann="anna")
    state = begin(world, "ann", "anna")
    assert isinstance(state, CodeNeeded)
    after = world.account("anna")
    assert world.accounts.get("ann") is None
    assert before.second_factor is not None
    assert after.second_factor is not None
    assert secret_of(world, "anna") == device.totp_secret.reveal()
    assert after.second_factor.backup_codes == before.second_factor.backup_codes
    assert (after.mfa_required, after.created_at) == (True, NOW - 1000)
    assert after.moved is None
    state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, SignedIn)


def test_a_renamed_user_keeps_all_devices_and_their_used_codes(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    tablet = world.equip_too("Tablet", "ann")
    world.clock.forward(30)
    state = begin(world, "ann", "ann")
    assert isinstance(state, CodeNeeded)
    used = tablet.code(world.clock())
    sign_in.with_one_time_code(world.ports, state, used)
    directory.rename(ann="anna")
    state = begin(world, "ann", "anna")
    assert isinstance(state, CodeNeeded)
    with pytest.raises(SignInFailed, match="already used"):
        sign_in.with_one_time_code(world.ports, state, used)
    found = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(found, SignedIn)


@pytest.mark.usefixtures("device")
def test_a_renamed_user_can_use_the_old_backup_codes(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    directory.rename(ann="anna")
    state = begin(world, "ann", "anna")
    assert isinstance(state, CodeNeeded)
    state = sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())
    assert isinstance(state, SignedIn)


@pytest.mark.usefixtures("device")
def test_a_rename_moves_the_sign_in_record(world: World, directory: MemoryDirectory) -> None:
    world.records.kept["ann"] = KEPT
    directory.rename(ann="anna")
    begin(world, "ann", "anna")
    record = world.records.get("anna")
    assert "ann" not in world.records.kept
    for field in ("code_attempts", "known_sources", "devices", "last_sign_in"):
        assert getattr(record, field) == getattr(KEPT, field)
    assert record.password_attempts == KEPT.password_attempts


def test_a_code_used_under_the_old_name_stays_used(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    code = device.code(world.clock())
    state = begin(world, "ann", "ann")
    assert isinstance(state, CodeNeeded)
    sign_in.with_one_time_code(world.ports, state, code)
    directory.rename(ann="anna")
    state = begin(world, "ann", "anna")
    assert isinstance(state, CodeNeeded)
    with pytest.raises(SignInFailed, match="already used"):
        sign_in.with_one_time_code(world.ports, state, code)


def test_a_rename_keeps_required_mfa(world: World, directory: MemoryDirectory) -> None:
    directory.rename(bob="bert")
    assert isinstance(begin(world, "bob", "bert"), EnrolmentNeeded)


def test_preferences_follow_a_rename_and_the_reused_name_has_none(
    world: World, directory: MemoryDirectory
) -> None:
    chosen = Preferences(Theme.LIGHT, "Europe/Berlin")
    world.put(world.account("ann").changed(preferences=chosen))
    directory.rename(ann="anna")
    directory.add("ann", f"new-{PASSWORD}", id_="somebody else")
    begin(world, "new", "ann")
    assert world.account("anna").preferences == chosen
    assert world.account("ann").preferences == DEFAULTS


def test_a_disabled_user_stays_disabled_after_a_rename(
    world: World, directory: MemoryDirectory
) -> None:
    administration.update_user(world.ports, OPERATOR, "bob", Update(enabled=False))
    directory.rename(bob="bert")
    with pytest.raises(Refused, match="is disabled"):
        begin(world, "bob", "bert")
    assert not world.account("bert").enabled


@pytest.mark.usefixtures("device")
def test_a_rename_is_recorded(world: World, directory: MemoryDirectory) -> None:
    directory.rename(ann="anna d'arc".replace(" ", "_"))
    begin(world, "ann", "anna_d'arc")
    (event,) = [one for one in world.events if one.event is EventType.USER_RENAME]
    assert (event.actor, event.subject, event.source) == ("anna_d'arc", "anna_d'arc", HERE)
    assert event.reason == "from the directory: before=ann"
    directory.rename(**{"anna_d'arc": "anna maria"})
    sync(world)
    assert world.events[-1].reason == "from the directory: before=anna_d'arc"
    assert world.events[-1].subject == "anna maria"


def test_sessions_under_the_old_name_end(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    state = begin(world, "ann", "ann")
    assert isinstance(state, CodeNeeded)
    waiting = state
    state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, SignedIn)
    directory.rename(ann="anna")
    begin(world, "ann", "anna")
    with pytest.raises(SessionEnded, match="removed or renamed"):
        self_service.overview(world.ports, state.session)
    world.clock.forward(30)
    with pytest.raises(AccountsError):
        sign_in.with_one_time_code(world.ports, waiting, device.code(world.clock()))


@pytest.mark.usefixtures("device")
def test_the_old_name_fails_like_any_unknown_name(world: World, directory: MemoryDirectory) -> None:
    """Before and after the first sign-in under the new name."""
    directory.rename(ann="anna")
    for _ in range(2):
        with pytest.raises(SignInFailed) as old:
            begin(world, "ann", "ann")
        with pytest.raises(SignInFailed) as nobody:
            begin(world, "ann", "nobody")
        assert str(old.value) == str(nobody.value) == "Username or password is wrong."
        world.clock.forward(1000)
        begin(world, "ann", "anna")


@pytest.mark.usefixtures("device")
def test_an_ordinary_sign_in_does_not_search_all_accounts(
    world: World, directory: MemoryDirectory
) -> None:
    """Only a person's first sign-in does."""
    begin(world, "ann", "ann")
    with pytest.raises(SignInFailed):
        begin(world, "ann", "nobody")
    assert world.accounts.looked_through == 0
    directory.add("eve", f"eve-{PASSWORD}")
    begin(world, "eve", "eve")
    assert world.accounts.looked_through > 0
    before = world.accounts.looked_through
    begin(world, "eve", "eve")
    assert world.accounts.looked_through == before


# A new name that is taken


def test_a_local_account_of_the_new_name_wins(world: World, directory: MemoryDirectory) -> None:
    world.add("bert")
    directory.rename(bob="bert")
    with pytest.raises(SignInFailed):
        begin(world, "bob", "bert")
    assert sync(world, force=True).blocked == (synchronising.NameChange("bob", "bert"),)
    assert world.account("bert").origin is Origin.LOCAL
    assert world.account("bob").mfa_required


def test_two_users_who_swap_names_keep_their_devices(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    other = world.equip("bob")
    world.records.kept["ann"] = KEPT
    directory.rename(ann="bob", bob="ann")
    state = begin(world, "ann", "bob")
    assert isinstance(state, CodeNeeded)
    assert secret_of(world, "bob") == device.totp_secret.reveal()
    assert secret_of(world, "ann") == other.totp_secret.reveal()
    assert world.records.get("bob").known_sources == KEPT.known_sources
    assert world.records.get("ann").known_sources == ()
    assert world.account("ann").moved is None
    assert world.account("bob").moved is None


@pytest.mark.parametrize("way", ["sign-in", "sync"])
def test_names_rotated_among_users_keep_their_devices(
    world: World, directory: MemoryDirectory, way: str
) -> None:
    names = ["ann", "bob", "cid", "dan"]
    devices = {}
    for name in names:
        if world.accounts.get(name) is None:
            directory.add(name, f"{name}-{PASSWORD}")
            begin(world, name, name)
        devices[name] = world.equip(name)
    moves = dict(zip(names, [*names[1:], names[0]], strict=True))
    directory.rename(**moves)
    if way == "sync":
        sync(world)
    else:
        begin(world, "cid", "dan")
    for before, after in moves.items():
        assert secret_of(world, after) == devices[before].totp_secret.reveal()
    assert not any(world.account(name).moved for name in names)


def test_a_reused_name_passes_nothing_to_the_new_person(
    world: World, directory: MemoryDirectory, device: Device
) -> None:
    """The new person inherits nothing and the old one loses nothing."""
    world.records.kept["ann"] = KEPT
    directory.rename(ann="anna")
    directory.add("ann", f"new-{PASSWORD}", id_="somebody else")
    assert isinstance(begin(world, "new", "ann"), SignedIn)
    new = world.account("ann")
    assert (new.second_factor, new.mfa_required, new.created_at) == (None, False, NOW)
    assert world.records.get("ann").known_sources == (HERE,)
    assert world.records.get("anna").known_sources == KEPT.known_sources
    assert secret_of(world, "anna") == device.totp_secret.reveal()


@pytest.mark.usefixtures("device")
def test_the_name_of_a_missing_user_is_not_reused(world: World, directory: MemoryDirectory) -> None:
    """It could be a mistake in the directory, so an admin must remove the account first."""
    del directory.people["ann"]
    directory.rename(bob="ann")
    with pytest.raises(Refused, match="created for another person"):
        begin(world, "bob", "ann")
    found = sync(world, force=True)
    assert found.blocked == (synchronising.NameChange("bob", "ann"),)
    assert found.gone == ("ann", "bob")
    administration.remove_user(world.ports, OPERATOR, "ann")
    assert isinstance(begin(world, "bob", "ann"), EnrolmentNeeded)
    assert world.account("ann").gone_since is None


@pytest.mark.usefixtures("device")
def test_without_a_bind_account_a_swap_needs_an_admin(
    world: World, directory: MemoryDirectory
) -> None:
    """The directory cannot be searched for the other person; a plain rename works."""
    directory.has_bind_account = False
    directory.rename(ann="anna")
    assert isinstance(begin(world, "ann", "anna"), CodeNeeded)
    directory.rename(anna="bob", bob="anna")
    with pytest.raises(Refused, match="created for another person"):
        begin(world, "ann", "bob")
    assert world.account("anna").second_factor is not None


# Synchronizing


@pytest.mark.usefixtures("device")
def test_sync_renames_accounts(world: World, directory: MemoryDirectory) -> None:
    world.records.kept["ann"] = KEPT
    directory.rename(ann="anna")
    found = sync(world)
    assert found == synchronising.Synchronised(
        (), (), (), (synchronising.NameChange("ann", "anna"),), changed=True
    )
    assert world.account("anna").second_factor is not None
    assert world.records.get("anna") == KEPT
    assert "ann" not in world.records.kept
    assert sync(world).renamed == ()
    assert isinstance(begin(world, "ann", "anna"), CodeNeeded)


@pytest.mark.usefixtures("device")
def test_sync_clears_the_missing_mark_of_a_renamed_user(
    world: World, directory: MemoryDirectory
) -> None:
    world.put(world.account("ann").changed(gone_since=NOW))
    directory.rename(ann="anna")
    sync(world)
    assert world.account("anna").gone_since is None


# Ids that appear, and disappear


def test_an_id_added_later_keeps_the_person_known(world: World, directory: MemoryDirectory) -> None:
    """389 Directory Server fills in entryUUID in a background task."""
    directory.add("eve", f"eve-{PASSWORD}", ids={"nsUniqueId": "n-1"})
    begin(world, "eve", "eve")
    both = {"nsUniqueId": "n-1", "entryUUID": "e-1"}
    directory.add("eve", f"eve-{PASSWORD}", ids=both)
    assert "eve" not in sync(world).gone
    assert world.account("eve").directory_ids == both
    directory.add("eve", f"eve-{PASSWORD}", ids={"entryUUID": "e-1"})
    begin(world, "eve", "eve")
    assert world.account("eve").directory_ids == both
    directory.add("eve", f"eve-{PASSWORD}", ids={"entryUUID": "e-1", "nsUniqueId": "n-2"})
    with pytest.raises(Refused, match="another person"):
        begin(world, "eve", "eve")


def test_a_sign_in_learns_new_ids(world: World, directory: MemoryDirectory) -> None:
    both = {"entryUUID": "id-bob", "ipaUniqueID": "i-1"}
    directory.add("bob", f"bob-{PASSWORD}", (roles.MINIMUM,), ids=both)
    written = len(world.events)
    begin(world, "bob", "bob")
    assert world.account("bob").directory_ids == both
    assert EventType.USER_UPDATE not in world.event_types()[written:]


def test_an_id_stored_without_its_attribute_still_matches(
    world: World, directory: MemoryDirectory
) -> None:
    """As in a store of schema 3."""
    world.put(world.account("ann").changed(directory_ids={"": "n-1"}))
    both = {"nsUniqueId": "n-1", "entryUUID": "e-1"}
    directory.add("ann", f"ann-{PASSWORD}", ids=both)
    directory.rename(ann="anna")
    assert isinstance(begin(world, "ann", "anna"), EnrolmentNeeded)
    assert world.account("anna").directory_ids == both
    world.put(world.account("bob").changed(directory_ids={"": "other"}))
    with pytest.raises(Refused, match="another person"):
        begin(world, "bob", "bob")


@pytest.mark.usefixtures("device")
def test_an_account_without_ids_is_not_given_to_another_user(
    world: World, directory: MemoryDirectory
) -> None:
    """It was created when no id could be read; ann, who now has its name, has her own account."""
    world.put(Account(username="anna", created_at=NOW, origin=Origin.LDAP))
    directory.rename(ann="anna")
    with pytest.raises(Refused, match="another person"):
        begin(world, "ann", "anna")
