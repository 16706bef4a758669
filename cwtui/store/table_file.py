"""Tables of JSON documents in one file that several processes share: a base and a journal.

Reading needs no lock: a base never changes, and the committed part of a journal only grows. A
change is one line at the end of the journal, durable with one fdatasync. When the journal is
longer than `_most_journal`, the change is made by writing a new base instead, with an empty
journal; the rename of the base is the commit, as it names its journal.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock, get_ident
from typing import Final, NamedTuple, TypeAlias

import msgspec

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreMissing
from cwtui.host import reserve
from cwtui.host.files import (
    cannot,
    check_private,
    discard,
    exists,
    keep,
    later_than,
    new_file,
    sync_folder,
    temporary_of,
)
from cwtui.host.locks import exclusive, in_turn, undisturbed
from cwtui.host.untrusted_files import check_size, open_regular, read_opened, read_regular
from cwtui.store import journal, parts
from cwtui.store.base import MOST, START, Base, Content, check_length, damaged
from cwtui.store.journal import Changes, Point
from cwtui.store.parts import Part
from cwtui.store.view import Draft, IsMarked, View

_MOST_JOURNAL: Final = (1 << 16, 1 << 18)
"""Bytes of a journal, at least and at most, before a new base is written: about 100 to 500 changes.
Opening a store reads its journal."""
_OF_BASE: Final = 8
"""A journal may have this part of its base, as writing a new base takes as long as the base is."""

_NUMBERS: Final = 10**9
_Version: TypeAlias = tuple[int, ...]


def _any_view(_: View) -> None:
    """Accept any content."""


def _no_document(_: bytes) -> bool:
    return False


class _Read(NamedTuple):
    """What was read last: the version of the base, and how much of the journal."""

    version: _Version
    view: View
    schema: int | None = None
    """The schema of a file in an old format."""
    journal: _Version = ()
    point: Point = Point(0, b"", 0)


class _Prepared(NamedTuple):
    """A change that is on disk and not yet visible. If committing it fails, it undoes itself."""

    commit: Callable[[], None]
    undo: Callable[[], None]


class TableFile:
    """One large table, `main`, and small ones.

    `check_is_there` raises StoreMissing if the store is gone; a missing file is then not treated
    as empty. `check_view` raises CannotCheck for content that must not be used; it is called once
    per version. `may_be_missing`: the first change creates the file.
    """

    def __init__(
        self,
        path: Path,
        main: str,
        *small: str,
        check_is_there: Callable[[], None],
        check_view: Callable[[View], None] = _any_view,
        may_be_missing: bool = False,
        is_marked: IsMarked = _no_document,
    ) -> None:
        self.path = path
        self.main = main
        self._small = small
        self._check_is_there = check_is_there
        self._check_view = check_view
        self._may_be_missing = may_be_missing
        self._is_marked = is_marked
        self._threads = Lock()
        self._writer: int | None = None
        self._draft: Draft | None = None
        self._prepared: _Prepared | None = None
        self._last: _Read | None = None
        self._postponed: tuple[str, int] = ("", 0)
        """The journal, and the length below which no new base is tried again."""

    # Reading

    def view(self) -> View:
        """Return the current content, with the changes of this transaction so far.

        Raises CannotCheck.
        """
        return self._current().view if self._writer != get_ident() else self._in_transaction()

    def _current(self) -> _Read:
        while True:
            version = self._version()
            if version is None:
                return _Read((), self._empty())
            before = self._last
            read = before if before is not None and before.version == version else self._opened()
            with_journal = self._with_journal(read)
            if with_journal is None:
                if self._version() == read.version and read.view.journal is not None:
                    raise journal.missing(read.view.journal, self.path)
                continue  # another process has just replaced the base
            if with_journal is before:
                return before
            try:
                self._check_view(with_journal.view)
            except CannotCheck:
                again = self._with_journal(with_journal)
                is_newest = again is not None and again.point == with_journal.point
                if is_newest and self._version() == read.version:
                    raise
                continue
            self._last = with_journal
            return with_journal

    def _version(self) -> _Version | None:
        """Return a value that differs for each version of the base; None if it may be missing."""
        try:
            return _version_of(self.path.stat())
        except FileNotFoundError:
            self._check_is_there()
            if self._may_be_missing:
                return None
            raise StoreMissing(f"{self.path} is missing. Nothing was changed.") from None
        except OSError as error:
            raise cannot("read", self.path, error) from None

    def _empty(self) -> View:
        return View(self.path, self.main, self._is_marked)

    def _opened(self) -> _Read:
        try:
            descriptor = open_regular(self.path)
        except OSError as error:
            raise cannot("read", self.path, error) from None
        is_ours = False
        try:
            check_private(self.path, descriptor)
            check_size(descriptor, MOST, self.path)
            version = _version_of(os.fstat(descriptor))
            if os.pread(descriptor, len(START), 0) != START:
                return self._old(descriptor, version)
            is_ours = True
        except OSError as error:
            raise cannot("read", self.path, error) from None
        finally:
            if not is_ours:
                os.close(descriptor)
        base = Base(descriptor, self.path, self.main)
        self._check_tables(base.tables, base.line_in_header)
        name = base.meta.journal
        if not re.fullmatch(re.escape(self.path.stem) + r"-\d{9}\.journal", name):
            raise damaged(self.path, 1, f"{name!r} is no name of a journal")
        beside = self.path.with_name(name)
        view = View(self.path, self.main, self._is_marked, base, {}, base.meta.count, beside)
        return _Read(version, view, point=journal.beginning(base.meta.sha256))

    def _old(self, descriptor: int, version: _Version) -> _Read:
        # Imported here, because few stores are old.
        from cwtui.store import old_files

        old = old_files.decode(read_opened(descriptor, MOST, self.path), self.path)
        self._check_tables(old.tables, lambda name: old_files.line_of(self.path, name))
        count = len(old.tables.get(self.main, {}))
        changes: Changes = {name: {**kept} for name, kept in old.tables.items()}
        view = View(self.path, self.main, self._is_marked, None, changes, count)
        return _Read(version, view, old.schema)

    def _check_tables(self, tables: Mapping[str, object], line: Callable[[str], int]) -> None:
        for unknown in sorted(tables.keys() - {self.main, *self._small}):
            raise damaged(self.path, line(unknown), f"unknown table {unknown!r}")

    def _with_journal(self, read: _Read) -> _Read | None:
        """Return what there is with the journal's current lines; None if there is no journal."""
        path = read.view.journal
        if path is None:
            return read
        try:
            now = _version_of(path.stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", path, error) from None
        if now == read.journal and now[2] == read.point.offset:
            return read
        if read.journal and (now[:2] != read.journal[:2] or now[2] <= read.point.offset):
            read = self._without_journal(read)  # changed in place, or another file
        found = journal.read(path, read.point.offset)
        if found is None:
            return None
        text, state = found
        try:
            return self._with_lines(read, text, state, path)
        except StoreDamaged:
            if not read.point.offset:
                raise
            # A writer may have undone the line before, as it could not get it onto the disk.
            return self._with_journal(self._without_journal(read))

    def _with_lines(self, read: _Read, text: bytes, state: os.stat_result, path: Path) -> _Read:
        changes: dict[str, dict[str, bytes | None]] = {}
        count, point = read.view.count, read.point
        for line in journal.lines(text, read.point, path):
            self._check_tables(line.changes, lambda _: line.end.lines)  # noqa: B023  # used at once
            for table, documents in line.changes.items():
                changes.setdefault(table, {}).update(documents)
            count, point = line.documents, line.end
        view = read.view.with_changes(changes, count) if changes else read.view
        return read._replace(view=view, journal=_version_of(state), point=point)

    def _without_journal(self, read: _Read) -> _Read:
        base = read.view.base
        if base is None:
            return read
        view = View(
            self.path, self.main, self._is_marked, base, {}, base.meta.count, read.view.journal
        )
        return read._replace(view=view, point=journal.beginning(base.meta.sha256))

    @contextmanager
    def parts(self) -> Iterator[dict[Path, Part]]:
        """Open the files as they are at one instant, by path. Raises CannotCheck and OSError."""
        while True:
            read = self._current()
            if not read.version:
                yield {}
                return
            with ExitStack() as opened:
                found = {self.path: opened.enter_context(parts.opened(self.path))}
                beside = read.view.journal
                try:
                    if beside is not None:
                        # Without a line that is torn, or written at this moment.
                        length = read.point.offset
                        found[beside] = opened.enter_context(parts.opened(beside, length))
                except FileNotFoundError:
                    continue  # another process has just replaced the base
                state = os.fstat(found[self.path].file.fileno())
                if _version_of(state) != read.version:
                    continue
                yield found
                return

    # Changing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run one read-modify-write. At the end the changes are on disk; an exception undoes them.

        Raises CannotCheck.
        """
        if self._writer == get_ident():
            message = "a nested transaction would wait for itself"
            raise RuntimeError(message)
        self._check_is_there()  # before the lock, which is a file in the store's folder
        with in_turn(self._threads, self.path), exclusive(self.path):
            self._check_is_there()
            self._writer = get_ident()
            try:
                yield
                if self._prepared is not None:
                    prepared, self._prepared = self._prepared, None
                    prepared.commit()
                elif self._draft is not None and self._draft.is_changed:
                    self._write(is_prepared=False).commit()
            finally:
                self._writer = None
                self._undo()
                self._draft = None

    def put(self, table: str, documents: Mapping[str, object]) -> None:
        """Insert or replace documents, in a transaction."""
        encode = msgspec.json.Encoder().encode
        encoded = {name: encode(one) for name, one in documents.items()}
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
            self._draft = Draft(self._current().view)
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
            if exists(self.path):
                raise CannotCheck(f"{self.path} already exists. It was not changed.")
            self._refuse_lost_base()
            self._new_base(Draft(self._empty()), None, needed=0).commit()

    def compact(self) -> bool:
        """Write a new base with an empty journal. Returns whether there was anything to do.

        Raises CannotCheck, also if the base is damaged.
        """
        self._check_is_there()
        with in_turn(self._threads, self.path), exclusive(self.path):
            read = self._current()
            if not read.version or (read.schema is None and not read.point.offset):
                return False
            self._new_base(Draft(read.view), read, needed=None).commit()
            return True

    def _undo(self) -> None:
        if self._prepared is not None:
            self._prepared.undo()
            self._prepared = None

    def _write(self, *, is_prepared: bool) -> _Prepared:
        draft, read = self._changed(), self._current()
        if read.view.journal is None:  # there is none yet, or the format is old
            size = read.version[2] if read.version else 0
            if not read.version:
                self._refuse_lost_base()
            return self._new_base(draft, read, needed=size)
        if self._pays(read, draft.own_size):
            try:
                return self._new_base(draft, read, needed=None)
            except CannotCheck:
                # A full disk, or a damaged base: the journal can still take the change.
                self._postponed = read.view.journal.name, 2 * (read.point.offset + draft.own_size)
        text = journal.line(draft.own, draft.count, read.point)
        return _appended(read.view.journal, read.point.offset, text, is_prepared=is_prepared)

    def _pays(self, read: _Read, added: int) -> bool:
        least, most = _MOST_JOURNAL
        length = read.point.offset + added
        name, until = self._postponed
        if read.view.journal is not None and read.view.journal.name == name and length < until:
            return False
        return length > min(max(read.version[2] // _OF_BASE, least), most)

    def _new_base(self, draft: Draft, read: _Read | None, *, needed: int | None) -> _Prepared:
        """Write a new base. It may use this much of the reserve, in bytes; None means nothing."""
        base = draft.base
        if base is not None:
            base.verify_checksum()  # else damage would get a matching checksum
        if read is not None and read.schema is not None:
            keep(self.path, f"schema-{read.schema}")
        # At random, so that a restored store has journals of other names than those it replaces.
        number = int.from_bytes(os.urandom(8)) % _NUMBERS
        name = f"{self.path.stem}-{number:09d}.journal"
        content = Content(
            journal=name,
            main=self.main,
            tables={table: draft.table(table) for table in self._small},
            count=draft.count,
            marked=tuple(sorted(draft.marked)),
            lines=draft.lines,
        )
        temporary = temporary_of(self.path)

        def write() -> None:
            later = later_than(self.path)
            temporary.unlink(missing_ok=True)
            with new_file(temporary) as descriptor:
                content.write(descriptor)
                os.utime(descriptor, ns=(later, later))

        beside = self.path.with_name(name)
        try:
            if needed is None:
                write()
            else:
                reserve.with_room_from(self.path.parent, needed, write)
        except OSError as error:
            raise cannot("write", self.path, error) from None
        try:
            journal.begin(beside)
            sync_folder(self.path.parent)
        except CannotCheck:
            discard(temporary)
            discard(beside)
            raise

        def commit() -> None:
            try:
                temporary.replace(self.path)
            except OSError as error:
                undo()
                raise cannot("write", self.path, error) from None
            sync_folder(self.path.parent)
            self._remove_journals(beside)
            reserve.keep(self.path.parent)

        def undo() -> None:
            discard(temporary)
            discard(beside)

        return _Prepared(commit, undo)

    def _refuse_lost_base(self) -> None:
        """Raise StoreDamaged if there is no base, but a journal, which would be removed."""
        try:
            lost = [path for path in self._journals(self.path) if path.stat().st_size]
        except OSError as error:
            raise cannot("read", self.path.parent, error) from None
        if lost and not exists(self.path):
            raise journal.without_base(lost[0], self.path)

    def _remove_journals(self, current: Path) -> None:
        with suppress(OSError):
            for path in self._journals(current):
                path.unlink(missing_ok=True)

    def _journals(self, current: Path) -> list[Path]:
        """Return the journals of other bases. Raises OSError."""
        found = self.path.parent.glob(f"{self.path.stem}-*.journal")
        return [path for path in found if path != current]

    # Checking

    def leftovers(self) -> list[Path]:
        """Return journals that a killed process left behind. Raises CannotCheck and OSError."""
        with undisturbed(self.path):
            current = self._current().view.journal
            return sorted(self._journals(current if current is not None else self.path))

    def verify(self) -> None:
        """Raise StoreDamaged unless base and journal are exactly as cwtui wrote them.

        Separate from reading, which must be fast. Raises CannotCheck.
        """
        read = self._current()
        if not read.version:
            self._refuse_lost_base()
        if read.view.base is not None:
            read.view.base.verify_checksum()
            read.view.base.verify_order()
        elif read.schema is not None:
            from cwtui.store import old_files

            try:
                old_files.verify(read_regular(self.path, MOST), self.path)
            except OSError as error:
                raise cannot("read", self.path, error) from None


def _appended(path: Path, offset: int, text: bytes, *, is_prepared: bool) -> _Prepared:
    journal.append(path, offset, text, is_committed=not is_prepared)

    def commit() -> None:
        if is_prepared:
            journal.commit(path, offset + len(text) + 1)
        reserve.keep(path.parent)

    return _Prepared(commit, lambda: journal.cut(path, offset))


def _version_of(found: os.stat_result) -> _Version:
    return (
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_mode,
        found.st_uid,
    )
