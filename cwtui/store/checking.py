"""Check a whole store without writing to it. Other processes may write at the same time."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cwtui.accounts.audit.reading import verified
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.ports import AuditLog, Keyring
from cwtui.accounts.text import visible
from cwtui.accounts.upkeep.findings import AccountChecks, Finding, Severity, WithProgress, of_error
from cwtui.host import reserve
from cwtui.host.files import cannot, check_private, exists, is_read_only
from cwtui.host.locks import undisturbed
from cwtui.language import _
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.layout import Layout
from cwtui.store.records import TinyRecordStore, number_of

MADE_UP: Final = re.compile(r"\?[0-9a-f]{32}")
"""The names under which attempts at unknown usernames are counted."""
_BASE_AND_JOURNAL: Final = 2


class ContentChecks:
    """Checks accounts, settings and records; `accounts` and `records` count what was read."""

    def __init__(self, layout: Layout, keyring: Keyring | None) -> None:
        self._layout = layout
        self._store = TinyAccountStore(layout.accounts)
        self._records = TinyRecordStore(layout.records)
        self._checks = AccountChecks(layout.accounts, keyring)
        self.records = 0

    @property
    def accounts(self) -> int:
        return self._checks.count

    def all(self, with_progress: WithProgress[str]) -> Iterator[Finding]:
        """Yield every finding, file by file."""
        try:
            self._store.verify()
        except CannotCheck as error:
            yield of_error(error, self._layout.accounts)
        try:
            names = self._store.names()
            needed = self._store.needed_keys()
            settings = self._store.settings()
        except CannotCheck as error:
            yield of_error(error, self._layout.accounts)
            return
        yield from self._checks.settings(settings)
        for name in with_progress(names):
            try:
                account = self._store.get(name)
            except CannotCheck as error:
                yield of_error(error, self._layout.accounts)
            else:
                if account is not None:  # removed meanwhile
                    yield from self._checks.one(account)
        yield from self._checks.all(needed)
        known = frozenset(names)
        try:
            has_records = self._layout.records.is_dir()
        except OSError as error:
            yield of_error(cannot("read", self._layout.records, error), self._layout.records)
            return
        for number in self._records.numbers() if has_records else ():
            yield from self._record_file(number, known)

    def _record_file(self, number: int, known: frozenset[str]) -> Iterator[Finding]:
        path = self._records.path(number)
        try:
            self._records.verify(number)
            names = self._records.all(number)
            strangers = [name for name in names if name not in known and self._is_nobodys(name)]
            still = self._records.all(number) if strangers else {}
        except CannotCheck as error:
            yield of_error(error, path)
            return
        self.records += len(names)
        for name in names:
            if number_of(name) != number:
                sentence = _(
                    "{path} contains the record of {name}, which belongs in another file.",
                    path=path,
                    name=visible(name),
                )
                yield Finding(Severity.DAMAGE, str(path), sentence)
        for name in strangers:
            if name in still:  # records are removed after their accounts
                sentence = _(
                    "{path} contains a record of {name}, which has no account.",
                    path=path,
                    name=visible(name),
                )
                yield Finding(Severity.WARNING, str(path), sentence)

    def _is_nobodys(self, name: str) -> bool:
        return not MADE_UP.fullmatch(name) and self._store.get(name) is None


def audit(log: AuditLog, where: object, *, has_accounts: bool) -> Iterator[Finding]:
    """Yield what is wrong with the chain of the audit log."""
    try:
        verdict = verified(log, has_accounts=has_accounts)
    except CannotCheck as error:
        yield of_error(error, where)
        return
    for severity, sentences in (
        (Severity.DAMAGE, verdict.findings),
        (Severity.WARNING, verdict.notes),
    ):
        for sentence in sentences:
            yield Finding(
                severity, str(where), _("In {where}: {sentence}", where=where, sentence=sentence)
            )


def modes(paths: Sequence[Path]) -> Iterator[Finding]:
    """Yield the files that other users can read or change."""
    for path in paths:
        yield from _mode(path)


def files(layout: Layout, keyring: Sequence[Path]) -> Iterator[Finding]:
    """Check file permissions, files left by killed processes, and reserved disk space.

    `keyring` are the folder and files of the keyring, which are checked too.
    """
    unfinished = layout.unfinished()
    if unfinished is not None:
        yield Finding(Severity.DAMAGE, str(layout.marker), unfinished)
    try:
        inside = sorted(layout.folder.rglob("*"))
    except OSError as error:
        raise cannot("read", layout.folder, error) from None
    for path in dict.fromkeys([layout.folder, *inside, *keyring]):
        becomes = _becomes(path, layout)
        if becomes is None:
            yield from _mode(path)
        elif path.exists():
            yield from _leftover(path, becomes)
    yield from _leftover_journals(layout)
    if not exists(layout.records):
        sentence = _(
            "The folder {records} is missing, so nobody can sign in. Restore the store. To "
            "continue without its record of used codes and failed attempts: mkdir -m 700 {records}",
            records=layout.records,
        )
        yield Finding(Severity.DAMAGE, str(layout.records), sentence)
    yield from _reserve(layout.folder)
    yield from _reserve(layout.records)


def _leftover_journals(layout: Layout) -> Iterator[Finding]:
    """Yield a finding for each journal without a base. Locks are taken only if there may be one."""
    names = [*layout.account_files(), *layout.record_files()]
    counts = Counter(_stem(name) for name in names)
    found: list[Path] = []
    with suppress(CannotCheck, OSError):  # other checks report it
        if counts["accounts"] > _BASE_AND_JOURNAL:
            found += TinyAccountStore(layout.accounts).leftovers()
        records = TinyRecordStore(layout.records)
        for number in records.numbers():
            if counts[records.path(number).stem] > _BASE_AND_JOURNAL:
                found += records.leftovers(number)
    for path in found:
        sentence = _("{path} was left behind by a killed process. It will be removed.", path=path)
        yield Finding(Severity.WARNING, str(path), sentence)


def _stem(name: str) -> str:
    return Path(name).stem.partition("-")[0]


def _becomes(path: Path, layout: Layout) -> Path | None:
    """Return the file whose lock protects this temporary one; None if it is not temporary."""
    if path == layout.staging:
        return layout.marker
    is_new = path.name.startswith(".") and path.suffix == ".new"
    return path.with_name(path.stem[1:]) if is_new else None


def _mode(path: Path) -> Iterator[Finding]:
    try:
        check_private(path)
    except CannotCheck as error:
        if os.path.lexists(path):  # it may have been removed meanwhile
            yield of_error(error, path)


def _leftover(path: Path, lock: Path) -> Iterator[Finding]:
    """Yield a finding for a temporary file, unless the process that writes it is still running."""
    try:
        with undisturbed(lock):  # otherwise writers replace it while it is checked
            modes = list(_mode(path))
            is_left = path.exists()
    except CannotCheck as error:
        yield of_error(error, path)
        return
    yield from modes
    if is_left:
        sentence = _(
            "{path} was left behind by a killed process. It will be overwritten.", path=path
        )
        yield Finding(Severity.WARNING, str(path), sentence)


def _reserve(folder: Path) -> Iterator[Finding]:
    if is_read_only(folder):  # nothing is written there
        return
    with suppress(OSError):  # other checks report it
        # Half, as another process may have extended the file but not yet the reserve.
        if folder.is_dir() and reserve.size_in(folder) < reserve.MARGIN // 2:
            sentence = _(
                "No disk space is reserved in {folder}, because the disk is or was full. Free "
                "some space; the next write reserves it again.",
                folder=folder,
            )
            yield Finding(Severity.WARNING, str(folder / reserve.NAME), sentence)
