"""Replace a store with a checked backup. The old store is kept.

The backup is unpacked and prepared in a folder inside the store, and then swapped with it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.ports import Keyring, RandomBytes
from cwtui.accounts.text import shortened
from cwtui.accounts.upkeep import restored_state as restoring
from cwtui.host.files import (
    cannot,
    discard,
    exists,
    make_private_folder,
    sync_folder,
)
from cwtui.host.locks import exclusive
from cwtui.host.reasons import reason_of
from cwtui.host.untrusted_files import NotRegular, open_regular
from cwtui.language import _, grouped
from cwtui.store import backup
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.backup import Manifest
from cwtui.store.layout import Layout
from cwtui.store.records import TinyRecordStore, number_of
from cwtui.store.swapping import RESTORE, staged_in, table_files


@contextmanager
def unpacked(layout: Layout, path: Path) -> Iterator[tuple[Layout, Manifest]]:
    """Unpack the backup into a private folder, which is removed afterwards. Raises CannotCheck.

    Holds a lock, so that only one restore runs at a time.
    """
    # Opened first: if that fails, no folder was created for a store that is not there.
    with _opened(path) as source, staged_in(layout) as staged:
        try:
            _check_room(staged.folder, os.fstat(source.fileno()).st_size, path)
            manifest = backup.unpack(source, staged.folder, str(path))
        except OSError as error:
            raise cannot("restore", path, error) from None
        yield staged, manifest


def _opened(path: Path) -> BinaryIO:
    """Return the backup, opened for reading. Raises CannotCheck."""
    try:
        return os.fdopen(open_regular(path), "rb")
    except NotRegular as error:
        raise CannotCheck(
            _(
                "Cannot restore {path}: {reason}. Use a file written by cwtui store backup.",
                path=shortened(str(path)),
                reason=reason_of(error),
            )
        ) from None
    except OSError as error:
        raise cannot("restore", path, error) from None


@dataclass
class Restore:
    """Replaces the store in `layout` with the unpacked backup in `staged`."""

    layout: Layout
    staged: Layout
    keyring: Keyring
    random: RandomBytes
    now: float
    late: frozenset[int] = frozenset()
    """The files with records of people who have another name in the backup."""

    def run(self, write_event: Callable[[], None]) -> Path | None:
        """Replace the store. Returns the folder with the old store, if there was one.

        The event is written before anything is replaced. Raises CannotCheck.
        """
        make_private_folder(self.layout.records)
        records = TinyRecordStore(self.layout.records)
        files = [self.layout.accounts, *map(records.path, records.numbers())]
        with ExitStack() as locks:
            for path in files:
                locks.enter_context(exclusive(path))
            self.make_ready()
            kept = RESTORE.keep(self.layout, table_files(self.layout), self.now)
            RESTORE.mark(self.layout)
            is_first = not self.layout.audit_files()
            try:
                if is_first:
                    self._begin_audit()
                write_event()
            except CannotCheck:
                if not is_first:
                    discard(self.layout.marker)
                raise
            RESTORE.replace(self.layout, self.staged, table_files, self._order)
        return kept

    def make_ready(self) -> None:
        """Merge the unpacked files with the current state, on disk. Raises CannotCheck."""
        now = _readable_accounts(self.layout)
        then = TinyAccountStore(self.staged.accounts).all()
        renamed = restoring.other_names(then, now)
        self.late = frozenset(number_of(other) for other in renamed.values())
        pairs = [(one, now.get(renamed.get(name, name))) for name, one in then.items()]
        kept_keys = restoring.kept_ssh_keys(pairs)
        with TinyAccountStore(self.staged.accounts).change() as change:
            # A missing key of a device that stays locks out its owner, and nobody else.
            usable = change.needed_keys() | {key.id for key in self.keyring.all_keys()}
            change.put(
                *(
                    restoring.account(one, current, self.keyring, self.random, kept_keys)
                    for one, current in pairs
                )
            )
            # Keys that were not in use may have been retired since. The active one must be known.
            keys = {key for row in change.protected() for key in row.keys}
            needed = change.needed_keys() & keys & usable
            change.put_needed_keys(needed | {self.keyring.active})
        TinyAccountStore(self.staged.accounts).compact()
        make_private_folder(self.staged.records)
        before, after = TinyRecordStore(self.layout.records), TinyRecordStore(self.staged.records)
        for number in before.numbers():
            kept, used = after.all(number), _readable_records(before, number)
            for name in [name for name in renamed if number_of(name) == number]:
                record = _readable_record(before, renamed[name])
                theirs = now.get(renamed[name])
                if theirs is not None and theirs.moved is not None:  # a killed rename
                    record = restoring.record(theirs.moved.record, record)
                # An interrupted restore may already have put it under this name.
                is_again = exists(self.layout.marker) and name in used
                used[name] = restoring.record(used[name], record) if is_again else record
            merged = {
                name: restoring.record(
                    kept.get(name, SignInRecord()), used.get(name, SignInRecord())
                )
                for name in {*kept, *(used.keys() & then.keys())}
            }
            if merged:
                after.put(number, merged)
                after.compact(number)

    def _begin_audit(self) -> None:
        with RESTORE.interruptions(), exclusive(self.layout.audit):
            for name in self.staged.audit_files():
                (self.staged.folder / name).replace(self.layout.folder / name)
            sync_folder(self.layout.folder)

    def _order(self, name: str) -> tuple[bool, bool, bool, str]:
        # Journals first: each base is then complete whenever this is interrupted. The accounts
        # last, and before them their records: they show who was renamed.
        is_late = Path(name).stem in {f"{number:02d}" for number in self.late}
        return not name.endswith(".journal"), name == backup.ACCOUNTS, is_late, name


def _check_room(folder: Path, needed: int, path: Path) -> None:
    """Raise CannotCheck if the unpacked backup does not fit on the store's disk. Raises OSError."""
    disk = os.statvfs(folder)
    if needed > disk.f_bavail * disk.f_frsize:
        raise CannotCheck(
            _(
                "Cannot restore {path}: its {needed} bytes do not fit on the disk of {folder}. "
                "Nothing was changed.",
                path=path,
                needed=grouped(needed),
                folder=folder.parent,
            )
        )


def _readable_accounts(layout: Layout) -> dict[str, Account]:
    """Return the current accounts, or none if the store is damaged, as before many a restore."""
    with suppress(CannotCheck):
        return TinyAccountStore(layout.accounts).all()
    return {}


def _readable_records(records: TinyRecordStore, number: int) -> dict[str, SignInRecord]:
    with suppress(CannotCheck):
        return records.all(number)
    return {}


def _readable_record(records: TinyRecordStore, username: str) -> SignInRecord:
    with suppress(CannotCheck):
        return records.get(username)
    return SignInRecord()
