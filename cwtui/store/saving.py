"""The two ways to save a change to a table file: a line in its journal, and a new base."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import CannotCheck
from cwtui.host import reserve
from cwtui.host.files import (
    cannot,
    discard,
    exists,
    keep,
    later_than,
    new_file,
    sync_folder,
    temporary_of,
)
from cwtui.store import journal
from cwtui.store.base import Content
from cwtui.store.view import Draft

_NUMBERS: Final = 10**9


class Prepared(NamedTuple):
    """A change that is on disk and not yet visible. If committing it fails, it undoes itself."""

    commit: Callable[[], None]
    undo: Callable[[], None]


def as_line(path: Path, offset: int, text: bytes, *, is_prepared: bool) -> Prepared:
    """Append a line to the journal. Without `is_prepared` it is visible at once."""
    journal.append(path, offset, text, is_committed=not is_prepared)

    def commit() -> None:
        if is_prepared:
            journal.commit(path, offset + len(text) + 1)
        reserve.keep(path.parent)

    return Prepared(commit, lambda: journal.cut(path, offset))


def as_base(draft: Draft, old_schema: int | None, needed: int | None) -> Prepared:
    """Write a new base with an empty journal.

    A file of an old schema is kept. `needed` is how much of the reserve it may use, in bytes; None
    means nothing. Raises CannotCheck.
    """
    path, main, small, _ = draft.kind
    base = draft.base
    if base is not None:
        base.verify_checksum()  # else damage would get a matching checksum
    if old_schema is not None:
        _keep_old(path, old_schema)
    beside = _new_journal(path)
    content = Content(
        journal=beside.name,
        main=main,
        tables={table: draft.table(table) for table in small},
        count=draft.count,
        marked=tuple(sorted(draft.marked)),
        lines=draft.lines,
    )
    temporary = temporary_of(path)

    def write() -> None:
        later = later_than(path)
        temporary.unlink(missing_ok=True)
        with new_file(temporary) as descriptor:
            content.write(descriptor)
            os.utime(descriptor, ns=(later, later))

    try:
        if needed is None:
            write()
        else:
            reserve.with_room_from(path.parent, needed, write)
    except OSError as error:
        raise cannot("write", path, error) from None
    try:
        journal.begin(beside)
        sync_folder(path.parent)
    except CannotCheck:
        discard(temporary)
        discard(beside)
        raise

    def commit() -> None:
        try:
            temporary.replace(path)
        except OSError as error:
            undo()
            raise cannot("write", path, error) from None
        sync_folder(path.parent)
        _remove_other_journals(path, beside)
        reserve.keep(path.parent)

    def undo() -> None:
        discard(temporary)
        discard(beside)

    return Prepared(commit, undo)


def _keep_old(path: Path, schema: int) -> None:
    try:
        journals = journals_of(path)
    except OSError as error:
        raise cannot("read", path.parent, error) from None
    for one in (path, *journals):
        keep(one, f"schema-{schema}")


def _new_journal(path: Path) -> Path:
    # At random, so that a restored store has journals of other names than those it replaces.
    while True:
        number = int.from_bytes(os.urandom(8)) % _NUMBERS
        beside = path.with_name(f"{path.stem}-{number:09d}.journal")
        if not exists(beside):
            return beside


def journals_of(path: Path) -> list[Path]:
    """Return the journals of all bases that this file ever had. Raises OSError."""
    return list(path.parent.glob(f"{path.stem}-{'[0-9]' * 9}.journal"))


def _remove_other_journals(path: Path, current: Path) -> None:
    with suppress(OSError):
        for one in journals_of(path):
            if one != current:
                one.unlink(missing_ok=True)
