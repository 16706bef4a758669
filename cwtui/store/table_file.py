"""Tables of JSON documents in one file that several processes share: a base and a journal.

Reading needs no lock: a base never changes, and the committed part of a journal only grows. A
change is one line after the others in the journal, durable with one fdatasync. When the journal has
become long, a new base is written from a snapshot, while others go on reading and changing the
file. What they changed meanwhile becomes the first line of the new base's journal. The rename of
the base is the commit, as it names its journal.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock, get_ident
from typing import Final

import msgspec

from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.host.files import Version, exists, temporary_of
from cwtui.host.locks import exclusive, if_free, in_turn, undisturbed
from cwtui.language import _
from cwtui.store import journal, saving
from cwtui.store.base_text import check_length
from cwtui.store.parts import Part
from cwtui.store.saving import Prepared, journals_of
from cwtui.store.table_reader import Read, TableReader
from cwtui.store.view import Draft, Kind, View

_MOST_JOURNAL: Final = 1 << 16
"""Bytes of a journal before a new base is written: about 200 changes. Opening a store reads its
journal, and should not take much longer than with an empty one."""

_encode: Final = msgspec.json.Encoder().encode


class TableFile:
    """One table file. The checks are those of TableReader."""

    def __init__(
        self,
        kind: Kind,
        *,
        check_is_there: Callable[[], None],
        may_be_missing: bool = False,
    ) -> None:
        self.path = kind.path
        self._kind = kind
        self._check_is_there = check_is_there
        self._may_be_missing = may_be_missing
        self._reader = TableReader(kind, check_is_there, may_be_missing=may_be_missing)
        self._threads = Lock()
        self._writer: int | None = None
        self._draft: Draft | None = None
        self._read = Read((), View(kind))
        """What the draft was made of."""
        self._prepared: Prepared | None = None

    def check_with(self, check: Callable[[View], None]) -> None:
        """Call this for each new content; it raises CannotCheck if it must not be used."""
        self._reader.check_view = check

    @property
    def _new(self) -> Path:
        """Its lock is held while a new base is written, so that only one process does."""
        return self.path.with_name(f"{self.path.name}.base")

    def view(self) -> View:
        """Return the current content, with the changes of this transaction so far.

        Raises CannotCheck.
        """
        if self._writer is not None and self._writer == get_ident():
            return self._in_transaction()
        return self._reader.current().view

    def version(self) -> object:
        """Return a value that is another one after each change. Raises CannotCheck."""
        read = self._reader.current()
        return read.version, read.point.hash.digest()

    def parts(self) -> AbstractContextManager[dict[Path, Part]]:
        """Open the files as they are at one instant, by path. Raises CannotCheck and OSError."""
        return self._reader.parts()

    def verify(self) -> None:
        """Raise StoreDamaged unless base and journal are exactly as cwtui wrote them.

        Separate from reading, which must be fast. Raises CannotCheck.
        """
        self._reader.verify()

    def leftovers(self) -> list[Path]:
        """Return journals that a killed process left behind. Raises CannotCheck and OSError."""
        with undisturbed(self.path):
            current = self._reader.current().view.journal
            return sorted(path for path in journals_of(self.path) if path != current)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run one read-modify-write. At the end the changes are on disk; an exception undoes them.

        Afterwards a new base is written if it is time. Raises CannotCheck.
        """
        if self._writer == get_ident():
            message = "a nested transaction would wait for itself"
            raise RuntimeError(message)
        snapshot = None
        with in_turn(self._threads, self.path), exclusive(self.path, self._check_is_there):
            self._writer = get_ident()
            try:
                if self._may_be_missing:
                    self._check_is_there()
                else:
                    self._in_transaction()  # finds out that it is missing
                yield
                if self._draft is not None and self._draft.is_changed:
                    prepared = self._prepared or self._write(is_prepared=False)
                    self._prepared = None
                    prepared.commit()
                    snapshot = self._snapshot_if_long(prepared)
            finally:
                self._writer = None
                self._undo()
                self._draft = None
        if snapshot is not None:
            # If it fails, it is tried again when the journal is as long again.
            with suppress(CannotCheck), if_free(self._new) as is_alone:
                if is_alone:
                    self._renew(snapshot)

    def put(self, table: str, documents: Mapping[str, object]) -> None:
        """Insert or replace documents, in a transaction."""
        encoded = {name: _encode(one) for name, one in documents.items()}
        for name, document in encoded.items():
            check_length(name, document, self.path)
        self._changed().change(table, encoded)

    def drop(self, table: str, *names: str) -> None:
        """Remove these documents if they exist, in a transaction."""
        self._changed().change(table, dict.fromkeys(names))

    def _changed(self) -> Draft:
        if self._writer != get_ident():
            message = "the store can be changed only inside a transaction"
            raise RuntimeError(message)
        self._undo()
        return self._in_transaction()

    def _in_transaction(self) -> Draft:
        if self._draft is None:
            self._read = self._reader.current()
            self._draft = Draft(self._read.view)
        return self._draft

    def prepare(self) -> None:
        """Write the changes so far to disk, so that committing them can hardly fail.

        Raises CannotCheck.
        """
        if self._draft is not None and self._draft.is_changed and self._prepared is None:
            self._prepared = self._write(is_prepared=True)

    def create(self) -> None:
        """Create the file with empty tables. Raises CannotCheck, also if it already exists."""
        with exclusive(self.path):
            if exists(self.path, follow_symlinks=False):
                raise CannotCheck(_("{path} already exists. It was not changed.", path=self.path))
            self._begin(Read((), View(self._kind)))

    def compact(self) -> bool:
        """Write a new base with an empty journal. Returns whether there was anything to do.

        Raises CannotCheck, also if the base is damaged.
        """
        with exclusive(self._new, self._check_is_there):
            self._check_is_there()
            while True:
                with in_turn(self._threads, self.path), exclusive(self.path):
                    read = self._reader.current()
                    if read.schema is not None:
                        self._begin(read)
                        return True
                if not read.version or not read.point.offset:
                    return False
                if self._renew(read):
                    return True

    def _undo(self) -> None:
        if self._prepared is not None:
            self._prepared.undo()
            self._prepared = None

    def _write(self, *, is_prepared: bool) -> Prepared:
        draft = self._changed()
        if self._read.view.base is None or self._read.schema is not None:
            self._begin(self._read)  # there is no file yet, or its schema is old
            self._read = self._reader.current()
        read, beside = self._read, self._read.view.journal
        if beside is None:
            raise StoreMissing(_("{path} is missing. Nothing was changed.", path=self.path))
        text = journal.line(draft.own, draft.count, read.point)
        line = saving.as_line(
            beside,
            read.point.offset,
            text,
            seen=read.journal,
            is_torn=read.is_torn,
            is_prepared=is_prepared,
        )

        def commit() -> Version:
            now = line.commit()
            self._reader.appended(read, text, draft, now)
            return now

        return line._replace(commit=commit)

    def _begin(self, read: Read) -> None:
        """Write the first base in this format, with the content that there is, under the lock."""
        if not read.version:
            self._reader.refuse_lost_base()
        size = read.version[2] if read.version else 0
        new = saving.new_base(read.view, temporary_of(self.path), needed=size)
        new.replace_old(None, read.schema)

    def _snapshot_if_long(self, line: Prepared) -> Read | None:
        """Return what the file contains now if this line has made its journal long, else None."""
        if line.begin // _MOST_JOURNAL == line.end // _MOST_JOURNAL:
            return None
        with suppress(CannotCheck):
            return self._reader.current()
        return None

    def _renew(self, read: Read) -> bool:
        """Write a new base with this content, which was read under the lock. Raises CannotCheck.

        The caller holds the lock of `_new`. Returns False, and discards it, if the base was
        replaced meanwhile.
        """
        new = saving.new_base(read.view, temporary_of(self._new), needed=None)
        try:
            self._check_is_there()
            with in_turn(self._threads, self.path), exclusive(self.path):
                if self._reader.current().version != read.version:
                    return False
                new.replace_old(self._reader.lines_since(read), None)
        finally:
            new.discard()
        with suppress(CannotCheck):
            self._reader.renewed(read, new.checksum)
        return True
