"""Sign-in records: many small TinyDB files, so that a sign-in rewrites one of them only."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from zlib import crc32

from cwtui.accounts.model import SignInRecord
from cwtui.store.storage import AtomicStorage, NamedTable

_RECORDS: Final = "records"
FILES: Final = 64

T = TypeVar("T")


class TinyRecordStore:
    """The port RecordStore on a folder; a username's file is found by its checksum."""

    def __init__(self, folder: Path) -> None:
        self._storages = [AtomicStorage(folder / f"{number:02d}.json") for number in range(FILES)]

    def get(self, username: str) -> SignInRecord:
        return self._read(self._storage_of(username), username)

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        forget: Callable[[str, SignInRecord], bool] | None = None,
    ) -> T:
        storage = self._storage_of(username)
        with storage.transaction():
            before = self._read(storage, username)
            after, result = step(before)
            others = storage.documents(_RECORDS).keys() - {username} if forget else set()
            stale = [name for name in others if forget and forget(name, self._read(storage, name))]
            if after != before or stale:
                table = NamedTable(storage, _RECORDS)
                table.drop(*stale)
                table.put(username, after)
        return result

    def remove(self, username: str) -> None:
        storage = self._storage_of(username)
        with storage.transaction():
            NamedTable(storage, _RECORDS).drop(username)

    def _storage_of(self, username: str) -> AtomicStorage:
        return self._storages[crc32(username.encode()) % FILES]

    def _read(self, storage: AtomicStorage, username: str) -> SignInRecord:
        document = storage.documents(_RECORDS).get(username)
        if document is None:
            return SignInRecord()
        return storage.decoded(_RECORDS, username, document, SignInRecord)
