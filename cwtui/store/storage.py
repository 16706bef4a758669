"""A fast TinyDB storage that several processes can share and that is always written as a whole.

Reading splits the file into documents, which stay bytes (msgspec.Raw) until they are needed;
writing copies those bytes. Each document is on its own line, so that errors can name the line.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock, get_ident
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Raw
from tinydb.storages import Storage
from tinydb.table import Document, Table

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreMissing, StoreTooNew, StoreTooOld
from cwtui.host.files import (
    cannot,
    check_private,
    discard,
    exclusive,
    exists,
    keep,
    lock_for,
    prepare,
    rename,
    write_atomically,
)
from cwtui.host.untrusted_files import read_regular

SCHEMA: Final = 5
"""Schema 4 stores directory ids by attribute name, and sign-in records that follow a rename.

Schema 5 adds fields whose absence means the default: preferences to accounts, a date to sets of
backup codes, and to sign-in records the last wrong code that fits another time, and how many codes
were wrong.
"""
OLDEST: Final = 3
"""The oldest schema that can be read."""
_META: Final = "meta"
_CHECKSUM: Final = re.compile(rb'\A\{"meta":\{\n"schema":\d+,\n"sha256":"([0-9a-f]{64})"\n\}')
"""The part of the file before the content that the checksum covers."""
MOST: Final = 1 << 33
"""The maximum file size in bytes: many times the size for 1,000,000 accounts."""
_Schema = Annotated[int, Meta(ge=1)]

T = TypeVar("T")
Tables: TypeAlias = dict[str, dict[str, Any]]
"""Documents by table and id: Raw if read from the file, plain data if put."""
Migration: TypeAlias = Callable[[Tables], Tables]
"""Converts tables to the next schema version; leaves invalid documents for decoding to report."""


class RawDocument(Document):
    """A document that is decoded when TinyDB returns it."""

    def __init__(self, value: Any, doc_id: str) -> None:
        plain = msgspec.json.decode(value) if isinstance(value, Raw) else value
        super().__init__(plain, doc_id)  # type: ignore[arg-type]  # ids are usernames here


class NamedTable(Table):
    """A table whose document ids are names."""

    document_class = RawDocument  # type: ignore[assignment]  # as document_id_class:
    document_id_class = str  # type: ignore[assignment]  # TinyDB's way to have string ids

    def put(self, documents: Mapping[str, object]) -> None:
        """Insert or replace whole documents."""
        self.drop(*documents)
        self.insert_multiple(
            RawDocument(msgspec.to_builtins(document), name) for name, document in documents.items()
        )

    def drop(self, *names: str) -> None:
        """Remove these documents if they exist."""
        self.remove(doc_ids=names)  # type: ignore[arg-type]  # ids are names here


def _anything(_: Tables) -> None:
    """Accept any content."""


class AtomicStorage(Storage):
    """One JSON file, written only inside `transaction`, as a whole and under a lock.

    `check_is_there` raises StoreMissing if the store is gone; a missing file is then not treated
    as empty. `check_content` raises for content that must not be used; it is called once per
    version of the file. `may_be_missing`: the first write creates the file.
    """

    def __init__(
        self,
        path: Path,
        *tables: str,
        migrations: Mapping[int, Migration] | None = None,
        check_is_there: Callable[[], None],
        check_content: Callable[[Tables], None] = _anything,
        may_be_missing: bool = False,
    ) -> None:
        self.path = path
        self._check_is_there = check_is_there
        self._check_content = check_content
        self._may_be_missing = may_be_missing
        self._migrations = migrations or {}
        self._schema = SCHEMA
        self._tables = {_META, *tables}
        self._lock = lock_for(path)
        self._threads = Lock()
        self._staged: Tables | None = None
        self._prepared: Path | None = None
        self._writer: int | None = None
        self._cached: tuple[tuple[int, ...], Tables] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run one read-modify-write. At the end the changes are on disk; an exception undoes them.

        Raises CannotCheck.
        """
        if self._writer == get_ident():
            message = "a nested transaction would wait for itself"
            raise RuntimeError(message)
        self._check_is_there()  # before the lock, which is a file in the store's folder
        with self._threads, exclusive(self._lock):
            self._check_is_there()
            self._writer = get_ident()
            try:
                yield
                self.prepare()
                if self._prepared is not None:
                    rename(self._prepared, self.path)
                    self._prepared = None
            finally:
                self._writer = None
                self._staged = None
                self._forget_prepared()

    def create(self) -> None:
        """Create the file with empty tables. Raises CannotCheck, also if it already exists."""
        with exclusive(self._lock):
            if exists(self.path):
                raise CannotCheck(f"{self.path} already exists. It was not changed.")
            write_atomically(self.path, _encoded({}))

    def prepare(self) -> None:
        """Write the changes so far to a temporary file on disk; only the rename is left.

        The rename can hardly fail. Raises CannotCheck.
        """
        if self._staged is not None and self._prepared is None:
            if self._schema < SCHEMA:
                keep(self.path, f"schema-{self._schema}")
            self._prepared = prepare(self.path, _encoded(self._staged))

    def _forget_prepared(self) -> None:
        if self._prepared is not None:
            discard(self._prepared)
            self._prepared = None

    def read(self) -> Tables | None:
        """Return the content of the file, with the changes of this transaction so far."""
        if self._staged is not None and self._writer == get_ident():
            return dict(self._staged)
        return dict(self._load())

    def write(self, data: Tables) -> None:
        if self._writer != get_ident():
            message = "the store can be written only inside a transaction"
            raise RuntimeError(message)
        self._staged = data
        self._forget_prepared()

    def documents(self, table: str) -> dict[str, Any]:
        """Return all documents of a table by id, without decoding them."""
        return (self.read() or {}).get(table, {})

    def version_of(self, table: str) -> tuple[object, dict[str, Any]]:
        """Return the documents of a table, and a value that is equal only if they are the same."""
        if self._staged is not None and self._writer == get_ident():
            return object(), self.documents(table)
        tables = self._load()
        cached = self._cached
        version = cached[0] if cached is not None and cached[1] is tables else object()
        return version, tables.get(table, {})

    def version(self) -> object:
        """Return a value that differs for each version of the file; None if it is missing."""
        return self._version()

    def mentions(self, text: bytes) -> bool:
        """Whether the file may contain this. Reads it without keeping its content in memory."""
        version = self._version()
        if version is None:
            return False
        if self._cached is not None and self._cached[0] == version:
            return True
        return text in self._content()

    def decoded(self, table: str, doc_id: str, document: Any, kind: type[T]) -> T:
        """Decode the document as this type. Raises StoreDamaged, naming line and reason."""
        try:
            if isinstance(document, Raw):
                return msgspec.json.decode(document, type=kind)
            return msgspec.convert(document, kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self.damaged(table, doc_id, str(error)) from None

    def decoded_all(self, table: str, documents: Mapping[str, Any], kind: type[T]) -> list[T]:
        """Decode documents as this type, sorted by id. Raises StoreDamaged as `decoded` does."""
        names = sorted(documents)
        decode = msgspec.json.Decoder(kind).decode
        try:
            # Lists are long, and this is faster than asking of each document what it is.
            return [decode(documents[name]) for name in names]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError):
            # One is damaged, or was just put and is not JSON.
            return [self.decoded(table, name, documents[name], kind) for name in names]

    def damaged(self, table: str, doc_id: str, reason: str) -> StoreDamaged:
        """Return the error for an invalid document."""
        return self._damaged(self._line_of(doc_id), f"{table} {doc_id!r}: {reason}")

    def _load(self) -> Tables:
        version = self._version()
        if version is None:
            return {}
        cached = self._cached
        if cached is not None and cached[0] == version:
            return cached[1]
        tables = self._decode(self._content())
        try:
            self._check_content(tables)
        except CannotCheck:
            if self._version() == version:
                raise
            # Another process has just replaced the file: check the new content instead.
            return self._load()
        self._cached = version, tables
        return tables

    def _content(self) -> bytes:
        check_private(self.path)
        try:
            return read_regular(self.path, MOST)
        except OSError as error:
            raise cannot("read", self.path, error) from None

    def _version(self) -> tuple[int, ...] | None:
        """Return a value that differs for each version of the file; None if it may be missing."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._check_is_there()
            if self._may_be_missing:
                return None
            raise StoreMissing(f"{self.path} is missing. Nothing was changed.") from None
        except OSError as error:
            raise cannot("read", self.path, error) from None
        return (
            found.st_dev,
            found.st_ino,
            found.st_mtime_ns,
            found.st_size,
            found.st_mode,
            found.st_uid,
        )

    def _decode(self, content: bytes) -> Tables:
        try:
            tables = msgspec.json.decode(content, type=dict[str, dict[str, Raw]])
            schema = msgspec.json.decode(tables[_META]["schema"], type=_Schema)
        except KeyError:
            raise self._damaged(1, "the schema version is missing") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._damaged(_line_in(str(error), content), str(error)) from None
        if schema > SCHEMA:
            raise StoreTooNew(
                f"{self.path} has schema {schema}, written by a newer version of cwtui. This "
                f"version reads schemas up to {SCHEMA}. Install the newer version."
            )
        if schema < OLDEST:
            raise StoreTooOld(
                f"{self.path} has schema {schema}, which no release of cwtui wrote. This version "
                f"reads schemas from {OLDEST} on. Restore the store from a backup."
            )
        for old in range(schema, SCHEMA):
            if old in self._migrations:
                tables = self._migrations[old](tables)
        self._schema = schema
        unknown = sorted(tables.keys() - self._tables)
        if unknown:
            line = _line_of_key(unknown[0], content)
            raise self._damaged(line, f"unknown table {unknown[0]!r}")
        return tables

    def verify_checksum(self) -> None:
        """Raise StoreDamaged unless the file is exactly as cwtui wrote it. Raises CannotCheck.

        Separate from reading, which must be fast.
        """
        try:
            content = read_regular(self.path, MOST)
        except OSError as error:
            raise cannot("read", self.path, error) from None
        self._decode(content)
        kept = _CHECKSUM.match(content)
        found = _checksum(self._schema, content[kept.end() :]) if kept is not None else b""
        if kept is None or found != kept[1]:
            raise self._damaged(1, "the checksum does not match the content")

    def _line_of(self, doc_id: str) -> int:
        try:
            return _line_of_key(doc_id, read_regular(self.path, MOST))
        except OSError:
            return 1

    def _damaged(self, line: int, reason: str) -> StoreDamaged:
        return StoreDamaged(
            f"{self.path} is damaged at line {line}: {reason}. It was not changed; "
            "restore it from a backup."
        )


def document_mentions(document: Any, *texts: bytes) -> bool:
    """Whether the document may contain one of these; always true if it was just put."""
    if not isinstance(document, Raw):
        return True
    content = bytes(document)
    return any(text in content for text in texts)


def _line_of_key(key: str, content: bytes) -> int:
    # Each table and each document starts a new line.
    start = re.search(rb"^\{?%b:" % re.escape(msgspec.json.encode(key)), content, re.MULTILINE)
    return _line_at(start.start() if start else 0, content)


def _line_in(message: str, content: bytes) -> int:
    # msgspec says "... (byte 123)", "truncated", or gives an error without a position.
    position = re.search(r"\(byte (\d+)\)", message)
    if position:
        return _line_at(int(position[1]), content)
    return _line_at(len(content), content) if "truncated" in message else 1


def _line_at(position: int, content: bytes) -> int:
    return content.count(b"\n", 0, position) + 1


def _encoded(tables: Tables) -> bytes:
    kept = [b",\n" + _encoded_table(name, table) for name, table in tables.items() if name != _META]
    rest = b"".join([*kept, b"}\n"])
    checksum = _checksum(SCHEMA, rest).decode("ascii")
    meta = _encoded_table(_META, {"schema": SCHEMA, "sha256": checksum})
    return b"{" + meta + rest


def _checksum(schema: int, rest: bytes) -> bytes:
    """Return the checksum of the schema number and of the content after the checksum."""
    return sha256(b"%d" % schema + rest).hexdigest().encode("ascii")


def _encoded_table(name: str, documents: dict[str, Any]) -> bytes:
    encode = msgspec.json.Encoder().encode
    lines = [b"%b:%b" % (encode(key), encode(value)) for key, value in documents.items()]
    return b"%b:{\n%b\n}" % (encode(name), b",\n".join(lines))
