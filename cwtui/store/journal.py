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

import errno
import hashlib
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from cwtui.accounts.errors import StoreDamaged
from cwtui.host import reserve
from cwtui.host.files import (
    cannot,
    check_private,
    closed,
    maybe_lost,
    new_file,
    write_all,
)
from cwtui.host.untrusted_files import check_size, open_regular
from cwtui.store.base_text import damaged

MOST: Final = 1 << 31
"""The maximum size in bytes: large enough for one change of 1,000,000 accounts."""
_SUM: Final = 16
_OPENING: Final = b'{"sum":"'
_REST_FROM: Final = len(_OPENING) + _SUM
_PREPARED: Final = b"\0"
"""Stands in place of the newline of a prepared line, so that committing needs no disk space."""

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
    return whole[:last] if _PREPARED in whole[last:] else whole


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


# The file


def read(path: Path, since: int) -> tuple[bytes, os.stat_result] | None:
    """Return the text from this offset on, and the file's state. None if there is no file.

    Raises CannotCheck.
    """
    try:
        with closed(open_regular(path)) as descriptor:
            check_private(path, descriptor)
            check_size(descriptor, MOST, path)
            found = os.fstat(descriptor)
            pieces, at = [], since
            while piece := os.pread(descriptor, found.st_size - at, at):
                pieces.append(piece)
                at += len(piece)
            return b"".join(pieces), found
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot("read", path, error) from None


def begin(path: Path, text: bytes) -> None:
    """Make a new journal with this text. The caller syncs the folder. Raises CannotCheck."""
    try:
        with new_file(path) as descriptor:
            write_all(descriptor, text)
    except OSError as error:
        raise cannot("write", path, error) from None


def append(path: Path, offset: int, text: bytes, *, is_committed: bool) -> None:
    """Write a line durably at this offset, over what is torn there. Raises CannotCheck.

    After an error the journal is as before. A line that is not committed yet is ignored.
    """

    def write() -> None:
        with closed(open_regular(path, os.O_RDWR)) as descriptor:
            check_private(path, descriptor)
            if offset + len(text) >= MOST:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            try:
                if os.fstat(descriptor).st_size > offset:
                    os.ftruncate(descriptor, offset)
                os.lseek(descriptor, offset, os.SEEK_SET)
                write_all(descriptor, text + (b"\n" if is_committed else _PREPARED))
                os.fdatasync(descriptor)
            except OSError as error:
                _undo(descriptor, offset, path, error)
                raise

    try:
        reserve.with_room_from(reserve.folder_of(path), len(text), write)
    except OSError as error:
        raise cannot("write", path, error) from None


def _undo(descriptor: int, offset: int, path: Path, error: OSError) -> None:
    try:
        os.ftruncate(descriptor, offset)
    except OSError:
        size = os.fstat(descriptor).st_size
        if size > offset and os.pread(descriptor, 1, size - 1) == b"\n":
            raise maybe_lost(path, error) from None  # others see the change


def commit(path: Path, end: int) -> None:
    """Commit the prepared line whose last byte is before this offset. Raises CannotCheck.

    Others see the change then, but if it is not on disk, a power failure can undo it.
    """
    try:
        descriptor = open_regular(path, os.O_RDWR)
    except OSError as error:
        raise cannot("write", path, error) from None
    with closed(descriptor):
        try:
            os.pwrite(descriptor, b"\n", end - 1)
        except OSError as error:
            raise cannot("write", path, error) from None
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            raise maybe_lost(path, error) from None


def cut(path: Path, offset: int) -> None:
    """Remove a prepared line, as far as possible. Readers ignore it in any case."""
    try:
        with closed(open_regular(path, os.O_RDWR)) as descriptor:
            os.ftruncate(descriptor, offset)
    except OSError:
        pass


def line_naming(path: Path, name: str) -> int:
    """Return the number of the last line that changes this document, for errors."""
    found = read(path, 0)
    kept = found[0].split(b"\n") if found is not None else []
    needle = msgspec.json.encode(name) + b":"
    return max((number for number, text in enumerate(kept, 1) if needle in text), default=1)


def missing(path: Path, base: Path) -> StoreDamaged:
    """Return the error for a base whose journal is missing."""
    return StoreDamaged(
        f"{path} is missing, the journal of {base.name}. Recent changes are in it, so nothing was "
        "changed; restore the store from a backup."
    )


def without_base(path: Path, base: Path) -> StoreDamaged:
    """Return the error for a journal whose base is missing."""
    return StoreDamaged(
        f"{base} is missing, the file to which the changes in {path.name} belong. Nothing was "
        "changed; restore the store from a backup."
    )
