"""Sign-in records in many small TinyDB files, so that a sign-in rewrites only one of them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from zlib import crc32

from msgspec import Struct

from cwtui.accounts.model import SignInRecord, Time
from cwtui.accounts.ports import Others
from cwtui.host.files import check_folder, exists
from cwtui.store.storage import AtomicStorage, NamedTable, document_mentions

_RECORDS: Final = "records"
FILES: Final = 64
_NONE: Final[tuple[object, dict[str, Any]]] = (None, {})
_WAIT: Final = b'"banned_until"'
"""A field of Attempts. It is left out of the file if there was no wait."""

T = TypeVar("T")


class _LastSignIn(Struct, frozen=True, gc=False):
    """The part of a SignInRecord that says when the user last signed in."""

    last_sign_in: Time | None = None


def number_of(username: str) -> int:
    """Return the number of the file that has this user's record."""
    return crc32(username.encode()) % FILES


def _nothing() -> None:
    """Check nothing: used for a folder of records without its store."""


class TinyRecordStore:
    """The RecordStore port on a folder; the checksum of a username selects its file.

    `check_store` raises CannotCheck if the store that the folder belongs to is gone or another one.
    """

    def __init__(self, folder: Path, check_store: Callable[[], object] = _nothing) -> None:
        self._folder = folder
        self._check_store = check_store
        self._storages: dict[int, AtomicStorage] = {}
        self._found: dict[tuple[str, int], tuple[object, dict[str, Any]]] = {}
        """What was found in each file for lists, and in which version of the file."""

    def get(self, username: str) -> SignInRecord:
        self._check_store()
        return self._read(self._storage_of(username), username)

    def banned(self) -> dict[str, SignInRecord]:
        return self._of_all_files("banned", _banned)

    def last_sign_ins(self) -> dict[str, float]:
        return self._of_all_files("last sign-ins", _last_sign_ins)

    def _of_all_files(
        self, what: str, read: Callable[[AtomicStorage], dict[str, T]]
    ) -> dict[str, T]:
        """Return what `read` finds in the files. Only those that have changed are read again."""
        self._check_store()
        found: dict[str, T] = {}
        for number in self.numbers():
            storage = self._storage(number)
            version, (kept_version, kept) = (
                storage.version(),
                self._found.get((what, number), _NONE),
            )
            if version is None or version != kept_version:
                kept = read(storage)
                self._found[what, number] = version, kept
            found |= kept
        return found

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
    ) -> T:
        storage = self._storage_of(username)
        with storage.transaction():
            before = self._read(storage, username)
            after, result = step(before)
            changed = dict(others(_Kept(storage, username))) if others is not None else {}
            put = {name: record for name, record in changed.items() if record is not None}
            if after != before:
                put[username] = after
            if changed or put:
                table = NamedTable(storage, _RECORDS)
                table.drop(*(changed.keys() - put.keys()))
                table.put(put)
        return result

    def remove(self, username: str) -> None:
        storage = self._storage_of(username)
        with storage.transaction():
            if username in storage.documents(_RECORDS):
                NamedTable(storage, _RECORDS).drop(username)

    @staticmethod
    def numbers() -> range:
        """Return the numbers of all files."""
        return range(FILES)

    def path(self, number: int) -> Path:
        """Return the path of the file, which may not exist yet."""
        return self._folder / f"{number:02d}.json"

    def all(self, number: int) -> dict[str, SignInRecord]:
        """Return the records in this file by username. Raises CannotCheck if one is damaged."""
        storage = self._storage(number)
        return {
            name: storage.decoded(_RECORDS, name, document, SignInRecord)
            for name, document in storage.documents(_RECORDS).items()
        }

    def verify(self, number: int) -> None:
        """Raise StoreDamaged unless the file is missing or exactly as cwtui wrote it."""
        if exists(self.path(number)):
            self._storage(number).verify_checksum()

    def put(self, number: int, records: Mapping[str, SignInRecord]) -> None:
        """Insert or replace many records of this file at once. Raises CannotCheck."""
        storage = self._storage(number)
        with storage.transaction():
            NamedTable(storage, _RECORDS).put(records)

    def _storage_of(self, username: str) -> AtomicStorage:
        return self._storage(number_of(username))

    def _storage(self, number: int) -> AtomicStorage:
        if number not in self._storages:
            storage = AtomicStorage(
                self.path(number),
                _RECORDS,
                check_is_there=self._check_is_there,
                may_be_missing=True,
            )
            self._storages.setdefault(number, storage)  # another thread may have been first
        return self._storages[number]

    def _check_is_there(self) -> None:
        self._check_store()
        check_folder(self._folder)

    def _read(self, storage: AtomicStorage, username: str) -> SignInRecord:
        document = storage.documents(_RECORDS).get(username)
        if document is None:
            return SignInRecord()
        return storage.decoded(_RECORDS, username, document, SignInRecord)


def _banned(storage: AtomicStorage) -> dict[str, SignInRecord]:
    # Most files mention no wait, and are not kept in memory for this.
    return {
        name: storage.decoded(_RECORDS, name, document, SignInRecord)
        for name, document in (
            storage.documents(_RECORDS) if storage.mentions(_WAIT) else {}
        ).items()
        if document_mentions(document, _WAIT)
    }


def _last_sign_ins(storage: AtomicStorage) -> dict[str, float]:
    documents = storage.documents(_RECORDS)
    rows = storage.decoded_all(_RECORDS, documents, _LastSignIn)
    names = zip(sorted(documents), rows, strict=True)
    return {name: row.last_sign_in for name, row in names if row.last_sign_in is not None}


class _Kept(Mapping[str, SignInRecord]):
    """The records of one file except one; each is decoded on access."""

    def __init__(self, storage: AtomicStorage, without: str) -> None:
        self._storage = storage
        self._documents = dict(storage.documents(_RECORDS))
        self._documents.pop(without, None)

    def __getitem__(self, username: str) -> SignInRecord:
        document = self._documents[username]
        return self._storage.decoded(_RECORDS, username, document, SignInRecord)

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)
