"""The audit log on disk: chained lines of JSON, each synced before the logged action continues.

The file `audit.head` beside it has the two ends of the chain. It is written after each line
without syncing, so that after a power failure it may be behind the log, but never ahead.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

import msgspec

from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import Ends, Link, Tail
from cwtui.accounts.audit.events import Event
from cwtui.accounts.audit.lines import Line, Position, decode, encode
from cwtui.accounts.errors import CannotCheck
from cwtui.host.files import (
    append_durably,
    cannot,
    check_folder,
    check_private,
    close,
    closed,
    new_file,
    sync_folder,
    write_all,
    write_atomically,
)
from cwtui.host.locks import exclusive, undisturbed
from cwtui.host.untrusted_files import open_regular
from cwtui.store.audit.files import AuditFiles, Newest

MEGABYTE: Final = 1_000_000
_AT_ONCE: Final = 1 << 16
"""Bytes that are written at once."""
_EVENTS_AT_ONCE: Final = 4000
"""Events that are written at once: about a megabyte."""
_HEAD_SIZE: Final = 512
"""Bytes: one sector, so that writing in place leaves either the old or the new content."""
_decode_ends: Final = msgspec.json.Decoder(Ends).decode


class FileAuditLog:
    """The AuditLog port on files.

    A file of `max_bytes` or more is rotated before the next line; `keep_files` rotated files are
    kept. `copy` is called with each line once it is on disk. `check_store` raises CannotCheck if
    the store that the log belongs to is gone or another one; without it only the folder is checked.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int = 10 * MEGABYTE,
        keep_files: int = 10,
        copy: Callable[[bytes], None] | None = None,
        check_store: Callable[[], object] | None = None,
    ) -> None:
        self._path = path
        self._check_store = check_store
        self._head = path.with_suffix(".head")
        self._files = AuditFiles(path)
        self._max_bytes = max_bytes
        self._keep_files = keep_files
        self._copy = copy

    def append(self, *events: Event) -> None:
        for start in range(0, len(events), _EVENTS_AT_ONCE):
            self._append(events[start : start + _EVENTS_AT_ONCE])

    def _append(self, events: Sequence[Event]) -> None:
        with exclusive(self._path, self._check_is_there), ExitStack() as opened:
            self._check_is_there()
            ends, newest = self._read_ends(), self._files.newest()
            if newest is not None:
                opened.callback(close, newest.file.descriptor)
                if newest.file.length >= self._max_bytes:
                    ends, newest = self._rotate(ends), None
            start = audit_chain.following(self._tail(newest), ends)
            written: list[bytes] = []
            link = start
            for event in events:
                written.append(encode(event, link.n, link.hash))
                link = Link(link.n + 1, audit_chain.link_of(written[-1], link.n).hash)
            append_durably(self._path, b"\n".join(written), newest.file if newest else None)
            # The events are recorded, so errors from here on must not say otherwise.
            with suppress(OSError, CannotCheck):
                first = ends.first if ends is not None else self._first() or start
                self._write_ends(
                    Ends(first, Link(link.n - 1, link.hash)), was_there=ends is not None
                )
        if self._copy is not None:
            for line in written:
                self._copy(line)

    def _tail(self, newest: Newest | None) -> Tail:
        if newest is not None and newest.line is not None:
            end = audit_chain.tail([newest.line])
            if end.n is not None:
                return end
        with closing(self._files.backward(None, locked=True)) as lines:
            return audit_chain.tail(line.content for line in lines)

    def begin(self, lines: Iterable[bytes], ends: Ends | None) -> None:
        """Write a whole log where there is none, and to disk. Raises CannotCheck.

        Nothing is removed from it, however many files it has.
        """
        rest, number = iter(lines), 1
        try:
            while self._write_file(rest):
                self._path.rename(self._files.rotated_path(number))
                number += 1
        except OSError as error:
            raise cannot("write", self._path, error) from None
        if ends is not None:
            write_atomically(self._head, _encoded(ends))
        sync_folder(self._path.parent)

    def _write_file(self, lines: Iterator[bytes]) -> bool:
        """Write lines to a new file. Returns whether it is full. Raises OSError."""
        size, waiting = 0, bytearray()
        with new_file(self._path) as descriptor:
            for line in lines:
                waiting += line + b"\n"
                size += len(line) + 1
                if len(waiting) > _AT_ONCE:
                    write_all(descriptor, bytes(waiting))
                    waiting.clear()
                if size >= self._max_bytes:
                    break
            write_all(descriptor, bytes(waiting))
        return size >= self._max_bytes

    def lines(self, start: Position) -> Iterator[Line]:
        self._check_is_there()
        return self._files.forward(start)

    def lines_before(self, position: Position | None) -> Iterator[Line]:
        self._check_is_there()
        return self._files.backward(position)

    def ends(self) -> Ends | None:
        self._check_is_there()
        with undisturbed(self._path):
            return self._read_ends()

    def _check_is_there(self) -> None:
        if self._check_store is not None:
            self._check_store()
        check_folder(self._path.parent)

    # The files

    def _rotate(self, ends: Ends | None) -> Ends | None:
        """Start a new file, remove the oldest ones, and return the new ends."""
        rotated = self._files.rotated()
        number = rotated[-1] + 1 if rotated else 1
        # If rotation fails the log keeps growing: a long log is better than a lost event.
        with suppress(OSError, CannotCheck):
            self._path.rename(self._files.rotated_path(number))
            old = [*rotated, number][: -self._keep_files]
            if old:
                first = self._first(old[-1] + 1)
                if ends is not None and first is not None:
                    # On disk before files are removed, so that later gaps are someone else's.
                    ends = Ends(first, ends.last)
                    write_atomically(self._head, _encoded(ends))
                for one in old:
                    self._files.rotated_path(one).unlink(missing_ok=True)
        return ends

    def _first(self, file: int = 0) -> Link | None:
        """Return the link of the first event in or after this file: its number and `previous`."""
        for line in self._files.forward(Position(file)):
            record = decode(line.content)
            if record is not None:
                return Link(record.n, record.previous)
        return None

    # The ends

    def _read_ends(self) -> Ends | None:
        try:
            with closed(open_regular(self._head)) as descriptor:
                check_private(self._head, descriptor)
                content = os.pread(descriptor, _HEAD_SIZE + 1, 0)
            return _decode_ends(content) if len(content) <= _HEAD_SIZE else None
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):
            return None  # it was changed, which `verify` reports
        except OSError as error:
            raise cannot("read", self._head, error) from None

    def _write_ends(self, ends: Ends, *, was_there: bool) -> None:
        try:
            descriptor = open_regular(self._head, os.O_WRONLY, was_regular=was_there)
        except FileNotFoundError:
            write_atomically(self._head, _encoded(ends))
            return
        try:
            os.pwrite(descriptor, _encoded(ends), 0)
            if os.fstat(descriptor).st_size != _HEAD_SIZE:
                os.ftruncate(descriptor, _HEAD_SIZE)
        finally:
            os.close(descriptor)


def _encoded(ends: Ends) -> bytes:
    return msgspec.json.encode(ends).ljust(_HEAD_SIZE - 1) + b"\n"
