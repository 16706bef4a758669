"""Backups of a store in files or a database, and what restoring one would change."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cwtui import __version__, copying, installation, services
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.errors import CannotCheck, StoreDamaged
from cwtui.accounts.model import Account
from cwtui.accounts.session import Operator
from cwtui.accounts.upkeep.findings import Severity, WithProgress
from cwtui.accounts.upkeep.restored_state import Difference, difference
from cwtui.config import Config
from cwtui.copying import in_files, private_folder
from cwtui.hints import again
from cwtui.host.files import cannot, discard, new_file, write_all
from cwtui.host.new_names import check_free, name_new
from cwtui.keyring.opened import OpenKeyring
from cwtui.language import _
from cwtui.store import backup, restoring
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.backup import Manifest, Snapshot
from cwtui.store.checking import ContentChecks
from cwtui.store.layout import Layout
from cwtui.store.restoring import Restore


@dataclass(frozen=True)
class BackedUp:
    """The manifest of a backup, and whether the audit log records the backup.

    It cannot if the store is read-only for this process; anyone who can read such a store can copy
    it anyway. On a full disk the backup is refused.
    """

    manifest: Manifest
    is_recorded: bool


def back_up(
    config: Config, operator: Operator, path: Path, with_progress: WithProgress[str]
) -> BackedUp:
    """Write a backup to a new file with mode 0600, which gets its name when it is complete.

    Raises AlreadyExists and CannotCheck.
    """
    check_free(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    with _snapshot(config, with_progress, path) as (found, manifest):
        try:
            with new_file(temporary) as descriptor:
                backup.write(found, manifest, partial(write_all, descriptor))
            is_recorded = _record_backup(config, operator, str(path))
            name_new(temporary, path)
        except OSError as error:
            raise cannot("write", path, error) from None
        finally:
            discard(temporary)
    return BackedUp(manifest, is_recorded)


def back_up_to(
    config: Config, operator: Operator, out: BinaryIO, with_progress: WithProgress[str]
) -> BackedUp:
    """Write a backup to a stream. Raises CannotCheck, and OSError if the stream is closed."""
    with _snapshot(config, with_progress) as (found, manifest):
        is_recorded = _record_backup(config, operator, "standard output")
        backup.write(found, manifest, out.write)
        out.flush()
    return BackedUp(manifest, is_recorded)


def _record_backup(config: Config, operator: Operator, where: str) -> bool:
    if services.is_read_only(config):
        return False
    event = _event(EventType.STORE_BACKUP, operator, where, services.clock_of(config)())
    services.audit_log(config).append(event)
    return True


@dataclass(frozen=True)
class CheckedBackup:
    """A checked backup, and what restoring it would change.

    `then` and `now` are numbers of accounts; `now` is None if the current store cannot be read.
    """

    config: Config
    manifest: Manifest
    restore: Callable[[Event], Path | str | None]
    """Replaces the store, and writes the event. Returns where the old store is kept, if any."""
    then: int
    now: int | None
    difference: Difference | None

    def run(self, operator: Operator) -> Path | str | None:
        """Restore it. Returns the folder or schema with the old store, if any.

        Raises CannotCheck.
        """
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.manifest.created_at))
        reason = f"backup of {made}, accounts={self.then}"
        now = services.clock_of(self.config)()
        return self.restore(_event(EventType.STORE_RESTORE, operator, reason, now))


@contextmanager
def checked_backup(
    config: Config, path: Path, with_progress: WithProgress[str]
) -> Iterator[CheckedBackup]:
    """Unpack a backup and check it like a store, with the current keyring.

    Raises CannotCheck.
    """
    keyring = services.open_keyring(config)
    with ExitStack() as unpacking:
        layout = (
            Layout(unpacking.enter_context(private_folder(None)))
            if config.database
            else config.layout
        )
        staged, manifest = unpacking.enter_context(restoring.unpacked(layout, path))
        damage = [
            finding.sentence.replace(str(staged.folder), str(path))
            for finding in ContentChecks(staged, keyring).all(with_progress)
            if finding.severity is not Severity.WARNING
        ]
        if damage:
            raise StoreDamaged(
                _(
                    "Nothing was restored. {problem} ({number} problems in all.)",
                    problem=damage[0],
                    number=len(damage),
                )
                if len(damage) > 1
                else _("Nothing was restored. {problem}", problem=damage[0])
            )
        yield _compared(config, manifest, layout, staged, keyring)


def _compared(
    config: Config, manifest: Manifest, layout: Layout, staged: Layout, keyring: OpenKeyring
) -> CheckedBackup:
    then = TinyAccountStore(staged.accounts).all()
    restore = Restore(layout, staged, keyring, os.urandom, time.time())

    def replace(event: Event) -> Path | str | None:
        if config.database:
            return copying.restore_to_database(config, restore, event)
        return restore.run(partial(services.audit_log(config).append, event))

    try:
        now = _accounts_now(config)
    except CannotCheck:
        return CheckedBackup(config, manifest, replace, len(then), None, None)
    return CheckedBackup(config, manifest, replace, len(then), len(now), difference(then, now))


def _accounts_now(config: Config) -> dict[str, Account]:
    if not config.database:
        store = TinyAccountStore(config.accounts_file)
        return store.all() if config.layout.is_there() else {}
    from cwtui import database

    if not database.is_there(config):
        return {}
    with database.at_one_instant(config) as found:
        return {account.username: account for account in found.accounts()}


@contextmanager
def _snapshot(
    config: Config, with_progress: WithProgress[str], near: Path | None = None
) -> Iterator[tuple[Snapshot, Manifest]]:
    """Take a snapshot of the store. Raises StoreDamaged.

    A store in a database is first written to files, in a private folder beside `near`.
    """
    services.refuse_half_restored(config)
    installation.check_is_there(config)
    keyring = services.open_keyring(config)
    with ExitStack() as unloaded:
        layout = (
            unloaded.enter_context(in_files(config, near)) if config.database else config.layout
        )
        for finding in ContentChecks(layout, keyring).all(with_progress):
            if finding.severity is not Severity.WARNING:
                sentence = finding.sentence.replace(str(layout.folder), config.store_name)
                raise StoreDamaged(
                    _(
                        "{sentence} No backup was made, because it could not be restored. "
                        "See: {command}",
                        sentence=sentence,
                        command=again("store check"),
                    )
                )
        with backup.snapshot(layout) as found:
            yield found, backup.manifest_of(found, __version__, time.time())


def _event(event: EventType, operator: Operator, reason: str, now: float) -> Event:
    return Event(
        at=now,
        event=event,
        actor=operator.actor,
        subject="",
        source=operator.source,
        outcome=Outcome.SUCCESS,
        reason=reason,
    )
