"""A TinyDB storage that reads and writes a store's files, base and journal, for scripts.

    from tinydb import TinyDB, where
    from cwtui.store.tinydb_storage import NamedTable, TableStorage

    class Store(TinyDB):
        table_class = NamedTable

    store = Store("/var/lib/cwtui/accounts.json", storage=TableStorage)
    store.table("accounts").search(where("enabled") == False)

A script that writes follows none of cwtui's rules. Sign-in records have `main="records"` and
`small=()`.
"""

from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from tinydb.storages import Storage
from tinydb.table import Table

from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.language import _
from cwtui.store.table_file import TableFile
from cwtui.store.view import Kind, View

_Tables: TypeAlias = dict[str, dict[str, Any]]


class NamedTable(Table):
    """A table whose document ids are names."""

    document_id_class = str  # type: ignore[assignment]  # TinyDB's way to have string ids


class TableStorage(Storage):
    """Raises CannotCheck, also if another process wrote between reading and writing."""

    def __init__(
        self, path: str, main: str = "accounts", small: tuple[str, ...] = ("settings", "keys")
    ) -> None:
        self._main, self._small = main, small
        self._file = TableFile(Kind(Path(path), main, small), check_is_there=self._missing)
        self._read: View | None = None

    def _missing(self) -> None:
        if not self._file.path.exists():
            raise StoreMissing(_("{path} is missing.", path=self._file.path))

    def read(self) -> _Tables:
        self._read = self._file.view()
        return self._tables_of(self._read)

    def _tables_of(self, view: View) -> _Tables:
        tables = {
            table: {name: msgspec.json.decode(kept) for name, kept in view.table(table).items()}
            for table in self._small
        }
        return tables | {self._main: dict(view.documents(dict))}

    def write(self, data: _Tables) -> None:
        with self._file.transaction():
            now = self._file.view()
            if self._read is None or (now.base, now.changes) != (
                self._read.base,
                self._read.changes,
            ):
                raise CannotCheck(
                    _(
                        "{path} was changed meanwhile. Nothing was written; try again.",
                        path=self._file.path,
                    )
                )
            for table, before in self._tables_of(self._read).items():
                after = data.get(table, {})
                self._file.drop(table, *(before.keys() - after.keys()))
                changed = {
                    name: dict(document)
                    for name, document in after.items()
                    if before.get(name) != document
                }
                self._file.put(table, changed)
