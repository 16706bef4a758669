"""What a table file contains at one instant: its base, and the changes of its journal."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from cwtui.accounts.errors import StoreDamaged
from cwtui.store import journal_file, old_files
from cwtui.store.base import Base, Documents
from cwtui.store.base_text import damaged, line_of
from cwtui.store.journal import Changes, Lines

T = TypeVar("T")
_SOME: Final = 8
"""Searches after which decoding the journal pays."""
_SHORT: Final = 1 << 18
"""Bytes of a journal that is searched. Others have long lines, which take long to decode."""
_WEIGHT: Final = 512
"""Bytes of a usual document, for `name_at`."""
_INVALID: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@lru_cache(maxsize=16)
def _decoders(kind: type[T]) -> "tuple[msgspec.json.Decoder[T], Callable[[bytes], dict[str, T]]]":
    """Return the decoder of one document, and the function that decodes a block of lines."""
    # mypy knows no type that is a parameter inside dict[...].
    block: msgspec.json.Decoder[dict[str, T]] = msgspec.json.Decoder(dict[str, kind])  # type: ignore[valid-type]
    return msgspec.json.Decoder(kind), block.decode


def _no_document(_: bytes) -> bool:
    return False


class Kind(NamedTuple):
    """Where a table file is, its large table, its small ones, and which documents are marked."""

    path: Path
    main: str
    small: tuple[str, ...] = ()
    is_marked: Callable[[bytes], bool] = _no_document
    """Whether a document is one of the few that must be found quickly. Must not raise."""

    @property
    def tables(self) -> frozenset[str]:
        """The names of all tables."""
        return frozenset((self.main, *self.small))


class View:
    """The documents of all tables, as JSON. It stays readable and does not change.

    `base` is None for a file that does not exist yet or has an old schema; all documents are then
    in `changes`. `journal` is the path of the journal, if there is one. Instead of `changes` there
    can be `lines` of the journal, which are searched at first, as a command reads few documents.
    """

    def __init__(
        self,
        kind: Kind,
        base: Base | None = None,
        changes: Changes | None = None,
        count: int = 0,
        journal: Path | None = None,
        lines: Lines | None = None,
    ) -> None:
        self.kind = kind
        self.base = base
        self.count = count
        """The number of documents in the main table."""
        self.journal = journal
        self._lines = lines
        self._searches = 0
        self.read_tables: dict[str, dict[str, bytes]] = {}
        """The small tables that were read."""
        if lines is None:
            self.changes = changes if changes is not None else {}
            self._changed = self.changes.setdefault(kind.main, {})

    @cached_property
    def changes(self) -> Changes:
        """All changes since the base was written."""
        return self.changes_of(self._lines) if self._lines is not None else {}

    @cached_property
    def _changed(self) -> Documents:
        return self.changes.setdefault(self.kind.main, {})

    def changes_of(self, lines: Lines) -> Changes:
        """Return what these lines of the journal change. Raises StoreDamaged."""
        changes = lines.changes()
        for unknown in sorted(changes.keys() - self.kind.tables):
            line = journal_file.line_naming(lines.path, unknown)
            raise damaged(lines.path, line, f"unknown table {unknown!r}")
        return changes

    def with_lines(self, lines: Lines, count: int) -> "View":
        """Return the view after these lines of the journal. Raises StoreDamaged."""
        if self._lines is None and not any(self.changes.values()):
            return View(self.kind, self.base, None, count, self.journal, lines)
        return self.with_changes(self.changes_of(lines), count)

    def with_changes(self, changes: Changes, count: int) -> "View":
        """Return the view after these changes."""
        tables = self.changes.keys() | changes.keys()
        merged = {name: {**self.changes.get(name, {}), **changes.get(name, {})} for name in tables}
        return View(self.kind, self.base, merged, count, self.journal)

    # One document

    def get(self, name: str) -> bytes | None:
        """Return a document of the main table; None if there is none."""
        changed: Documents | None = self.__dict__.get("_changed")
        if changed is None:
            changed = self._changes_with(name)
        if name in changed:
            return changed[name]
        return self.base.get(name) if self.base is not None else None

    def _changes_with(self, name: str) -> Documents:
        """Return changes in the main table, with that of this document, if any."""
        lines = self._lines
        self._searches += 1
        if lines is None or self._searches > _SOME or len(lines.text) > _SHORT:
            return self._changed
        return lines.last_change(self.kind.main, name)

    def table(self, name: str) -> dict[str, bytes]:
        """Return the documents of a small table."""
        if name not in self.read_tables:
            self.read_tables[name] = self._read_table(name)
        return self.read_tables[name]

    def _read_table(self, name: str) -> dict[str, bytes]:
        kept: dict[str, Any] = dict(self.base.tables.get(name, {})) if self.base else {}
        if self._lines is None or self._lines.may_change(name):
            kept |= self.changes.get(name, {})
        return {key: bytes(document) for key, document in kept.items() if document is not None}

    def name_at(self, number: int) -> str | None:
        """Return one of the names, chosen by a number of any size; None if there are none."""
        size = self.base.main_size if self.base is not None else 0
        names = self._changed_names
        chosen = number % max(size + _WEIGHT * len(names), 1)
        if chosen >= size:
            name = names[(chosen - size) // _WEIGHT] if names else None
        else:
            name = self.base.name_at(chosen) if self.base is not None else None
        if name is None or self.get(name) is not None:
            return name
        following = next(self.names(name), None)
        return following if following is not None else next(self.names(), None)

    @cached_property
    def marked(self) -> frozenset[str]:
        """The names of the marked documents. Few documents are read to find them."""
        kept = frozenset(self.base.meta.marked) if self.base is not None else frozenset[str]()
        return (kept - self._changed.keys()) | {
            name
            for name, document in self._changed.items()
            if document is not None and self.kind.is_marked(document)
        }

    @cached_property
    def _changed_names(self) -> list[str]:
        return sorted(self._changed)

    # Many documents

    def names(self, after: str | None = None) -> Iterator[str]:
        """Yield the names in the main table, sorted."""
        changed = self._changed_names
        if after is not None:
            changed = changed[bisect_right(changed, after) :]
        mine = (name for name in changed if self._changed[name] is not None)
        return merge(self._names_of_base(after), mine)

    def _names_of_base(self, after: str | None) -> Iterator[str]:
        """Yield the names that no change concerns."""
        if self.base is None:
            return
        changed = self._changed
        # Few follow where a name is given: mostly, only the next one is wanted.
        for text in self.base.blocks(after, wanted=None if after is None else 1):
            yield from (name for name in self.base.names_in(text) if name not in changed)

    def documents(
        self,
        kind: type[T],
        after: str | None = None,
        *,
        backward: bool = False,
        containing: Sequence[bytes] = (),
        wanted: int | None = None,
    ) -> Iterator[tuple[str, T]]:
        """Yield the main table's documents decoded as this type, sorted by name.

        They begin after the name `after`, or with `backward`, before it. Documents without all of
        the texts `containing`, which are ASCII in lower case, may be left out if they contain only
        ASCII. About as many as are `wanted` are read at first. Raises StoreDamaged.
        """
        parts = self.parts(kind, after, backward=backward, containing=containing, wanted=wanted)
        return chain.from_iterable(parts)

    def parts(
        self,
        kind: type[T],
        after: str | None = None,
        *,
        backward: bool = False,
        containing: Sequence[bytes] = (),
        wanted: int | None = None,
    ) -> Iterator[Iterable[tuple[str, T]]]:
        """Yield the same documents in the parts in which they are read; some may be empty."""
        decoder, decode_block = _decoders(kind)  # type: ignore[arg-type]  # types can be hashed
        changed = self._changed_names
        if after is not None and backward:
            changed = changed[: bisect_left(changed, after)]
        elif after is not None:
            changed = changed[bisect_right(changed, after) :]
        base = self.base
        blocks = base.blocks(after, backward=backward, wanted=wanted) if base is not None else ()
        for text in blocks:
            if containing and text.isascii():
                lower = text.lower()
                if not all(needle in lower for needle in containing):
                    continue
            try:
                # Many at once are decoded several times faster than one by one.
                found: dict[str, T] = decode_block(b"{" + text + b"}")
            except _INVALID:
                found = self._one_by_one(text, decoder)
            if not found:
                continue
            if backward:
                at = bisect_left(changed, next(iter(found)))
                mine, changed = changed[at:], changed[:at]
            else:
                at = bisect_right(changed, next(reversed(found)))
                mine, changed = changed[:at], changed[at:]
            items = self._merged(found, mine, decoder) if mine else list(found.items())
            yield reversed(items) if backward else items
        rest = self._merged({}, changed, decoder)
        yield reversed(rest) if backward else rest

    def _merged(
        self, found: dict[str, T], names: list[str], decoder: "msgspec.json.Decoder[T]"
    ) -> list[tuple[str, T]]:
        for name in names:
            document = self._changed[name]
            if document is None:
                found.pop(name, None)
            else:
                found[name] = self._decoded(name, document, decoder)
        return sorted(found.items(), key=lambda item: item[0])

    def _one_by_one(self, text: bytes, decoder: "msgspec.json.Decoder[T]") -> dict[str, T]:
        if self.base is None:
            return {}
        # A damaged document that was replaced or removed since does no harm.
        return {
            name: self._decoded(name, document, decoder)
            for name, document in self.base.split(text)
            if name not in self._changed
        }

    def _decoded(self, name: str, document: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
        try:
            return decoder.decode(document)
        except _INVALID as error:
            raise self.damaged(self.kind.main, name, str(error)) from None

    def mentioning(self, *needles: bytes) -> list[tuple[str, bytes]]:
        """Return the documents of the main table with one of these texts, sorted by name."""
        found: dict[str, bytes] = {}
        for text in self.base.blocks() if self.base is not None else ():
            # The text of many documents is searched at once, as it mostly contains none.
            if self.base is not None and any(needle in text for needle in needles):
                found |= self.base.split(text)
        found |= {name: doc for name, doc in self._changed.items() if doc is not None}
        return sorted(
            (name, document)
            for name, document in found.items()
            if any(needle in document for needle in needles)
            and self._changed.get(name, document) is not None
        )

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the main table, each with its `,` and end."""
        if self.base is not None:
            return self.base.merged(self._changed)
        return (
            line_of(name, document) + b",\n"
            for name in self._changed_names
            if (document := self._changed[name]) is not None
        )

    # Errors

    def decoded(self, table: str, name: str, document: bytes, kind: type[T]) -> T:
        """Decode a document as this type. Raises StoreDamaged, naming file, line and reason."""
        try:
            return msgspec.json.decode(document, type=kind)
        except _INVALID as error:
            raise self.damaged(table, name, str(error)) from None

    def damaged(self, table: str, name: str, reason: str) -> StoreDamaged:
        """Return the error for an invalid document."""
        return damaged(*self._place(table, name), f"{table} {name!r}: {reason}")

    def _place(self, table: str, name: str) -> tuple[Path, int]:
        if self.base is None:
            return self.kind.path, old_files.line_of(self.kind.path, name)
        if self.journal is not None and name in self.changes.get(table, {}):
            return self.journal, journal_file.line_naming(self.journal, name)
        if table == self.kind.main:
            return self.kind.path, self.base.line_of(name)
        return self.kind.path, self.base.line_in_header(name)


