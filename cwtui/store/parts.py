"""Open files as they are at one instant, for backups."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from cwtui.host.untrusted_files import open_regular

_PIECE: Final = 1 << 20


class Part(NamedTuple):
    """An open file, and how much of it belongs to the backup."""

    file: BinaryIO
    size: int

    def pieces(self) -> Iterator[bytes]:
        """Yield its content in pieces, from the beginning. Raises OSError."""
        self.file.seek(0)
        return pieces(self.file, self.size)


@contextmanager
def opened(path: Path, size: int | None = None) -> Iterator[Part]:
    """Open a file, and take this many bytes of it, or all that it has now. Raises OSError."""
    with os.fdopen(open_regular(path), "rb") as file:
        yield Part(file, os.fstat(file.fileno()).st_size if size is None else size)


def pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield this many bytes in pieces. Raises EOFError if there are fewer, and OSError."""
    while size:
        piece = file.read(min(size, _PIECE))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece
