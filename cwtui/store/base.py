"""The base of a table file: TinyDB JSON with one document per line, sorted by name.

A version of the file is never changed, only replaced. Documents are found by binary search on the
text, so that opening the file and reading a document cost the same at every size. It is read with
pread and not through mmap: if another program truncates a mapped file, or its disk has a bad
sector, the process is killed instead of getting an error.

    {"meta":{
    "sha256":"...",            of everything after this line's value
    "schema":10,
    "journal":"accounts-1.journal",
    "count":2,                 of documents in the main table
    "marked":["ada"]           see view.py
    },
    "settings":{
    "organization":{...}
    },
    "accounts":{
    "ada":{...},
    "bob":{...}
    }}
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw, Struct

from cwtui.accounts.errors import StoreTooNew
from cwtui.language import _
from cwtui.store.base_search import Search
from cwtui.store.base_text import (
    BLOCK,
    INVALID,
    NAME,
    NAME_MOST,
    SEPARATOR,
    WINDOW,
    BaseText,
    damaged,
    line_of,
)

SCHEMA: Final = 10
"""Schema 10 adds the last day of an account, why it is disabled, when it was enabled, and whether
it was invited; and a language to preferences. Schema 9 adds password hashes of other programs, who
added an SSH key, and what others have removed from an account; documents of schemas 7 to 9 are
valid in it. Schema 8 adds SSH keys to accounts, and more ways in which a sign-in can end. Schema 7
has several devices for an account (see schema_6.py). The format is the same since schema 6; older
ones are in old_files.py."""
ONE_DEVICE: Final = 6
"""The last schema with one device for each account."""
START: Final = b'{"meta":{\n"sha256":"'
"""How a file in this format begins."""
DIGEST: Final = 64
COVERED_FROM: Final = len(START) + DIGEST
"""Where the part of the file begins that the checksum covers."""
END: Final = b"\n}}\n"
MOST: Final = 1 << 33
"""The maximum file size in bytes: many times the size for 1,000,000 accounts."""
HEADER_MOST: Final = 1 << 24
"""Bytes before the main table: small tables, and the names of marked documents."""
_decode_names: Final = msgspec.json.Decoder(list[str]).decode
_decode_raw: Final = msgspec.json.Decoder(dict[str, Raw]).decode

Documents: TypeAlias = Mapping[str, bytes | None]
"""Documents as JSON by name; None means removed."""


class Meta(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says about itself."""

    sha256: str
    schema: int
    journal: str
    count: int
    marked: tuple[str, ...]


class _Schema(Struct):
    schema: int