class Draft(View):
    """The view inside a transaction, which changes it."""

    def __init__(self, view: View) -> None:
        changes = {table: dict(documents) for table, documents in view.changes.items()}
        super().__init__(view.kind, view.base, changes, view.count, view.journal)
        self.read_tables |= view.read_tables
        self.own: Changes = {}
        """The changes of this transaction."""

    def committed(self) -> View:
        """Return the view after this transaction, which must not change it any more."""
        view = View(self.kind, self.base, self.changes, self.count, self.journal)
        view.read_tables |= self.read_tables
        return view

    def change(self, table: str, documents: Documents) -> None:
        """Replace documents; None removes one if it exists."""
        all_changes, own = (kept.setdefault(table, {}) for kept in (self.changes, self.own))
        small = None if table == self.kind.main else self.table(table)
        for name in sorted(documents):  # neighbours are found faster
            document = documents[name]
            before = self.get(name) if small is None else small.get(name)
            if document is None and before is None:
                continue
            if small is None:
                self.count += (document is not None) - (before is not None)
            all_changes[name] = own[name] = document
        self.read_tables.pop(table, None)
        for cached in ("_changed_names", "marked"):
            self.__dict__.pop(cached, None)

    @property
    def is_changed(self) -> bool:
        return any(self.own.values())
