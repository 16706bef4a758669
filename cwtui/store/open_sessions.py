"""Open sessions in files: one for each, locked by the process of the session while it is open.

The kernel ends the lock with the process, so a file that can be locked is what a process left that
was killed, and is removed by whoever lists next. The first line is the session. The time of the
file is when the person was last active. A second line asks the session to end. Nothing is synced:
after a crash of the host there are no sessions.
"""

import fcntl
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
from msgspec.structs import replace

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import EndAsked, OpenSession
from cwtui.host.files import (
    cannot,
    check_folder,
    check_private,
    close,
    closed,
    make_private_folder,
    write_all,
)
from cwtui.host.untrusted_files import is_still_at, open_regular
from cwtui.language import _

_ID: Final = re.compile(r"[0-9a-f]{12}", re.ASCII)
_LONGEST: Final = 4096
"""Bytes of a file that are read."""
_MOST: Final = 10_000
"""Sessions that are listed."""
_MINUTE: Final = 60.0
"""The time of a file is not written more often."""
_TRIES: Final = 3


@dataclass
class _Own:
    """A session of this process: its open file, and how long the first line is."""

    session: OpenSession
    descriptor: int
    length: int


class FileOpenSessions:
    """The OpenSessions port on files. Several threads may use it."""

    look_seconds = 2.0

    def __init__(self, folder: Path) -> None:
        """`folder` is in the folder of the store, which must be there; it is made when needed."""
        self._folder = folder
        self._own: dict[str, _Own] = {}
        self._lock = Lock()

    def begin(self, session: OpenSession) -> None:
        with self._lock:
            self._begin(session)

    def _begin(self, session: OpenSession) -> None:
        check_folder(self._folder.parent)
        make_private_folder(self._folder)
        line = msgspec.json.encode(session) + b"\n"
        path = self._folder / session.id
        try:
            descriptor = _locked(path)
            try:
                write_all(descriptor, line)
                _set_active(descriptor, session.active_at)
            except OSError:
                _remove(path)  # the next try makes it anew
                close(descriptor)
                raise
        except OSError as error:
            raise cannot("write", path, error) from None
        self._own[session.id] = _Own(session, descriptor, len(line))

    def look(self, id_: str, active_at: float) -> EndAsked | None:
        with self._lock:
            own = self._own.get(id_)
            if own is None:
                return None
            try:
                found = os.fstat(own.descriptor)
                if not is_still_at(self._folder / id_, found):
                    # If that fails, the next look tries again.
                    self._begin(replace(own.session, active_at=active_at))
                    close(own.descriptor)
                    return None
                if found.st_size > own.length:
                    return _asked(os.pread(own.descriptor, _LONGEST, own.length))
                if active_at - found.st_mtime >= _MINUTE:
                    _set_active(own.descriptor, active_at)
            except OSError as error:
                raise cannot("read", self._folder / id_, error) from None
            return None

    def end(self, id_: str) -> None:
        with self._lock:
            if id_ in self._own:
                _remove(self._folder / id_)
                close(self._own.pop(id_).descriptor)

    def all(self, username: str | None = None) -> list[OpenSession]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  names are all that is needed
        except FileNotFoundError:
            check_folder(self._folder.parent)
            return []
        except OSError as error:
            raise cannot("read", self._folder, error) from None
        check_private(self._folder)
        read = (self._read(name) for name in sorted(names)[:_MOST] if _ID.fullmatch(name))
        found = [one for one in read if one and username in {None, one.username}]
        return sorted(found, key=lambda one: (one.started_at, one.id))

    def _read(self, id_: str) -> OpenSession | None:
        """Return the session, or None if it has ended or only begins."""
        path = self._folder / id_
        try:
            with closed(open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)) as descriptor:
                check_private(path, descriptor)
                if _has_ended(descriptor):
                    _remove(path)
                    return None
                line, _, more = os.pread(descriptor, _LONGEST, 0).partition(b"\n")
                active_at = os.fstat(descriptor).st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", path, error) from None
        try:
            session = msgspec.json.decode(line, type=OpenSession)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return replace(session, id=id_, active_at=active_at, is_ending=bool(more))

    def ask_to_end(self, ids: Iterable[str], asked: EndAsked) -> frozenset[str]:
        return frozenset(id_ for id_ in ids if _ID.fullmatch(id_) and self._ask(id_, asked))

    def _ask(self, id_: str, asked: EndAsked) -> bool:
        path = self._folder / id_
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
        try:
            with closed(open_regular(path, flags)) as descriptor:
                check_private(path, descriptor)
                if _has_ended(descriptor):
                    return False
                write_all(descriptor, msgspec.json.encode(asked) + b"\n")
                return True
        except FileNotFoundError:
            return False
        except OSError as error:
            raise cannot("write", path, error) from None


def _locked(path: Path) -> int:
    """Create the file, lock it, and return its descriptor. Raises OSError, and CannotCheck."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _attempt in range(_TRIES):
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BlockingIOError:
            pass
        except OSError:
            os.close(descriptor)
            raise
        # Somebody who lists sessions saw the file before it was locked, and removes it.
        os.close(descriptor)
        _remove(path)
    raise CannotCheck(
        _("Cannot lock {path}: others lock it again and again. Sign in again.", path=path)
    )


def _has_ended(descriptor: int) -> bool:
    """Whether no process holds the lock of this open file."""
    try:
        # Shared, so that several who list at once do not take each other for the session.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _asked(line: bytes) -> EndAsked:
    try:
        return msgspec.json.decode(line.partition(b"\n")[0], type=EndAsked)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return EndAsked("", "")  # a full disk cut it, but it was asked


def _set_active(descriptor: int, at: float) -> None:
    os.utime(descriptor, (at, at))


def _remove(path: Path) -> None:
    with suppress(OSError):  # nobody needs it, and who lists next tries again
        path.unlink()
