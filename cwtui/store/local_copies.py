"""Local copies of people's sign-ins, in a folder of their own (see accounts/cut_off).

accounts.json, sign-in/    a small store in files
events-LOG.jsonl           what happened while the host was cut off
state.json                 the State
"""

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cwtui.accounts.audit.lines import START
from cwtui.accounts.cut_off import State
from cwtui.accounts.errors import StoreDamaged
from cwtui.host.files import (
    cannot,
    check_private,
    exists,
    make_private_folder,
    sync_folder,
    write_atomically,
)
from cwtui.host.locks import exclusive
from cwtui.host.untrusted_files import TooLarge, read_regular
from cwtui.language import _
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.layout import Layout
from cwtui.store.open_sessions import FileOpenSessions
from cwtui.store.records import TinyRecordStore

_MOST_STATE: Final = 1 << 24
"""Bytes of the state file."""
_MOST_LOG: Final = 16_000_000
"""Bytes of the local log, about 50,000 events. Nobody is let in beyond that: no event is lost."""
_LOG_BYTES: Final = 4
_OURS: Final = re.compile(
    r"\.reserve|state\.json|\.?(accounts|events-[0-9a-f]{8}|state|\d\d)"
    r"(-\d{9})?\.(json|jsonl|head|journal)(\.base)?(\.lock|\.new)?"
)
"""The files in the folder, and those that a killed process left."""


class Parts(NamedTuple):
    """The ports of the small store."""

    accounts: TinyAccountStore
    records: TinyRecordStore
    audit: FileAuditLog
    sessions: FileOpenSessions
    """No session ever begins with a copy."""


class FileCopies:
    """The LocalCopies port on a folder. Only one process may use it at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the copies in this folder, which exist. Raises CannotCheck."""
        self._layout = Layout(folder)
        self._path = folder / "state.json"
        check_private(folder)
        self._state = self._read()
        self._parts = self.parts()

    @classmethod
    def create(cls, folder: Path) -> "FileCopies":
        """Open the copies in this folder, or create it without any. Raises CannotCheck."""
        make_private_folder(folder)
        layout, path = Layout(folder), folder / "state.json"
        make_private_folder(layout.records)
        if not layout.is_there():
            TinyAccountStore.create(layout.accounts)
        if not exists(path):
            _write(path, State(log=_new_name()))
        return cls(folder)

    @staticmethod
    def are_there(folder: Path) -> bool:
        """Whether the folder has copies. Raises CannotCheck."""
        return exists(folder / "state.json")

    @property
    def accounts(self) -> TinyAccountStore:
        return self._parts.accounts

    @property
    def records(self) -> TinyRecordStore:
        return self._parts.records

    @property
    def audit(self) -> FileAuditLog:
        return self._parts.audit

    @property
    def state(self) -> State:
        return self._state

    @property
    def is_full(self) -> bool:
        path = self._log
        try:
            return path.stat().st_size >= _MOST_LOG
        except FileNotFoundError:
            return False
        except OSError as error:
            raise cannot("read", path, error) from None

    @property
    def events(self) -> int:
        return sum(1 for _ in self.audit.lines(START))

    def parts(self, check: Callable[[], object] | None = None) -> Parts:
        """Return the ports. `check` raises CannotCheck if nothing may be written any more."""
        layout = self._layout
        accounts = TinyAccountStore(layout.accounts)
        check = check or accounts.is_empty
        log = FileAuditLog(self._log, 2 * _MOST_LOG, check_store=check)
        records, sessions = (
            TinyRecordStore(layout.records, check),
            FileOpenSessions(layout.sessions),
        )
        return Parts(accounts, records, log, sessions)

    def save(self, state: State) -> None:
        _write(self._path, state)
        self._state = state

    def start_log(self, state: State) -> None:
        self.save(msgspec.structs.replace(state, log=_new_name()))
        self._parts = self.parts()
        self._remove_others()

    def erase_removed(self) -> None:
        self.accounts.compact()

    def delete(self) -> None:
        """Remove all files of the copies, and the folder if nothing else is in it."""
        # The state is last, as it shows that the others are here.
        files = [*self._files(self._layout.records), *self._files(self._layout.folder), self._path]
        try:
            for path in files:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # something else is in it
                self._layout.records.rmdir()
                self._layout.folder.rmdir()
        except OSError as error:
            raise cannot("remove", self._layout.folder, error) from None

    @property
    def _log(self) -> Path:
        return self._layout.folder / f"events-{self._state.log}.jsonl"

    def _remove_others(self) -> None:
        """Remove logs that were written to the database."""
        kept = f"events-{self._state.log}"
        for path in self._files(self._layout.folder):
            if path.name.lstrip(".").startswith("events-") and kept not in path.name:
                with suppress(OSError):  # it is tried again with the next log
                    path.unlink(missing_ok=True)
        sync_folder(self._layout.folder)

    def _files(self, folder: Path) -> list[Path]:
        try:
            found = sorted(folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise cannot("read", folder, error) from None
        return [one for one in found if _OURS.fullmatch(one.name) and one != self._path]

    def _read(self) -> State:
        check_private(self._path)
        try:
            return msgspec.json.decode(read_regular(self._path, _MOST_STATE), type=State)
        except (TooLarge, ValueError, RecursionError) as error:
            raise StoreDamaged(
                _(
                    "{path} is damaged: {error}. Nobody is let in with the copies in this folder. "
                    "See: cwtui help postgresql",
                    path=self._path,
                    error=error,
                )
            ) from None
        except OSError as error:
            raise cannot("read", self._path, error) from None


def _write(path: Path, state: State) -> None:
    with exclusive(path):
        write_atomically(path, msgspec.json.encode(state))


def _new_name() -> str:
    return secrets.token_hex(_LOG_BYTES)
