"""A restore replaces all, without reopening what was closed since the backup."""

import errno
import fcntl
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from cwtui import backups, maintenance, services
from cwtui.accounts import administration, devices, renaming, sign_in
from cwtui.accounts.credentials import totp
from cwtui.accounts.directory_port import DirectoryUser
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    SessionEnded,
    SignInFailed,
    StoreDamaged,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.renaming import Rename
from cwtui.accounts.session import account_of
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.accounts.updates import Update
from cwtui.accounts.upkeep import key_rotation
from cwtui.config import Config
from cwtui.host import locks
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import number_of
from tests.accounts.steps import at_step, last_step, one_device
from tests.accounts.world import NOW, OPERATOR, Device
from tests.durability.saves import connected, unwatched
from tests.maintenance.small_store import (
    asked_for_code,
    backup_in,
    events,
    inside,
    names,
    restore,
    session_of,
)
from tests.store.table_files import journal_of
from tests.store.tars import manifest_for, plain, tar_of


def test_a_restore_replaces_the_store_and_keeps_the_old_one(config: Config) -> None:
    connected(config)
    before = inside(config.folder)
    kept = restore(config)
    assert names(config) == ["ada", "alice"]
    assert kept is not None
    assert kept.parent == config.folder
    assert kept.name.startswith("before-restore-")
    del before["audit.jsonl"], before["audit.head"]
    assert inside(kept) == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (kept, kept / "sign-in")} == {0o700}
    assert maintenance.check(config, unwatched).findings == []
    assert not config.layout.staging.exists()


def test_the_kept_store_can_be_backed_up_and_restored(config: Config) -> None:
    kept = restore(config)
    old = replace_folder(config, kept)
    assert names(old) == ["ada", "alice", "bob"]
    path = config.folder.parent / "back.tar"
    backups.back_up(old, OPERATOR, path, unwatched)
    restore(config, path)
    assert names(config) == ["ada", "alice", "bob"]


def replace_folder(config: Config, folder: Path | None) -> Config:
    return with_fields(config, store=with_fields(config.store, url=str(folder)))


def test_a_restore_keeps_the_current_audit_log(config: Config) -> None:
    before = events(config)
    restore(config)
    after = events(config)
    assert after[:-1] == before
    assert after[-1]["event"] == "store.restore"
    assert "accounts=2" in after[-1]["reason"]


def test_a_missing_audit_log_is_restored_from_the_backup(config: Config) -> None:
    for name in config.layout.audit_files():
        (config.folder / name).unlink()
    restore(config)
    first, *_, last = [event["event"] for event in events(config)]
    assert (first, last) == ("user.create", "store.restore")
    assert maintenance.check(config, unwatched).findings == []  # the chain goes on


def test_open_sessions_end_at_a_restore(config: Config, device: Device) -> None:
    """Even when the epoch rises to the same value again."""
    ports = connected(config)
    session = session_of(ports, device)
    assert account_of(ports, session).username == "alice"
    restore(config)
    for _ in range(3):
        with pytest.raises(SessionEnded):
            account_of(ports, session)
        administration.reset_password(ports, OPERATOR, "alice")


def test_a_code_used_since_the_backup_stays_used(config: Config, device: Device) -> None:
    ports = connected(config)
    session_of(ports, device)
    used = device.codes[0].reveal()
    assert isinstance(sign_in.with_backup_code(ports, asked_for_code(ports), used), SignedIn)
    restore(config)
    with pytest.raises(SignInFailed, match="already used"):
        sign_in.with_one_time_code(ports, asked_for_code(ports), device.code(NOW))
    with pytest.raises(SignInFailed, match="not one of your unused"):
        sign_in.with_backup_code(ports, asked_for_code(ports), used)
    later = replace(ports, now=lambda: NOW + 60)
    session_of(later, device)


