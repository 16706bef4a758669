"""The journal of a table file: changes since its base was written, one line of JSON each.

    {"sum":"0123456789abcdef","count":3,"set":{"accounts":{"ada":{...},"bob":null}}}

`sum` is the start of the SHA-256 of the base's checksum, all lines before, and the rest of this
line. So a journal fits one base only, and checking its last line checks all of it. `count` is the
number of documents in the main table afterwards. null removes a document.

The last line may be torn: a process was killed or the power failed while it was written, or it is
prepared and not yet committed. Then it has no newline at its end, or contains zero bytes, which
file systems leave where data was not written in time. It is no damage: readers ignore it, and the
next writer overwrites it. Any other line that does not fit is damage.
"""

import hashlib
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from cwtui.accounts.errors import StoreDamaged
from cwtui.store.base_text import damaged
from cwtui.store.journal_file import PREPARED

_SUM: Final = 16
_OPENING: Final = b'{"sum":"'
_REST_FROM: Final = len(_OPENING) + _SUM

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
    """A point between two lines: its offset in bytes, a hash of all before it, and their number.

    The hash must not be changed, only copied.
    """

    offset: int
    hash: "hashlib._Hash"
    lines: int


class Lines(NamedTuple):
    """What some lines change, the number of documents in the main table, and the point after them.

    Without lines, `documents` is None.
    """

    changes: Changes
    documents: int | None
    end: Point


def beginning(checksum: str) -> Point:
    """Return the point before the first line, with the base's checksum."""
    return Point(0, sha256(checksum.encode()), 0)


def committed(text: bytes, at: Point, path: Path) -> Lines:
    """Return the committed lines of a text that begins at this point. Raises StoreDamaged."""
    whole = _without_torn_end(text)
    if not whole:
        return Lines({}, None, at)
    # The sum of the last line is of all lines, so the others need not be looked at one by one.
    last = _last_line(whole)
    hashed = at.hash.copy()
    hashed.update(whole[:last])
    if not _fits(whole[last:-1], hashed):
        raise _misfit(whole, at, path)
    hashed.update(whole[last:])
    end = Point(at.offset + len(whole), hashed, at.lines + whole.count(b"\n"))
    try:
        contents = _decode_lines(whole)
    except _INVALID:
        raise _invalid(whole, at, path) from None
    changes: dict[str, dict[str, Raw]] = {}
    for content in contents:
        for table, documents in content.set.items():
            changes.setdefault(table, {}).update(documents)
    decoded: Changes = {
        table: {name: _document(document) for name, document in documents.items()}
        for table, documents in changes.items()
    }
    return Lines(decoded, contents[-1].count, end)


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
    return damaged(path, _first_misfit(whole, at), "the checksum does not match the line")


def _first_misfit(whole: bytes, at: Point) -> int:
    """Return the number of the first line whose sum is wrong."""
    hashed = at.hash.copy()
    before_last = whole.split(b"\n")[:-2]
    for number, line in enumerate(before_last, at.lines + 1):
        if not _fits(line, hashed):
            return number
        hashed.update(line + b"\n")
    return at.lines + len(before_last) + 1


def _invalid(whole: bytes, at: Point, path: Path) -> StoreDamaged:
    """Return the error for the first line that is not JSON of the right kind."""
    for number, line in enumerate(whole.split(b"\n")[:-1], at.lines + 1):
        try:
            _decode_line(line)
        except _INVALID as error:
            return damaged(path, number, str(error))
    return damaged(path, at.lines + 1, "a line is empty")


def _document(document: Raw) -> bytes | None:
    content = bytes(document)
    return None if content == b"null" else content


def line(changes: Changes, count: int, after: Point) -> bytes:
    """Return the line of these changes, without its newline."""
    tables = {
        table: {name: Raw(document or b"null") for name, document in documents.items()}
        for table, documents in changes.items()
        if documents
    }
    rest = b'",' + msgspec.json.encode({"count": count, "set": tables})[1:]
    return _OPENING + _sum(after.hash, rest) + rest


def _sum(before: "hashlib._Hash", rest: bytes) -> bytes:
    hashed = before.copy()
    hashed.update(rest)
    return hashed.hexdigest()[:_SUM].encode()
