"""A backup is complete and recorded."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from cwtui import backups, services
from cwtui.accounts.errors import AlreadyExists, CannotCheck, Refused, StoreDamaged
from cwtui.config import Config
from cwtui.store import backup
from cwtui.store.accounts import TinyAccountStore
from tests.accounts.world import OPERATOR
from tests.durability.saves import unwatched
from tests.maintenance.small_store import backup_in, events, names, restore


def test_a_backup_is_private_complete_and_in_the_audit_log(config: Config) -> None:
    path = config.folder.parent / "new.tar"
    before = os.umask(0)
    try:
        made = backups.back_up(config, OPERATOR, path, unwatched)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir() if file.name.startswith(".")] == []
    assert made.manifest.keys == (services.connect(config).keyring.active,)
    last = events(config)[-1]
    assert (last["event"], last["actor"]) == ("store.backup", "operator:root")
    assert made.is_recorded
    assert last["reason"] == str(path)


def test_an_existing_file_is_not_overwritten(config: Config) -> None:
    before = backup_in(config).read_bytes(), events(config)
    with pytest.raises(Refused, match="already"):
        backups.back_up(config, OPERATOR, backup_in(config), unwatched)
    assert (backup_in(config).read_bytes(), events(config)) == before


def test_what_gets_the_name_meanwhile_is_not_overwritten(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = config.folder.parent / "new.tar", backup.write

    def write_late(*arguments: Any) -> None:
        write(*arguments)
        path.symlink_to("nothing")

    monkeypatch.setattr(backup, "write", write_late)
    with pytest.raises(AlreadyExists):
        backups.back_up(config, OPERATOR, path, unwatched)
    assert path.readlink() == Path("nothing")


def test_a_damaged_store_is_not_backed_up(config: Config) -> None:
    """A backup that cannot be restored is useless, and could displace a good one."""
    TinyAccountStore(config.accounts_file).compact()
    content = config.accounts_file.read_bytes()
    config.accounts_file.write_bytes(content.replace(b'"ada":', b'"adb":', 1))
    path = config.folder.parent / "new.tar"
    with pytest.raises(StoreDamaged, match="No backup was made, because it could not be restored"):
        backups.back_up(config, OPERATOR, path, unwatched)
    assert not path.exists()


def test_an_action_that_cannot_be_recorded_is_not_done(config: Config) -> None:
    config.audit_file.chmod(0o644)
    path = config.folder.parent / "new.tar"
    with pytest.raises(CannotCheck):
        backups.back_up(config, OPERATOR, path, unwatched)
    assert not path.exists()
    before = config.accounts_file.read_bytes()
    with pytest.raises(CannotCheck):
        restore(config)
    assert config.accounts_file.read_bytes() == before
    config.audit_file.chmod(0o600)
    assert names(config) == ["ada", "alice", "bob"]


@pytest.mark.parametrize("read_only", [True, False])
def test_a_backup_says_whether_it_was_recorded(
    config: Config, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    """Asked once: a disk may become writable while the backup is made."""
    answers = iter([read_only])
    monkeypatch.setattr(services, "is_read_only", lambda _: next(answers))
    before = len(events(config))
    made = backups.back_up(config, OPERATOR, config.folder.parent / "new.tar", unwatched)
    assert made.is_recorded is not read_only
    assert (len(events(config)) > before) is made.is_recorded