def test_a_code_used_after_a_rename_stays_used(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory renamed ann after the backup; she is restored under her old name."""
    ports = connected(config)
    ids = {"entryUUID": "id-ann"}
    with ports.accounts.change() as change:
        change.put(Account(username="ann", created_at=NOW, origin=Origin.LDAP, directory_ids=ids))
    # So that the file with her new name is replaced too.
    beside = next(name for name in map("?{:032x}".format, range(999)) if _are_beside(name, "anna"))
    ports.records.update(beside, lambda record: (at_step(3, record), None))
    path = config.folder.parent / "before-rename.tar"
    backups.back_up(config, OPERATOR, path, unwatched)
    user = DirectoryUser("anna", "uid=anna", "", (), enabled=True, ids=ids)
    with ports.accounts.change() as change:
        renaming.carry_over(ports, change, OPERATOR, [Rename("ann", user)])
    renaming.settle(ports, ["anna"])
    ports.records.update("anna", lambda record: (at_step(77, record), None))
    _interrupt_at_each_file(config, path, monkeypatch)
    restore(config, path)
    assert connected(config).accounts.get("anna") is None
    assert last_step(connected(config).records.get("ann")) == 77


def test_no_step_becomes_valid_again_after_a_rename_that_was_killed(config: Config) -> None:
    """The account still has her record, as it was not moved yet."""
    ports = connected(config)
    ids = {"entryUUID": "id-ann"}
    with ports.accounts.change() as change:
        change.put(Account(username="ann", created_at=NOW, origin=Origin.LDAP, directory_ids=ids))
    path = config.folder.parent / "before-rename.tar"
    backups.back_up(config, OPERATOR, path, unwatched)
    ports.records.update("ann", lambda record: (at_step(77, record), None))
    user = DirectoryUser("anna", "uid=anna", "", (), enabled=True, ids=ids)
    with ports.accounts.change() as change:
        renaming.carry_over(ports, change, OPERATOR, [Rename("ann", user)])
    restore(config, path)
    assert last_step(connected(config).records.get("ann")) == 77


def _are_beside(name: str, other: str) -> bool:
    return number_of(name) == number_of(other)


def _interrupt_at_each_file(config: Config, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore again and again, each time interrupted before one file more is replaced."""
    real, left, most = Path.replace, 0, 0

    def replace_few(old: Path, new: Path) -> Path:
        nonlocal left
        if config.layout.staging in old.parents and config.layout.staging not in new.parents:
            left -= 1
            if left < 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_few)
        while left < 0 or not most:
            left, most = most, most + 1
            with suppress(CannotCheck):
                restore(config, path)
    assert most > 3


def test_records_missing_from_the_backup_are_removed(config: Config) -> None:
    connected(config).records.update("?77", lambda record: (at_step(3, record), None))
    ours = f"sign-in/{number_of('ada'):02d}"
    [other, journal] = [name for name in config.layout.record_files() if name[:10] != ours]
    restore(config)
    assert {other, journal}.isdisjoint(config.layout.record_files())


def test_a_restore_works_on_an_empty_host(config: Config) -> None:
    """A new disk: the keyring is copied back by hand, then the backup is restored."""
    shutil.rmtree(config.folder)
    assert restore(config) is None
    assert names(config) == ["ada", "alice"]
    assert maintenance.check(config, unwatched).findings == []
    assert stat.S_IMODE(config.folder.stat().st_mode) == 0o700


def test_a_backup_that_cannot_be_opened_creates_nothing(config: Config) -> None:
    """The disk of the store, mounted later, would find a folder with its name."""
    away = backup_in(config).with_name("away.tar")
    shutil.rmtree(config.folder)
    with pytest.raises(CannotCheck, match="Nothing was changed"):
        backups.checked_backup(config, away, unwatched).__enter__()
    assert not config.folder.exists()


def test_a_damaged_store_can_be_restored(config: Config) -> None:
    config.accounts_file.write_bytes(b"{")
    for path in config.records_folder.glob("*.json"):
        path.write_bytes(b"{")
    with backups.checked_backup(config, backup_in(config), unwatched) as found:
        assert (found.now, found.difference) == (None, None)
        kept = found.run(OPERATOR)
    assert isinstance(kept, Path)
    assert (kept / "accounts.json").read_bytes() == b"{"
    assert names(config) == ["ada", "alice"]


def test_a_key_retired_since_the_backup_is_not_needed(config: Config) -> None:
    """The keyring has every key in use, so the checked backup can be opened afterwards."""
    key = FileKeyring.load(config.keyring_file).active
    with connected(config).accounts.change() as change:
        change.put_needed_keys(frozenset({key, "0" * 16}))
    path = config.folder.parent / "later.tar"
    made = backups.back_up(config, OPERATOR, path, unwatched)
    assert made.manifest.keys == (key,)
    restore(config, path)
    assert connected(config).accounts.needed_keys() == {key}


def test_a_backup_from_before_a_rotation_knows_the_active_key(config: Config) -> None:
    path = config.folder.parent / "before.tar"
    backups.back_up(config, OPERATOR, path, unwatched)
    ports = connected(config)
    rotated = key_rotation.rotate(ports, OPERATOR, lambda *_: None).key
    restore(config, path)
    assert services.connect(config).keyring.active == rotated
    assert rotated in ports.accounts.needed_keys()
    assert maintenance.check(config, unwatched).findings == []


def rotated_and_back(config: Config) -> bytes:
    """Rotate the keys, and return the keyring from before."""
    before = config.keyring_file.read_bytes()
    key_rotation.rotate(connected(config), OPERATOR, lambda *_: None)
    return before


def test_store_and_keyring_of_the_same_day_can_be_restored(config: Config, device: Device) -> None:
    """Although devices were re-encrypted since, with a key that is lost."""
    keyring = rotated_and_back(config)
    config.keyring_file.write_bytes(keyring)
    restore(config)
    assert maintenance.check(config, unwatched).findings == []
    session_of(connected(config), device)


