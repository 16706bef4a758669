"""The content of a new base, and how it is written; base.py shows the format."""

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from cwtui.accounts.errors import CannotCheck
from cwtui.host.files import write_all
from cwtui.language import _, grouped
from cwtui.store.base import COVERED_FROM, DIGEST, END, HEADER_MOST, SCHEMA, START
from cwtui.store.base_text import SEPARATOR, line_of

_BLOCK: Final = 1 << 16
"""Bytes that are written at once."""


class Content(Struct, frozen=True):
    """A new version of the file. `lines` yields those of the main table, with `,` and end."""

    journal: str
    main: str
    tables: dict[str, dict[str, bytes]]
    count: int
    marked: tuple[str, ...]
    lines: Callable[[], Iterator[bytes]]

    def write(self, descriptor: int) -> str:
        """Write the new, empty file, and return its checksum. Raises OSError and CannotCheck."""
        digest = sha256()
        write_all(descriptor, START + b"0" * DIGEST)
        for block in _joined(self._pieces()):
            digest.update(block)
            write_all(descriptor, block)
        checksum = digest.hexdigest()
        os.pwrite(descriptor, checksum.encode(), len(START))
        return checksum

    def _pieces(self) -> Iterator[bytes]:
        encode = msgspec.json.encode
        meta = (
            b'"schema":%d' % SCHEMA,
            b'"journal":%b' % encode(self.journal),
            b'"count":%d' % self.count,
            b'"marked":%b' % encode(self.marked),
        )
        header = b'",\n' + SEPARATOR.join(meta) + b"\n},\n"
        for table, documents in self.tables.items():
            lines = (line_of(name, document) for name, document in documents.items())
            header += b"%b:{\n%b\n},\n" % (encode(table), SEPARATOR.join(lines))
        header += b"%b:{\n" % encode(self.main)
        if COVERED_FROM + len(header) > HEADER_MOST:
            raise CannotCheck(
                _(
                    "The settings, or the names of admins or of locked users, need more than "
                    "{most} bytes. Nothing was changed.",
                    most=grouped(HEADER_MOST),
                )
            )
        yield header
        last = b""
        for piece in self.lines():
            if len(piece) <= len(SEPARATOR):  # it may belong to what came before
                last += piece
                continue
            if last:
                yield last
            last = piece
        yield last.removesuffix(SEPARATOR) + (END if last else END[1:])


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer pieces."""
    waiting, size = list[bytes](), 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
