"""Saves a change as a line in the journal, and all that the file contains as a new base."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from cwtui.host.files import (
    Version,
    cannot,
    discard,
    exists,
    keep,
    later_than,
    new_file,
    sync_folder,
    temporary_of,
)
from cwtui.store import journal, journal_file
from cwtui.store.content import Content
from cwtui.store.journal import Lines
from cwtui.store.view import View

_NUMBERS: Final = 10**9


class Prepared(NamedTuple):
    """A line that is on disk and perhaps not yet visible. It is between these two offsets."""

    commit: Callable[[], Version]
    """Returns the new version of the journal."""
    undo: Callable[[], None]
    begin: int
    end: int


def as_line(
    path: Path, offset: int, text: bytes, *, seen: Version, is_torn: bool, is_prepared: bool
) -> Prepared:
    """Append a line to the journal. Without `is_prepared` it is visible at once."""
    version = journal_file.append(
        path, offset, text, seen=seen, is_torn=is_torn, is_committed=not is_prepared
    )
    end = offset + len(text) + 1

    def commit() -> Version:
        now = journal_file.commit(path, end) if is_prepared else version
        reserve.keep(reserve.folder_of(path))
        return now

    return Prepared(commit, lambda: journal_file.cut(path, offset), offset, end)


class NewBase(NamedTuple):
    """A new base on disk that has not replaced the old one yet."""

    path: Path
    temporary: Path
    journal: Path
    checksum: str

    def replace_old(self, since: Lines | None, old_schema: int | None) -> None:
        """Replace the old base. The caller holds the lock of the file.

        The journal of the new base begins with the changes that were made since it was written. A
        file of an old schema is kept. After CannotCheck the old base remains, unless it says else.
        """
        text = b""
        if since is not None and since.documents is not None:
            start = journal.beginning(self.checksum)
            text = journal.line(since.changes(), since.documents, start) + b"\n"
        try:
            if old_schema is not None:
                _keep_old(self.path, old_schema)
            journal_file.begin(self.journal, text)
            sync_folder(self.path.parent)
            self._rename()
        except CannotCheck:
            self.discard()
            discard(self.journal)
            raise
        sync_folder(self.path.parent)
        _remove_left(self.path, self.journal)
        reserve.keep(self.path.parent)

    def _rename(self) -> None:
        try:
            self.temporary.replace(self.path)
        except OSError as error:
            raise cannot("write", self.path, error) from None

    def discard(self) -> None:
        """Remove it, unless it has replaced the old base."""
        discard(self.temporary)


def new_base(view: View, temporary: Path, needed: int | None) -> NewBase:
    """Write all documents of this view to a new base. Raises CannotCheck.

    `needed` is how much of the reserve it may use, in bytes; None means nothing.
    """
    path, main, small, _ = view.kind
    if view.base is not None:
        view.base.verify_checksum()  # else damage would get a matching checksum
    beside = new_journal(path)
    content = Content(
        journal=beside.name,
        main=main,
        tables={table: view.table(table) for table in small},
        count=view.count,
        marked=tuple(sorted(view.marked)),
        lines=view.lines,
    )

    def write() -> str:
        later = later_than(path)
        temporary.unlink(missing_ok=True)
        with new_file(temporary) as descriptor:
            checksum = content.write(descriptor)
            os.utime(descriptor, ns=(later, later))
        return checksum

    try:
        has_room = reserve.with_room_from
        checksum = write() if needed is None else has_room(path.parent, needed, write)
    except OSError as error:
        raise cannot("write", path, error) from None
    return NewBase(path, temporary, beside, checksum)


def first_base(content: Content, path: Path) -> None:
    """Write a new file with this content, and its journal, where there is none.

    Raises CannotCheck.
    """
    try:
        with new_file(path) as descriptor:
            content.write(descriptor)
    except OSError as error:
        raise cannot("write", path, error) from None
    journal_file.begin(path.with_name(content.journal), b"")


def _keep_old(path: Path, schema: int) -> None:
    try:
        journals = journals_of(path)
    except OSError as error:
        raise cannot("read", path.parent, error) from None
    for one in (path, *journals):
        keep(one, f"schema-{schema}")


def new_journal(path: Path) -> Path:
    """Return a name for the journal of this file that no other one has."""
    # At random, so that a restored store has journals of other names than those it replaces.
    while True:
        number = int.from_bytes(os.urandom(8)) % _NUMBERS
        beside = path.with_name(f"{path.stem}-{number:09d}.journal")
        if not exists(beside):
            return beside


def journals_of(path: Path) -> list[Path]:
    """Return the journals of all bases that this file ever had. Raises OSError."""
    return list(path.parent.glob(f"{path.stem}-{'[0-9]' * 9}.journal"))


def _remove_left(path: Path, current: Path) -> None:
    """Remove other journals, and what a process left that was killed with the lock of the file."""
    with suppress(OSError):
        for one in (temporary_of(path), *journals_of(path)):
            if one != current:
                one.unlink(missing_ok=True)