def test_a_device_under_a_lost_key_locks_out_only_its_owner(config: Config) -> None:
    """It was registered after the backup, so that nothing else is known of it."""
    keyring = rotated_and_back(config)
    ports = connected(config)
    sealed = devices.sealed(ports.keyring, "ada", "0a1b2c3d", totp.new_secret(ports.random))
    alice, ada = ports.accounts.get("alice"), ports.accounts.get("ada")
    assert alice is not None
    assert alice.second_factor is not None
    assert ada is not None
    codes = alice.second_factor.backup_codes
    with ports.accounts.change() as change:
        change.put(ada.changed(second_factor=one_device(sealed, NOW, codes, "0a1b2c3d")))
    config.keyring_file.write_bytes(keyring)
    restore(config)
    asked_for_code(connected(config))
    [finding] = maintenance.check(config, unwatched).findings
    assert "was given up as lost, and ada cannot sign in without it" in finding.sentence


def test_nothing_is_restored_without_its_keyring(config: Config) -> None:
    config.keyring_file.unlink()
    with pytest.raises(KeyringMissing):
        restore(config)


def test_nothing_is_restored_with_another_keyring(config: Config) -> None:
    FileKeyring.replace(config.keyring_file, NOW)
    before = inside(config.folder)
    with pytest.raises(StoreDamaged, match=r"^Nothing was restored\. The keyring lacks"):
        restore(config)
    assert inside(config.folder) == before


def test_a_damaged_backup_is_refused_before_any_change(config: Config) -> None:
    content = bytearray(backup_in(config).read_bytes())
    content[content.index(b'"sha256":"', content.index(b'{"meta":')) + 10] ^= 1
    backup_in(config).write_bytes(content)
    before = inside(config.folder)
    with pytest.raises(StoreDamaged, match=r"the content of accounts\.json was changed"):
        restore(config)
    assert inside(config.folder) == before
    assert not config.layout.staging.exists()


def test_a_backup_with_damaged_content_is_refused(config: Config, tmp_path: Path) -> None:
    """Its hashes match, but the files were damaged before."""
    TinyAccountStore(config.accounts_file).compact()
    content = config.accounts_file.read_bytes().replace(b'"alice":', b'"alicf":')
    made, journal = tmp_path / "made.tar", journal_of(config.accounts_file).name
    made.write_bytes(
        tar_of(
            manifest_for(**{"accounts.json": content, journal: b""}),
            plain("accounts.json", content),
            plain(journal, b""),
        )
    )
    with pytest.raises(StoreDamaged) as refused:
        restore(config, made)
    assert f"{made}/accounts.json is damaged at line 1" in str(refused.value)


def test_a_partly_restored_store_is_refused_until_complete(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash between two replacements nobody gets in, and the restore can be repeated."""
    real = Path.replace

    def broken(source: Path, target: Path) -> Path:
        if target == config.accounts_file:
            raise OSError(5, "Input/output error")
        return real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", broken)
        with pytest.raises(CannotCheck, match="The restore was interrupted: input/output error"):
            restore(config)
    for start in (services.connect, services.create):
        with pytest.raises(CannotCheck, match="partly old and partly new"):
            start(config)
    with pytest.raises(CannotCheck, match="partly old"):
        backups.back_up(config, OPERATOR, config.folder.parent / "new.tar", unwatched)
    restore(config)
    assert names(config) == ["ada", "alice"]


def test_nobody_can_write_while_files_are_replaced(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    real = Path.replace
    guarded = [config.accounts_file, *(config.records_folder / f"{n:02d}.json" for n in range(64))]

    def watched(source: Path, target: Path) -> Path:
        if target == config.accounts_file:
            held.extend(_is_held(file) for file in guarded)
        return real(source, target)

    monkeypatch.setattr(Path, "replace", watched)
    restore(config)
    assert held[:65] == [True] * 65


def _is_held(file: Path) -> bool:
    with file.with_name(f".{file.name}.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def test_only_one_restore_runs_at_a_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    with (
        backups.checked_backup(config, backup_in(config), unwatched),
        pytest.raises(CannotCheck, match="Another cwtui process has held"),
    ):
        restore(config)


def test_the_changes_are_reported_before_a_restore(config: Config) -> None:
    administration.update_user(connected(config), OPERATOR, "alice", Update(display_name="Alice"))
    with backups.checked_backup(config, backup_in(config), unwatched) as found:
        assert (found.then, found.now) == (2, 3)
        assert found.difference is not None
        assert found.difference.gone == ("bob",)
        assert found.difference.changed == ("alice",)
    assert names(config) == ["ada", "alice", "bob"]


def test_two_restores_in_one_second_keep_both_stores(config: Config) -> None:
    first, second = restore(config), restore(config)
    assert first is not None
    assert second is not None
    assert first != second
    assert TinyAccountStore(first / "accounts.json").get("bob") is not None
    assert TinyAccountStore(second / "accounts.json").get("bob") is None
