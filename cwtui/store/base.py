"""The base of a table file: TinyDB JSON with one document per line, sorted by name.

A version of the file is never changed, only replaced. Documents are found by binary search on the
text, so that opening the file and reading a document cost the same at every size. It is read with
pread and not through mmap: if another program truncates a mapped file, or its disk has a bad
sector, the process is killed instead of getting an error.

    {"meta":{
    "sha256":"...",            of everything after this line's value
    "schema":8,
    "journal":"accounts-1.journal",
    "count":2,                 of documents in the main table
    "marked":["ada"]           see tables.py
    },
    "settings":{
    "organization":{...}
    },
    "accounts":{
    "ada":{...},
    "bob":{...}
    }}
"""

import os
import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw, Struct

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreTooNew
from cwtui.accounts.text import shortened
from cwtui.host.files import cannot
from cwtui.store.places import Places

SCHEMA: Final = 8
"""Schema 8 adds SSH keys to accounts, and more ways in which a sign-in can end; documents of schema
7 are valid in it. Schema 7 has several devices for an account (see schema_6.py). The format is
the same since schema 6; older ones are in old_files.py."""
ONE_DEVICE: Final = 6
"""The last schema with one device for each account."""
START: Final = b'{"meta":{\n"sha256":"'
"""How a file in this format begins."""
DIGEST: Final = 64
COVERED_FROM: Final = len(START) + DIGEST
"""Where the part of the file begins that the checksum covers."""
END: Final = b"\n}}\n"
SEPARATOR: Final = b",\n"
MOST: Final = 1 << 33
"""The maximum file size in bytes: many times the size for 1,000,000 accounts."""
HEADER_MOST: Final = 1 << 24
"""Bytes before the main table: small tables, and the names of marked documents."""
_NAME: Final = re.compile(rb'"(?:[^"\\]|\\.)*"(?=:)')
_NAME_MOST: Final = 1 << 10
"""Bytes of a name and its quotes: many times the longest username."""
LINE_MOST: Final = 1 << 20
"""Bytes of a document: many times the largest account."""
_WINDOW: Final = 1 << 13
"""Bytes that are read at first where it is not known how many are needed."""
_NEAR: Final = 1 << 13
"""Bytes below which a search reads all that is left."""
_FAR: Final = 1 << 17
"""Bytes below which a search reads all that is left once, and remembers some lines of it."""
_SOME: Final = 8
"""Searches after which that pays: a command makes fewer."""
_FEW: Final = 1 << 11
"""Bytes that are read at once when the lines around are remembered well."""
BLOCK: Final = 1 << 18
"""The most bytes read at once where many are read."""
_REMEMBERED: Final = 1 << 16
"""How many lines are remembered, at some 100 bytes each."""
_INVALID: Final = (msgspec.MsgspecError, UnicodeDecodeError)
_encode: Final = msgspec.json.Encoder().encode
_decode_name: Final = msgspec.json.Decoder(str).decode
_decode_names: Final = msgspec.json.Decoder(list[str]).decode

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
        weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor
        self.path = path
        self.main = main
        self._searches = 0
        self._found: tuple[str, bytes | None] | None = None
        """What was found last, because a change reads the same document several times."""
        self._size = os.fstat(descriptor).st_size
        self.meta, self.tables, self._first = self._header()
        self._last = max(self._size - len(END), self._first)
        """Where the main table's last line ends."""
        self._places = Places(self._first, self._last, _REMEMBERED)
        if self._read(self._size - len(END), self._size) != END:
            raise self.damaged(self._size, "the end of the file is missing")

    def _header(self) -> tuple[Meta, dict[str, dict[str, Raw]], int]:
        opening = b"\n%b:{\n" % msgspec.json.encode(self.main)
        text, at = b"", -1
        while at < 0:
            if len(text) >= min(self._size, HEADER_MOST):
                raise self.damaged(0, f"the table {self.main!r} is missing")
            seen, more = len(text), max(_WINDOW, len(text))
            text += self._read(seen, min(seen + more, self._size))
            at = text.find(opening, max(seen - len(opening), 0))
        try:
            header = msgspec.json.decode(text[:at].removesuffix(b",") + b"}", type=dict[str, Raw])
            schema = msgspec.json.decode(header["meta"], type=_Schema).schema
            if schema > SCHEMA:
                raise too_new(self.path, schema)
            meta = msgspec.json.decode(header.pop("meta"), type=Meta)
            tables = {
                name: msgspec.json.decode(table, type=dict[str, Raw])
                for name, table in header.items()
            }
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError) as error:
            raise self.damaged(0, f"its first lines are invalid: {error}") from None
        # An empty table has its end there.
        return meta, tables, min(at + len(opening), self._size - len(END) + 1)

    # One document

    def get(self, name: str) -> bytes | None:
        """Return a document of the main table as JSON; None if there is none with this name."""
        found = self._found
        if found is None or found[0] != name:
            found = self._found = name, self._find(name)[2]
        return found[1]

    def _find(self, name: str) -> tuple[int, int, bytes | None]:
        """Return where the line of this name begins and ends, and its document.

        Without a document, both are where the line would be inserted.
        """
        self._searches += 1
        low, high = self._around(name)
        text = self._read(low - 1, high)  # with the newline before the first line
        if len(text) > _FEW:
            low, text = self._half_of(text, low, name)
        # JSON has no newlines, so this is the beginning of a line.
        start = b"\n%b:" % _encode(name)
        at = text.find(start)
        if at < 0:
            gap = self._gap(name, low, text[1:])
            return gap, gap, None
        end = text.find(b"\n", at + 1)
        end = len(text) if end < 0 else end + 1
        document = text[at + len(start) : end].removesuffix(SEPARATOR)
        return low + at, low + end - 1, document

    def _half_of(self, text: bytes, low: int, name: str) -> tuple[int, bytes]:
        """Return the half of these lines that has this name, and where its first line begins.

        The line between the halves is remembered, so that less is read the next time.
        """
        at = text.rfind(b"\n", 0, len(text) // 2)
        middle = self._remember(text, at, low)
        if middle is None:
            return low, text
        return (low, text[: at + 1]) if name < middle else (low + at, text[at:])

    def _gap(self, name: str, low: int, text: bytes) -> int:
        """Return where the line of this name would be inserted into these lines."""
        at = low
        for line in text.splitlines(keepends=True):
            if self._name_of(line, at) > name:
                break
            at += len(line)
        return at

    def _around(self, name: str) -> tuple[int, int]:
        """Return a part of few lines that has the line of this name, if there is one."""
        low, high = self._places.around(name)
        while high - low > _NEAR:
            if self._searches > _SOME and high - low <= _FAR and not self._places.is_full:
                self._survey(low, high)
                return self._places.around(name)
            middle = (low + high) // 2
            start, found = self._meet(middle)
            if start > low:
                self._places.add(found, start)
                low, high = (start, high) if found <= name else (low, start)
            elif found < name:  # one line that is longer than half of what is left
                low = self._end_of_line(middle, high)
            else:
                high = self._end_of_line(middle, high)
                break
        return low, high

    def _survey(self, low: int, high: int) -> None:
        """Remember some of these lines, so that nobody has to search among them again."""
        text = self._read(low - 1, high)
        step = _NEAR - _FEW  # as parts become longer by a line
        for at in range(step, len(text), step):
            self._remember(text, text.rfind(b"\n", at - step, at), low)

    def _remember(self, text: bytes, at: int, low: int) -> str | None:
        """Remember the line after the newline at this offset, and return its name, if any."""
        found = _NAME.match(text, at + 1) if at > 0 else None
        if found is None:
            return None
        try:
            name = _decode_name(found[0])
        except _INVALID:
            return None
        self._places.add(name, low + at)
        return name

    def _meet(self, at: int) -> tuple[int, str]:
        """Return the start of the line that contains this position, and its name."""
        begin = max(at - _FEW, self._first)
        text = self._read(begin, min(at + _NAME_MOST, self._last))
        inside = text.rfind(b"\n", 0, at - begin) + 1
        start = begin + inside
        if inside == 0 and begin > self._first:
            start, inside = self._start_of_line(at, self._first), 0
            text = self._read(start, min(start + _NAME_MOST, self._last))
        return start, self._name_of(text[inside : inside + _NAME_MOST], start)

    def _start_of_line(self, at: int, least: int) -> int:
        """Return the start of the line that contains this position."""
        size = _WINDOW // 2
        while size <= 2 * LINE_MOST:
            begin = max(at - size, least)
            found = self._read(begin, at).rfind(b"\n")
            if found >= 0 or begin == least:
                return begin + found + 1
            size *= 4
        raise self.damaged(at, "a line is too long")

    def _end_of_line(self, at: int, most: int) -> int:
        """Return the end of the line that contains this position, at most `most`."""
        size = _WINDOW
        while size <= 2 * LINE_MOST:
            end = min(at + size, most)
            found = self._read(at, end).find(b"\n")
            if found >= 0 or end == most:
                return at + found + 1 if found >= 0 else most
            size *= 4
        raise self.damaged(at, "a line is too long")

    def _split(self, line: bytes, at: int) -> tuple[str, bytes]:
        found = _NAME.match(line)
        return self._name_of(line, at), line[found.end() + 1 :] if found is not None else b""

    def _name_of(self, line: bytes, at: int) -> str:
        found = _NAME.match(line)
        if found is None:
            raise self.damaged(at, "a document has no name")
        try:
            return _decode_name(found[0])
        except _INVALID as error:
            raise self.damaged(at, str(error)) from None

    # Many documents

    def blocks(
        self, after: str | None = None, *, backward: bool = False, wanted: int | None = None
    ) -> Iterator[bytes]:
        """Yield the main table as texts of whole lines, from after this name, or before it.

        The first text has about as many lines as are `wanted`.
        """
        begin, end = self._first, self._last
        if after is not None and backward:
            end = self._find(after)[0]
        elif after is not None:
            begin = self._find(after)[1]
        size = _WINDOW
        if wanted is not None:
            usual = self.main_size // max(self.meta.count, 1)
            size = max(min((wanted + 1) * usual, BLOCK), _NAME_MOST)
        while begin < end:
            if backward:
                start = self._start_of_line(max(end - size, begin), begin)
                text = self._read(start, end)
                end = start
            else:
                stop = self._end_of_line(min(begin + size, end) - 1, end)
                text = self._read(begin, stop)
                begin = stop
            yield text.removesuffix(SEPARATOR)
            size = min(size * 4, BLOCK)

    def names_in(self, text: bytes) -> list[str]:
        """Return the name of each line in one of the `blocks`."""
        lines = text.split(SEPARATOR)
        found = [name[0] for name in map(_NAME.match, lines) if name is not None]
        if len(found) == len(lines):
            with suppress(*_INVALID):
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
        return self._meet(self._first + at)[1]

    # A new version

    def merged(self, changes: Documents) -> Iterator[bytes]:
        """Yield the lines of the main table with these changes, each with its `,` and end."""
        at = self._first
        for name in sorted(changes):
            start, end, _ = self._find(name)
            yield from self._lines(at, start)
            document = changes[name]
            if document is not None:
                yield line_of(name, document) + SEPARATOR
            at = end
        yield from self._lines(at, self._last)

    def _lines(self, begin: int, end: int) -> Iterator[bytes]:
        for at in range(begin, end, BLOCK):
            yield self._read(at, min(at + BLOCK, end))
        if begin < end == self._last:
            yield SEPARATOR

    # Errors

    def verify_checksum(self) -> None:
        """Raise StoreDamaged unless the content is what the checksum was made of."""
        digest = sha256()
        for at in range(COVERED_FROM, self._size, BLOCK):
            digest.update(self._read(at, min(at + BLOCK, self._size)))
        start = self._read(0, min(COVERED_FROM, self._size))
        if start != START + digest.hexdigest().encode():
            raise damaged(self.path, 1, "the checksum does not match the content")

    def verify_order(self) -> None:
        """Raise StoreDamaged unless all names of the main table are sorted."""
        before: str | None = None
        for text in self.blocks():
            for name, _ in self.split(text):
                if before is not None and name <= before:
                    raise self.damaged(self._find(before)[0], f"{name!r} is not in order")
                before = name

    def damaged(self, at: int, reason: str) -> StoreDamaged:
        """Return the error for damage at this position."""
        return damaged(self.path, self._line_number(at), reason)

    def line_of(self, name: str) -> int:
        """Return the number of the line of this name, for errors; 1 if there is none."""
        return self._line_number(self._find(name)[0])

    def line_in_header(self, name: str) -> int:
        """Return the number of the line of this name in a small table, for errors."""
        header = self._read(0, self._first)
        at = header.find(b"\n%b:" % msgspec.json.encode(name))
        return header.count(b"\n", 0, at + 1) + 1

    def _line_number(self, at: int) -> int:
        count, position = 1, 0
        while position < at:
            text = os.pread(self._descriptor, min(BLOCK, at - position), position)
            if not text:
                break
            count += text.count(b"\n")
            position += len(text)
        return count

    def _read(self, begin: int, end: int) -> bytes:
        begin = max(begin, 0)
        try:
            text = os.pread(self._descriptor, end - begin, begin)
            return text if len(text) == end - begin else self._read_on(text, begin, end)
        except OSError as error:
            raise cannot("read", self.path, error) from None

    def _read_on(self, text: bytes, begin: int, end: int) -> bytes:
        while len(text) < end - begin:
            more = os.pread(self._descriptor, end - begin - len(text), begin + len(text))
            if not more:
                raise damaged(self.path, 1, "the end of the file is missing")
            text += more
        return text


def line_of(name: str, document: bytes) -> bytes:
    """Return the line of a document, without its end."""
    return b"%b:%b" % (msgspec.json.encode(name), document)


def check_length(name: str, document: bytes, path: Path) -> None:
    """Raise CannotCheck if this document is too long to be found again."""
    key = len(msgspec.json.encode(name))
    if key >= _NAME_MOST or key + len(b":") + len(document) + len(SEPARATOR) > LINE_MOST:
        raise CannotCheck(
            f"The entry {shortened(name)} is too long for {path}. Nothing was changed."
        )


def damaged(path: Path, line: int, reason: str) -> StoreDamaged:
    """Return the error for damage at this line."""
    return StoreDamaged(
        f"{path} is damaged at line {line}: {reason}. It was not changed; restore it from a backup."
    )


def too_new(path: Path, schema: int) -> StoreTooNew:
    """Return the error for a file of a newer version of cwtui."""
    return StoreTooNew(
        f"{path} has schema {schema}, written by a newer version of cwtui. This "
        f"version reads schemas up to {SCHEMA}. Install the newer version."
    )
