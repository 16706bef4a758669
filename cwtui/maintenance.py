"""What the operator does with a store as a whole: check it, back it up, restore it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cwtui import __version__, installation, services
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.errors import CannotCheck, Refused, StoreDamaged
from cwtui.accounts.session import Operator
from cwtui.accounts.upkeep.findings import Finding, Severity, WithProgress, of_error
from cwtui.accounts.upkeep.restored_state import Difference, difference
from cwtui.config import Config
from cwtui.host.files import (
    cannot,
    discard,
    exists,
    is_read_only,
    new_file,
    sync_folder,
    temporary_of,
    write_all,
)
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store import backup, checking, restoring
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.backup import Manifest, Snapshot
from cwtui.store.checking import ContentChecks
from cwtui.store.layout import Layout
from cwtui.store.restoring import Restore


@dataclass(frozen=True)
class Report:
    """What a check found, and how much it read."""

    findings: list[Finding]
    accounts: int
    records: int

    def has(self, severity: Severity) -> bool:
        return any(finding.severity is severity for finding in self.findings)


def check(config: Config, with_progress: WithProgress[str]) -> Report:
    """Read everything, write nothing; others may write meanwhile. Raises StoreMissing."""
    layout = config.layout
    if not exists(layout.marker):
        installation.check_is_there(config)
    keyring = None
    findings = list(checking.files(layout, _keyring_files(config)))
    try:
        keyring = services.open_keyring(config)
    except CannotCheck as error:
        findings.append(of_error(error, "keyring"))
    content = ContentChecks(layout, keyring)
    findings += content.all(with_progress)
    if keyring is not None:
        findings += _active_key(layout, keyring)
    findings += checking.audit(layout, has_accounts=content.accounts > 0)
    return Report(_once(findings), content.accounts, content.records)


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds, and whether the audit log records it.

    It does not on a read-only file system, nor without a right to write: whoever can read a store
    there can copy it all the same. A disk that is full refuses the backup.
    """

    manifest: Manifest
    is_recorded: bool


def _active_key(layout: Layout, keyring: FileKeyring) -> Iterator[Finding]:
    """A keyring that lacks keys is found already, account by account."""
    try:
        contents, held = TinyAccountStore(layout.accounts).contents(), keyring.held_now()
        if not contents.lacking(held.ids):
            services.check_active_key(contents, keyring, held)
    except CannotCheck as error:
        yield of_error(error, layout.accounts)


def back_up(
    config: Config, operator: Operator, path: Path, with_progress: WithProgress[str]
) -> BackedUp:
    """Write a new file, 0600; it has its name only when all of it is on disk.

    Raises Refused, where there is such a file, and CannotCheck.
    """
    _refuse_existing(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    with _snapshot(config, with_progress) as (found, manifest):
        try:
            with new_file(temporary) as descriptor:
                backup.write(found, manifest, partial(write_all, descriptor))
            is_recorded = _record_backup(config, operator, str(path))
            _refuse_existing(path)
            temporary.rename(path)
        except OSError as error:
            raise cannot("write", path, error) from None
        finally:
            discard(temporary)
    sync_folder(path.parent)
    return BackedUp(manifest, is_recorded)


def back_up_to(
    config: Config, operator: Operator, out: BinaryIO, with_progress: WithProgress[str]
) -> BackedUp:
    """The same to a stream. Raises CannotCheck, and OSError where the stream ends."""
    with _snapshot(config, with_progress) as (found, manifest):
        is_recorded = _record_backup(config, operator, "standard output")
        backup.write(found, manifest, out.write)
        out.flush()
    return BackedUp(manifest, is_recorded)


def _record_backup(config: Config, operator: Operator, where: str) -> bool:
    if is_read_only(config.folder):
        return False
    _write_event(config, EventType.STORE_BACKUP, operator, where)
    return True


@dataclass(frozen=True)
class CheckedBackup:
    """A backup that was found whole: what it would bring. `now` is None: cannot be read."""

    config: Config
    manifest: Manifest
    restore: Restore
    then: int
    now: int | None
    difference: Difference | None

    def run(self, operator: Operator) -> Path | None:
        """Put it in the place of the store; where the old one is kept. Raises CannotCheck."""
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.manifest.created_at))
        reason = f"backup of {made}, accounts={self.then}"
        return self.restore.run(
            partial(_write_event, self.config, EventType.STORE_RESTORE, operator, reason)
        )


@contextmanager
def checked_backup(
    config: Config, path: Path, with_progress: WithProgress[str]
) -> Iterator[CheckedBackup]:
    """The backup, checked like a store, with the present keyring. Raises CannotCheck."""
    keyring = services.open_keyring(config)
    with restoring.unpacked(config.layout, path) as (staged, manifest):
        damage = [
            finding.sentence.replace(str(staged.folder), str(path))
            for finding in ContentChecks(staged, keyring).all(with_progress)
            if finding.severity is not Severity.WARNING
        ]
        if damage:
            others = f" And so on, {len(damage)} in all." if len(damage) > 1 else ""
            raise StoreDamaged(f"Nothing was restored. {damage[0]}{others}")
        yield _compared(config, manifest, staged, keyring.held_now().active)


def _compared(config: Config, manifest: Manifest, staged: Layout, active_key: str) -> CheckedBackup:
    then = TinyAccountStore(staged.accounts).all()
    restore = Restore(config.layout, staged, active_key, os.urandom, time.time())
    try:
        store = TinyAccountStore(config.accounts_file)
        now = store.all() if config.layout.is_there() else {}
    except CannotCheck:
        return CheckedBackup(config, manifest, restore, len(then), None, None)
    return CheckedBackup(config, manifest, restore, len(then), len(now), difference(then, now))


@contextmanager
def _snapshot(
    config: Config, with_progress: WithProgress[str]
) -> Iterator[tuple[Snapshot, Manifest]]:
    """Of a store in which nothing is damaged: no other can be restored."""
    services.refuse_half_restored(config)
    installation.check_is_there(config)
    keyring = services.open_keyring(config)
    for finding in ContentChecks(config.layout, keyring).all(with_progress):
        if finding.severity is not Severity.WARNING:
            raise StoreDamaged(
                f"{finding.sentence} No backup was made: it could not be restored. "
                "See: cwtui store check"
            )
    with backup.snapshot(config.layout) as found:
        yield found, backup.manifest_of(found, __version__, time.time())


def _write_event(config: Config, event: EventType, operator: Operator, reason: str) -> None:
    services.audit_log(config).append(
        Event(
            at=time.time(),
            event=event,
            actor=operator.actor,
            subject="",
            source=operator.source,
            outcome=Outcome.SUCCESS,
            reason=reason,
        )
    )


def _keyring_files(config: Config) -> list[Path]:
    if config.keyring.credential:  # it is systemd's, with modes of its own
        return []
    file = config.keyring_file
    return [file.parent, file, temporary_of(file)]


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise Refused(f"There is {path} already. Give a name that is not in use.")


def _once(findings: list[Finding]) -> list[Finding]:
    """An exposed file is found by its mode, and again when it is to be read."""
    return list({finding.sentence: finding for finding in findings}.values())