class Base:
    """One version of the file, which stays open and readable if it is replaced or removed."""

    def __init__(self, descriptor: int, path: Path, main: str) -> None:
        """Take over the descriptor. Raises StoreDamaged, StoreTooNew and CannotCheck."""
        self._text = BaseText(descriptor, path)
        self.path = path
        self.main = main
        self._found: tuple[str, bytes | None] | None = None
        """What was found last, because a change reads the same document several times."""
        self.meta, self.tables, self._first = self._header()
        self._last = max(self._text.size - len(END), self._first)
        """Where the main table's last line ends."""
        self.search = Search(self._text, self._first, self._last)
        if self._text.read(self._text.size - len(END), self._text.size) != END:
            raise self._text.damaged(self._text.size, _("the end of the file is missing"))

    def _header(self) -> tuple[Meta, dict[str, dict[str, Raw]], int]:
        opening = b"\n%b:{\n" % msgspec.json.encode(self.main)
        text, at = b"", -1
        while at < 0:
            if len(text) >= min(self._text.size, HEADER_MOST):
                raise self._text.damaged(0, _("the table {name!r} is missing", name=self.main))
            seen, more = len(text), max(WINDOW, len(text))
            text += self._text.read(seen, min(seen + more, self._text.size))
            at = text.find(opening, max(seen - len(opening), 0))
        try:
            header = _decode_raw(text[:at].removesuffix(b",") + b"}")
            schema = msgspec.json.decode(header["meta"], type=_Schema).schema
            if schema > SCHEMA:
                raise too_new(self.path, schema)
            meta = msgspec.json.decode(header.pop("meta"), type=Meta)
            tables = {name: _decode_raw(table) for name, table in header.items()}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError) as error:
            raise self._text.damaged(
                0, _("its first lines are invalid: {error}", error=error)
            ) from None
        # An empty table has its end there.
        return meta, tables, min(at + len(opening), self._text.size - len(END) + 1)

    # One document

    def get(self, name: str) -> bytes | None:
        """Return a document of the main table as JSON; None if there is none with this name."""
        found = self._found
        if found is None or found[0] != name:
            found = self._found = name, self.search.find(name)[2]
        return found[1]

    def _split(self, line: bytes, at: int) -> tuple[str, bytes]:
        found = NAME.match(line)
        return self._text.name_of(line, at), line[found.end() + 1 :] if found is not None else b""

    # Many documents

    def blocks(
        self, after: str | None = None, *, backward: bool = False, wanted: int | None = None
    ) -> Iterator[bytes]:
        """Yield the main table as texts of whole lines, from after this name, or before it.

        The first text has about as many lines as are `wanted`.
        """
        begin, end = self._first, self._last
        if after is not None and backward:
            end = self.search.find(after)[0]
        elif after is not None:
            begin = self.search.find(after)[1]
        size = WINDOW
        if wanted is not None:
            usual = self.main_size // max(self.meta.count, 1)
            size = max(min((wanted + 1) * usual, BLOCK), NAME_MOST)
        while begin < end:
            if backward:
                start = self._text.start_of_line(max(end - size, begin), begin)
                text = self._text.read(start, end)
                end = start
            else:
                stop = self._text.end_of_line(min(begin + size, end) - 1, end)
                text = self._text.read(begin, stop)
                begin = stop
            yield text.removesuffix(SEPARATOR)
            size = min(size * 4, BLOCK)

    def names_in(self, text: bytes) -> list[str]:
        """Return the name of each line in one of the `blocks`."""
        lines = text.split(SEPARATOR)
        found = [name[0] for name in map(NAME.match, lines) if name is not None]
        if len(found) == len(lines):
            with suppress(*INVALID):
                # Many at once are decoded several times faster than one by one.
                return _decode_names(b"[%b]" % b",".join(found))
        return [name for name, _ in self.split(text)]

    def split(self, text: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield name and document of each line in one of the `blocks`."""
        for line in text.split(SEPARATOR):
            yield self._split(line, self._last)

    @property
    def main_size(self) -> int:
        """The size of the main table in bytes."""
        return self._last - self._first

    def name_at(self, at: int) -> str:
        """Return the name of the document at this offset in the main table."""
        return self.search.meet(self._first + at)[1]

    # A new version

    def merged(self, changes: Documents) -> Iterator[bytes]:
        """Yield the lines of the main table with these changes, each with its `,` and end."""
        at = self._first
        for name in sorted(changes):
            start, end, _ = self.search.find(name)
            if at < start:
                yield from self._lines(at, start)
            document = changes[name]
            if document is not None:
                yield line_of(name, document) + SEPARATOR
            at = end
        yield from self._lines(at, self._last)

    def _lines(self, begin: int, end: int) -> Iterator[bytes]:
        for at in range(begin, end, BLOCK):
            yield self._text.read(at, min(at + BLOCK, end))
        if begin < end == self._last:
            yield SEPARATOR

    def follow(self, older: "Base", changes: Documents) -> None:
        """Find lines as quickly as in the base that was merged with these changes into this."""
        self.search.follow(older.search, changes)

    # Errors

    def verify_checksum(self) -> None:
        """Raise StoreDamaged unless the content is what the checksum was made of."""
        digest = sha256()
        for at in range(COVERED_FROM, self._text.size, BLOCK):
            digest.update(self._text.read(at, min(at + BLOCK, self._text.size)))
        start = self._text.read(0, min(COVERED_FROM, self._text.size))
        if start != START + digest.hexdigest().encode():
            raise damaged(self.path, 1, _("the checksum does not match the content"))

    def verify_order(self) -> None:
        """Raise StoreDamaged unless all names of the main table are sorted."""
        before: str | None = None
        for text in self.blocks():
            for name, _document in self.split(text):
                if before is not None and name <= before:
                    raise self._text.damaged(
                        self.search.find(before)[0], _("{name!r} is not in order", name=name)
                    )
                before = name

    def line_of(self, name: str) -> int:
        """Return the number of the line of this name, for errors; 1 if there is none."""
        return self._text.line_number(self.search.find(name)[0])

    def line_in_header(self, name: str) -> int:
        """Return the number of the line of this name in a small table, for errors."""
        header = self._text.read(0, self._first)
        at = header.find(b"\n%b:" % msgspec.json.encode(name))
        return header.count(b"\n", 0, at + 1) + 1


def too_new(path: Path, schema: int) -> StoreTooNew:
    """Return the error for a file of a newer version of cwtui."""
    return StoreTooNew(
        _(
            "{path} has schema {schema}, written by a newer version of cwtui. This version reads "
            "schemas up to {newest}. Install the newer version.",
            path=path,
            schema=schema,
            newest=SCHEMA,
        )
    )
