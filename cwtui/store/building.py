"""Build a whole store in files out of another one, beside the place where it will be used."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cwtui.accounts.audit.events import Event
from cwtui.accounts.errors import Refused
from cwtui.accounts.upkeep.copying import Step, Summary, Whole, stepping
from cwtui.host.files import exists, make_private_folder, sync_folder
from cwtui.host.locks import exclusive
from cwtui.language import _
from cwtui.store import whole
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.layout import Layout
from cwtui.store.records import TinyRecordStore
from cwtui.store.swapping import Act, staged_in, table_files


class FilesTarget:
    """A store that is being written. `kept` is the folder with the one that was there, if any."""

    def __init__(self, staged: Layout, max_bytes: int) -> None:
        self.staged = staged
        self.kept: Path | None = None
        self._audit = FileAuditLog(staged.audit, max_bytes, keep_files=1 << 30)

    def write(self, source: Whole, summary: Summary, step: Step) -> None:
        """Write everything. Raises CannotCheck."""
        self.write_tables(source, summary.accounts.number, step)
        self._audit.begin(stepping(source.lines(), step), source.ends())
        sync_folder(self.staged.folder)

    def write_tables(self, source: Whole, accounts: int, step: Step) -> None:
        """Write everything but the audit log. Raises CannotCheck."""
        found = stepping(source.accounts(), step)
        TinyAccountStore.build(self.staged.accounts, found, accounts, source)
        records = TinyRecordStore(self.staged.records)
        for number, part in source.records():
            records.put(number, dict(stepping(part.items(), step)))
            records.compact(number)
        for folder in (self.staged.records, self.staged.folder):
            sync_folder(folder)

    @contextmanager
    def whole(self) -> Iterator[whole.WholeFiles]:
        """Lend what was written, to read it back. Raises CannotCheck."""
        with whole.at_one_instant(self.staged) as found:
            found.check()
            yield found

    def append(self, event: Event) -> None:
        """Write an event to the audit log. Raises CannotCheck."""
        self._audit.append(event)


@contextmanager
def new_store(
    layout: Layout, max_bytes: int, now: float, *, replace: bool
) -> Iterator[FilesTarget]:
    """Lend a store that is being written, and put it into its place at the end.

    Raises Refused if there is a store already, unless it is to be replaced, and CannotCheck.
    """
    _refuse_existing(layout, replace=replace)
    with staged_in(layout) as staged:
        target = FilesTarget(staged, max_bytes)
        yield target
        target.kept = _put_into_place(layout, staged, now, replace=replace)


def _refuse_existing(layout: Layout, *, replace: bool) -> None:
    if not replace and (exists(layout.marker) or _all_files(layout)):
        raise Refused(
            _(
                "There is a store in {folder} already, or files of one. Nothing was changed. To "
                "put the copy in its place, add --replace. The old store is kept.",
                folder=layout.folder,
            )
        )


def _put_into_place(layout: Layout, staged: Layout, now: float, *, replace: bool) -> Path | None:
    copy = Act("copy", f"store copy FROM {shlex.quote(str(layout.folder))} --replace")
    make_private_folder(layout.records)
    records = TinyRecordStore(layout.records)
    with ExitStack() as locks:
        for path in (layout.accounts, *map(records.path, records.numbers()), layout.audit):
            locks.enter_context(exclusive(path))
        _refuse_existing(layout, replace=replace)  # somebody may have made one meanwhile
        kept = copy.keep(layout, _all_files(layout), now)
        copy.mark(layout)
        copy.replace(layout, staged, _all_files, _order)
    return kept


def _all_files(layout: Layout) -> list[str]:
    return [*table_files(layout), *layout.audit_files()]


def _order(name: str) -> tuple[bool, bool, str]:
    # Journals first, so that each base is complete; the accounts last, as they make it a store.
    return not name.endswith(".journal"), name == "accounts.json", name
