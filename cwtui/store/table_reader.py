"""Reads a table file: its base, and the lines of its journal since they were read last."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreMissing
from cwtui.host.files import Version, cannot, check_found, exists, is_regular, version_of
from cwtui.host.untrusted_files import TooLarge, open_regular, read_opened, read_regular
from cwtui.language import _
from cwtui.store import journal, journal_file, parts, saving
from cwtui.store.base import MOST, ONE_DEVICE, SCHEMA, START, Base
from cwtui.store.base_text import damaged
from cwtui.store.journal import Lines, Point
from cwtui.store.journal_file import JournalFile
from cwtui.store.parts import Part
from cwtui.store.view import Draft, Kind, View

_START: Final = journal.beginning("")
_JOURNAL: Final = re.compile(r"-\d{9}\.journal")
"""How the name of a journal goes on after that of its base."""


class Read(NamedTuple):
    """What was read last: the version of the base, and how much of the journal."""

    version: Version
    view: View
    schema: int | None = None
    """The schema of a file, if it is an old one."""
    journal: Version = ()
    file: JournalFile | None = None
    """The journal, which stays open."""
    point: Point = _START
    is_torn: bool = False
    """Whether a torn line follows this point."""

    def has_same_journal(self) -> bool:
        """Whether the journal is as it was. Raises CannotCheck."""
        if self.file is None:
            return self.view.journal is None
        # A journal stays with its base, so it need not be looked up by its name.
        return self.file.is_unchanged(self.journal, self.point.offset)


def _any_view(_: View) -> None:
    """Accept any content."""


class TableReader:
    """Reading needs no lock.

    `check_is_there` raises StoreMissing if the store is gone; a missing file is then not treated
    as empty. `may_be_missing`: a missing file is an empty one.
    """

    def __init__(
        self,
        kind: Kind,
        check_is_there: Callable[[], None],
        *,
        may_be_missing: bool,
    ) -> None:
        self._kind = kind
        self._path = kind.path
        self._check_is_there = check_is_there
        self.check_view: Callable[[View], None] = _any_view
        """Raises CannotCheck for content that must not be used; called once per version."""
        self._may_be_missing = may_be_missing
        self._last: Read | None = None
        self._checked: View | None = None

    def current(self) -> Read:
        """Return the current content. Raises CannotCheck."""
        last = self._last
        if last is not None and self._is_newest(last) and self._is_valid(last.view):
            return last
        while True:
            version = self._version()
            if version is None:
                if self._last is not None:
                    self.refuse_lost_base()
                return Read((), View(self._kind))
            before = self._last
            is_same = before is not None and before.version == version
            read = before if before is not None and is_same else self._opened(version)
            with_journal = self._with_journal(read)
            if with_journal is None:
                if self._version() == read.version and read.view.journal is not None:
                    raise journal_file.missing(read.view.journal, self._path)
                continue  # another process has just replaced the base
            if not self._is_valid(with_journal.view):
                again = self._with_journal(with_journal)
                is_newest = again is not None and again.point == with_journal.point
                if is_newest and self._version() == read.version:
                    self.check_view(with_journal.view)
                continue
            self._last = with_journal
            return with_journal

    def appended(self, read: Read, text: bytes, draft: Draft, now: Version) -> None:
        """Remember what `read` became by this line, which need not be read again.

        The draft must be of the same base. `now` is the version of the journal. The caller holds
        the lock of the file.
        """
        path, point = read.view.journal, read.point
        if path is None or draft.base is not read.view.base:
            return
        line = text + b"\n"
        end = Point(point.offset + len(line), point.hash.copy())
        end.hash.update(line)
        self._last = read._replace(view=draft.committed(), journal=now, point=end, is_torn=False)

    def renewed(self, read: Read, checksum: str) -> None:
        """Find documents as quickly as before in the base just written with this content.

        Does nothing if there is another base by now. Raises CannotCheck.
        """
        older, newer = read.view.base, self.current().view.base
        if older is not None and newer is not None and newer.meta.sha256 == checksum:
            newer.follow(older, read.view.changes.get(self._kind.main, {}))

    def _is_valid(self, view: View) -> bool:
        if view is not self._checked:
            try:
                self.check_view(view)
            except CannotCheck:
                return False
            self._checked = view
        return True

    def _is_newest(self, read: Read) -> bool:
        """Whether nothing was changed since. False as well if that is not clear."""
        try:
            return version_of(self._path.stat()) == read.version and read.has_same_journal()
        except (OSError, CannotCheck):
            return False

    def _version(self) -> Version | None:
        """Return a value that differs for each version of the base; None if it may be missing."""
        try:
            return version_of(self._path.stat())
        except FileNotFoundError:
            self._check_is_there()
            if self._may_be_missing:
                return None
            raise StoreMissing(
                _("{path} is missing. Nothing was changed.", path=self._path)
            ) from None
        except OSError as error:
            raise cannot("read", self._path, error) from None

    def _opened(self, seen: Version) -> Read:
        try:
            descriptor = open_regular(self._path, was_regular=is_regular(seen))
        except OSError as error:
            raise cannot("read", self._path, error) from None
        is_ours = False
        try:
            found = os.fstat(descriptor)
            check_found(self._path, found)
            if found.st_size > MOST:
                raise TooLarge(MOST, self._path)
            version = version_of(found)
            if os.pread(descriptor, len(START), 0) != START:
                return self._old(descriptor, version)
            is_ours = True
        except OSError as error:
            raise cannot("read", self._path, error) from None
        finally:
            if not is_ours:
                os.close(descriptor)
        base = self._base(descriptor)
        self._check_tables(base.tables, base.line_in_header)
        name = base.meta.journal
        stem = self._path.stem
        if not name.startswith(stem) or not _JOURNAL.fullmatch(name, len(stem)):
            raise damaged(self._path, 1, _("{name!r} is not the name of a journal", name=name))
        beside = self._path.with_name(name)
        view = View(self._kind, base, {}, base.meta.count, beside)
        old_schema = base.meta.schema if base.meta.schema < SCHEMA else None
        return Read(version, view, old_schema, point=journal.beginning(base.meta.sha256))

    def _base(self, descriptor: int) -> Base:
        base = Base(descriptor, self._path, self._kind.main)
        if base.meta.schema > ONE_DEVICE:
            return base
        # Imported here, because few stores are old.
        from cwtui.store.schema_6 import OneDeviceBase

        return OneDeviceBase(os.dup(descriptor), self._path, self._kind.main)

    def _old(self, descriptor: int, version: Version) -> Read:
        # Imported here, because few stores are old.
        from cwtui.store import old_files

        old = old_files.decode(read_opened(descriptor, MOST, self._path), self._path)
        self._check_tables(old.tables, lambda name: old_files.line_of(self._path, name))
        count = len(old.tables.get(self._kind.main, {}))
        view = View(self._kind, None, old.tables, count)
        return Read(version, view, old.schema)

    def _check_tables(self, tables: Mapping[str, object], line: Callable[[str], int]) -> None:
        for unknown in sorted(tables.keys() - self._kind.tables):
            raise damaged(self._path, line(unknown), f"unknown table {unknown!r}")

    def _with_journal(self, read: Read) -> Read | None:
        """Return what there is with the journal's current lines; None if there is no journal."""
        path = read.view.journal
        if path is None:
            return read
        now = _version_at(path)
        if now is None:
            return None
        file = read.file
        if now == read.journal and read.has_same_journal():
            return read
        if file is None or now[:2] != read.journal[:2]:
            file = journal_file.opened(path, now)
            if file is None:
                return None
            fresh = read if read.file is None else self._without_journal(read)
            read = fresh._replace(file=file)
        return self._with_lines(read, file, path)

    def _with_lines(self, read: Read, file: JournalFile, path: Path) -> Read:
        """Return what there is with the lines after those of `read`."""
        before: bytes | None = None
        while True:
            text, version = file.read(read.point.offset)
            try:
                lines = journal.committed(text, read.point, path)
                view = self._view_with(read, lines)
            except StoreDamaged:
                # It may have been read while it was half written, or a writer has undone a line, as
                # it could not get it onto the disk. Damage stays.
                if text == before:
                    raise
                before = text
            else:
                if lines.text or version == read.journal or not read.point.offset:
                    return read._replace(
                        view=view, journal=version, point=lines.end, is_torn=lines.is_torn
                    )
                # It was changed, and no line was added.
            read = self._without_journal(read)

    def _view_with(self, read: Read, lines: Lines) -> View:
        view = read.view
        if lines.documents is None:
            return view
        if read.schema is not None and read.schema <= ONE_DEVICE:
            from cwtui.store.schema_6 import as_schema_7

            return view.with_changes(as_schema_7(view.changes_of(lines)), lines.documents)
        return view.with_lines(lines, lines.documents)

    @staticmethod
    def lines_since(read: Read) -> Lines | None:
        """Return the journal's lines after those of `read`, with the same base. Raises CannotCheck.

        None if it has no journal.
        """
        path = read.view.journal
        if path is None:
            return None
        text = journal_file.read(path, read.point.offset)
        if text is None:
            raise journal_file.missing(path, read.view.kind.path)
        return journal.committed(text, read.point, path)

    def _without_journal(self, read: Read) -> Read:
        base = read.view.base
        if base is None:
            return read
        view = View(self._kind, base, {}, base.meta.count, read.view.journal)
        return read._replace(view=view, point=journal.beginning(base.meta.sha256))

    @contextmanager
    def parts(self) -> Iterator[dict[Path, Part]]:
        """Open the files as they are at one instant, by path. Raises CannotCheck and OSError."""
        while True:
            read = self.current()
            if not read.version:
                yield {}
                return
            with ExitStack() as opened:
                found = {self._path: opened.enter_context(parts.opened(self._path))}
                beside = read.view.journal
                try:
                    if beside is not None:
                        # Without a line that is torn, or written at this moment.
                        length = read.point.offset
                        found[beside] = opened.enter_context(parts.opened(beside, length))
                except FileNotFoundError:
                    continue  # another process has just replaced the base
                state = os.fstat(found[self._path].file.fileno())
                if version_of(state) != read.version:
                    continue
                yield found
                return

    def verify(self) -> None:
        """Raise StoreDamaged unless base and journal are exactly as cwtui wrote them.

        Separate from reading, which must be fast. Raises CannotCheck.
        """
        read = self.current()
        if not read.version:
            self.refuse_lost_base()
        elif read.view.base is not None:
            read.view.base.verify_checksum()
            read.view.base.verify_order()
        else:
            from cwtui.store import old_files

            try:
                old_files.verify(read_regular(self._path, MOST), self._path)
            except OSError as error:
                raise cannot("read", self._path, error) from None

    def refuse_lost_base(self) -> None:
        """Raise StoreDamaged if there is no base, but a journal, which would be removed."""
        try:
            lost = [path for path in saving.journals_of(self._path) if path.stat().st_size]
        except FileNotFoundError:
            return  # another process has just written a base
        except OSError as error:
            raise cannot("read", self._path.parent, error) from None
        if lost and not exists(self._path):
            raise journal_file.without_base(lost[0], self._path)


def _version_at(path: Path) -> Version | None:
    """Return a value that differs for each version of the journal; None if there is none."""
    try:
        return version_of(path.stat())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot("read", path, error) from None
