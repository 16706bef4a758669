"""The journal of a table file: changes since its base was written, one line of JSON each.

    {"sum":"0123456789abcdef","count":3,"set":{"accounts":{"ada":{...},"bob":null}}}

`sum` is the start of the SHA-256 of the base's checksum, all lines before, and the rest of this
line. So a journal fits one base only, and checking its last line checks all of it. `count` is the
number of documents in the main table afterwards. null removes a document.

Zeros may follow the last line; the next one is written over them. JSON contains none.

The last line may be torn: a process was killed or the power failed while it was written, or it is
prepared and not yet committed. Then it has no newline at its end, or contains zeros, which were
there before or which file systems leave where data was not written in time. It is no damage:
readers ignore it, and the next writer overwrites it. Any other line that does not fit is damage.
"""

import hashlib
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from cwtui.accounts.errors import StoreDamaged
from cwtui.language import _
from cwtui.store import journal_file
from cwtui.store.base import Documents
from cwtui.store.base_text import damaged
from cwtui.store.journal_file import PREPARED

_SUM: Final = 16
_OPENING: Final = b'{"sum":"'
_REST_FROM: Final = len(_OPENING) + _SUM
_REMOVED: Final = Raw(b"null")

Changes: TypeAlias = dict[str, dict[str, bytes | None]]
"""Changed documents by table and name."""


class _Content(Struct, forbid_unknown_fields=True):
    sum: str
    count: Annotated[int, Meta(ge=0)]
    set: dict[str, dict[str, Raw]]


_decode_line: Final = msgspec.json.Decoder(_Content).decode
_decode_lines: Final = msgspec.json.Decoder(_Content).decode_lines
_INVALID: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Point(NamedTuple):
    """A point between two lines: its offset in bytes, and a hash of all before it.

    The hash must not be changed, only copied.
    """

    offset: int
    hash: "hashlib._Hash"


class Lines(NamedTuple):
    """Committed lines whose sums are right. They are decoded when it is known how many are needed.

    `documents` is the number of documents in the main table after them; None without lines.
    `is_torn`: what follows them is not only zeros.
    """

    text: bytes
    documents: int | None
    start: Point
    end: Point
    path: Path
    is_torn: bool

    def changes(self) -> Changes:
        """Return what they change. Raises StoreDamaged."""
        try:
            contents = _decode_lines(self.text)
        except _INVALID:
            raise _invalid(self.text, self.start, self.path) from None
        changes: dict[str, dict[str, Raw]] = {}
        for content in contents:
            for table, documents in content.set.items():
                changes.setdefault(table, {}).update(documents)
        return {table: _documents(raw) for table, raw in changes.items()}

    def last_change(self, table: str, name: str) -> Documents:
        """Return the last change of this document, if any, perhaps with others.

        Raises StoreDamaged.
        """
        key, end = msgspec.json.encode(name) + b":", len(self.text)
        # rfind is faster than find here.
        while (at := self.text.rfind(key, 0, end)) >= 0:
            begin, end = self.text.rfind(b"\n", 0, at) + 1, self.text.find(b"\n", at)
            try:
                documents = _decode_line(self.text[begin:end]).set.get(table, {})
            except _INVALID:
                raise _invalid(self.text, self.start, self.path) from None
            if name in documents:
                return _documents(documents)
            end = begin
        return {}

    def may_change(self, table: str) -> bool:
        """Whether they may change this table. False is certain."""
        return self.text.rfind(msgspec.json.encode(table) + b":{") >= 0


def beginning(checksum: str) -> Point:
    """Return the point before the first line, with the base's checksum."""
    return Point(0, sha256(checksum.encode()))


def committed(text: bytes, at: Point, path: Path) -> Lines:
    """Return the committed lines of a text that begins at this point. Raises StoreDamaged."""
    whole = _without_torn_end(text)
    rest = text[len(whole) :]
    is_torn = rest != bytes(len(rest))
    if not whole:
        return Lines(b"", None, at, at, path, is_torn)
    # The sum of the last line is of all lines, so the others need not be looked at one by one.
    last = _last_line(whole)
    hashed = at.hash.copy()
    hashed.update(memoryview(whole)[:last])
    if not _fits(whole[last:-1], hashed):
        raise _misfit(whole, at, path)
    try:
        documents = _decode_line(whole[last:-1]).count
    except _INVALID:
        raise _invalid(whole, at, path) from None
    hashed.update(memoryview(whole)[last:])
    return Lines(whole, documents, at, Point(at.offset + len(whole), hashed), path, is_torn)


def _without_torn_end(text: bytes) -> bytes:
    whole = text[: text.rfind(b"\n") + 1]
    last = _last_line(whole)
    return whole[:last] if PREPARED in whole[last:] else whole


def _last_line(whole: bytes) -> int:
    return whole.rfind(b"\n", 0, len(whole) - 1) + 1 if whole else 0


def _fits(line: bytes, before: "hashlib._Hash") -> bool:
    return line[:_REST_FROM] == _OPENING + _sum(before, line[_REST_FROM:])


def _misfit(whole: bytes, at: Point, path: Path) -> StoreDamaged:
    """Return the error for the first line whose sum is wrong."""
    hashed, fitting = at.hash.copy(), 0
    for line in whole.split(b"\n")[:-2]:
        if not _fits(line, hashed):
            break
        hashed.update(line + b"\n")
        fitting += 1
    number = journal_file.line_number(path, at.offset) + fitting
    return damaged(path, number, _("the checksum does not match the line"))


def _invalid(whole: bytes, at: Point, path: Path) -> StoreDamaged:
    """Return the error for the first line that is not JSON of the right kind."""
    first = journal_file.line_number(path, at.offset)
    for number, line in enumerate(whole.split(b"\n")[:-1], first):
        try:
            _decode_line(line)
        except _INVALID as error:
            return damaged(path, number, str(error))
    return damaged(path, first, _("a line is empty"))


def _documents(documents: dict[str, Raw]) -> dict[str, bytes | None]:
    return {name: None if raw == _REMOVED else bytes(raw) for name, raw in documents.items()}


def line(changes: Changes, count: int, after: Point) -> bytes:
    """Return the line of these changes, without its newline."""
    tables = {
        table: {
            name: Raw(document) if document else _REMOVED for name, document in documents.items()
        }
        for table, documents in changes.items()
        if documents
    }
    rest = b'",' + msgspec.json.encode({"count": count, "set": tables})[1:]
    return _OPENING + _sum(after.hash, rest) + rest


def _sum(before: "hashlib._Hash", rest: bytes) -> bytes:
    hashed = before.copy()
    hashed.update(rest)
    return hashed.hexdigest()[:_SUM].encode()
