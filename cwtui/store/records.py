"""Sign-in records in many table files, so that sign-ins rarely wait for each other."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final, TypeVar
from zlib import crc32

from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import Others
from cwtui.accounts.throttle import Try
from cwtui.host.files import check_folder
from cwtui.store.last_sign_ins import LastSignIns
from cwtui.store.parts import Part
from cwtui.store.table_file import TableFile
from cwtui.store.view import Kind, View

_RECORDS: Final = "records"
FILES: Final = 64
_NONE: Final[tuple[object, dict[str, Any]]] = (None, {})
_WAIT: Final = b'"banned_until"'
"""A field of Attempts. It is left out of the file if there was no wait."""

T = TypeVar("T")


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
        self._files: dict[int, TableFile] = {}
        self._found: dict[tuple[str, int], tuple[object, dict[str, Any]]] = {}
        """What was found in each file for lists, and in which version of the file."""

    def get(self, username: str) -> SignInRecord:
        self._check_store()
        return _record(self._file_of(username).view(), username)

    def banned(self) -> dict[str, SignInRecord]:
        return self._of_all_files("banned", _banned)

    def last_sign_ins(self) -> LastSignIns:
        self._check_store()
        return LastSignIns(number_of, lambda number: self._file(number).view())

    def _of_all_files(self, what: str, read: Callable[[View], dict[str, T]]) -> dict[str, T]:
        """Return what `read` finds in the files. Only those that have changed are read again."""
        self._check_store()
        found: dict[str, T] = {}
        for number in self.numbers():
            view = self._file(number).view()
            kept_view, kept = self._found.get((what, number), _NONE)
            if view is not kept_view:
                kept = read(view)
                self._found[what, number] = view, kept
            found |= kept
        return found

    def update(
        self,
        username: str,
        step: Callable[[SignInRecord], tuple[SignInRecord, T]],
        others: Others | None = None,
        begun: Try | None = None,
    ) -> T:
        del begun  # nothing is counted before
        file = self._file_of(username)
        with file.transaction():
            view = file.view()
            before = _record(view, username)
            after, result = step(before)
            changed = _changed_by(others, _Others(view, username)) if others is not None else {}
            if changed:
                file.drop(_RECORDS, *(name for name, record in changed.items() if record is None))
                file.put(_RECORDS, {name: one for name, one in changed.items() if one is not None})
            if after != before:
                file.put(_RECORDS, {username: after})
        return result

    def together(self, act: Callable[[], T]) -> T:
        return act()

    def remove(self, *usernames: str) -> None:
        by_file: dict[int, list[str]] = {}
        for username in usernames:
            by_file.setdefault(number_of(username), []).append(username)
        for number, names in sorted(by_file.items()):
            file = self._file(number)
            with file.transaction():
                file.drop(_RECORDS, *names)

    @staticmethod
    def numbers() -> range:
        """Return the numbers of all files."""
        return range(FILES)

    def path(self, number: int) -> Path:
        """Return the path of the file, which may not exist yet."""
        return self._folder / f"{number:02d}.json"

    def all(self, number: int) -> dict[str, SignInRecord]:
        """Return the records in this file by username. Raises CannotCheck if one is damaged."""
        return dict(self._file(number).view().documents(SignInRecord))

    def frozen(self, number: int) -> View:
        """Return what is in this file now, whatever is changed later. Raises CannotCheck."""
        return self._file(number).view()

    def verify(self, number: int) -> None:
        """Raise StoreDamaged unless the file is missing or exactly as cwtui wrote it."""
        self._file(number).verify()

    def compact(self, number: int) -> bool:
        """Write the journal's changes into the base. Returns whether there were any."""
        return self._file(number).compact()

    def leftovers(self, number: int) -> list[Path]:
        """Return files that a killed process left behind. Raises CannotCheck."""
        return self._file(number).leftovers()

    def parts(self, number: int) -> AbstractContextManager[dict[Path, Part]]:
        """Open the files as they are at one instant. Raises CannotCheck."""
        return self._file(number).parts()

    def put(self, number: int, records: Mapping[str, SignInRecord]) -> None:
        """Insert or replace many records of this file at once. Raises CannotCheck."""
        file = self._file(number)
        with file.transaction():
            file.put(_RECORDS, records)

    def _file_of(self, username: str) -> TableFile:
        return self._file(number_of(username))

    def _file(self, number: int) -> TableFile:
        if number not in self._files:
            file = TableFile(
                Kind(self.path(number), _RECORDS, is_marked=_has_wait),
                check_is_there=partial(_check_is_there, self._check_store, self._folder),
                may_be_missing=True,
            )
            self._files.setdefault(number, file)  # another thread may have been first
        return self._files[number]


def _check_is_there(check_store: Callable[[], object], folder: Path) -> None:
    check_store()
    check_folder(folder)


def _has_wait(document: bytes) -> bool:
    return _WAIT in document


def _record(view: View, username: str) -> SignInRecord:
    document = view.get(username)
    if document is None:
        return SignInRecord()
    return view.decoded(_RECORDS, username, document, SignInRecord)


def _banned(view: View) -> dict[str, SignInRecord]:
    return {name: _record(view, name) for name in view.marked}


def _changed_by(others: Others, kept: "_Others") -> dict[str, SignInRecord | None]:
    if len(kept) <= others.most:
        return {}  # at once: this includes most files
    named = takewhile(lambda name: name.startswith(others.prefix), kept.following(others.prefix))
    crowd = sum(1 for _ in islice(named, others.most + 1))
    return dict(others.change(kept)) if crowd > others.most else {}


class _Others(Mapping[str, SignInRecord]):
    """The records of one file except one; each is decoded on access."""

    def __init__(self, view: View, without: str) -> None:
        self._view = view
        self._without = without

    def __getitem__(self, username: str) -> SignInRecord:
        if username == self._without:
            raise KeyError(username)
        return _record(self._view, username)

    def __iter__(self) -> Iterator[str]:
        return self.following("")

    def following(self, name: str) -> Iterator[str]:
        """Yield the names after this one, sorted."""
        return (other for other in self._view.names(name) if other != self._without)

    def __len__(self) -> int:
        return self._view.count - (self._view.get(self._without) is not None)
