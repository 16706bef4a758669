"""Read the files of the audit log as one: audit-000001.jsonl, ..., and finally audit.jsonl.

Nothing here takes a lock. The current file already has the number that it will get when it is
rotated, so places stay valid, and readers neither miss nor repeat lines.
"""

import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from cwtui.accounts.audit.lines import LONGEST, Line, Position
from cwtui.host.files import Appendable, cannot, check_found, check_private, close
from cwtui.host.untrusted_files import check_size, open_regular

_FIRST_BLOCK: Final = 1 << 12
_BLOCK: Final = 1 << 16
"""Bytes read at once; finding just the last line starts with less."""
_MANY_BYTES: Final = 1 << 20
_MOST: Final = 1 << 32
"""The maximum file size in bytes: 40 times the largest size for rotation."""


class _Opened(NamedTuple):
    number: int
    path: Path
    content: BinaryIO
    is_present: bool


class Newest(NamedTuple):
    """The current file, open for appending, and its last line.

    The line is None if it is partial, long, or not in this file.
    """

    file: Appendable
    line: bytes | None


class AuditFiles:
    """The current file `path` and the rotated files beside it. All methods raise CannotCheck."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = re.compile(rf"{re.escape(path.stem)}-(\d{{6,12}}){re.escape(path.suffix)}")

    def rotated(self) -> list[int]:
        """Return the numbers of the rotated files, oldest first."""
        try:
            names = os.listdir(self.path.parent)  # noqa: PTH208  names are all that is needed
        except OSError as error:
            raise cannot("read", self.path.parent, error) from None
        return sorted(int(found[1]) for name in names if (found := self._name.fullmatch(name)))

    def rotated_path(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}-{number:06d}{self.path.suffix}")

    def forward(self, start: Position) -> Iterator[Line]:
        """Yield the lines from `start`, oldest first, except one that is still being written."""
        position = start
        is_last = False
        while not is_last:
            with self._opened(partial(_at_least, position.file)) as opened:
                if opened is None:
                    return
                here = position if position.file == opened.number else Position(opened.number)
                yield from _forward(opened, here)
                is_last = opened.is_present
            position = Position(opened.number + 1)

    def backward(
        self, before: Position | None, *, locked: bool = False
    ) -> Generator[Line, None, None]:
        """Yield the lines before `before` (None: before the end), newest first.

        `locked`: the caller holds the lock, so an unfinished line at the end is a partial one and
        is included. Lines are then not counted, which would require reading the whole file.
        """
        position = before
        last_file = before.file if before is not None else None
        while True:
            with self._opened(partial(_at_most, last_file)) as opened:
                if opened is None:
                    return
                if position is None or position.file != opened.number:
                    position = _end_of(opened, counted=not locked)
                yield from _backward(opened, position, unfinished=locked or not opened.is_present)
            last_file, position = opened.number - 1, None

    def newest(self) -> Newest | None:
        """Open the current file and return its end; None if there is none.

        The caller holds the lock, and closes the file. If it has no line, `backward` finds it in
        any case.
        """
        try:
            descriptor = open_regular(self.path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("write", self.path, error) from None
        try:
            return self._newest_in(descriptor)
        except OSError as error:
            close(descriptor)
            raise cannot("read", self.path, error) from None
        except BaseException:
            close(descriptor)
            raise

    def _newest_in(self, descriptor: int) -> Newest:
        found = os.fstat(descriptor)
        check_found(self.path, found)
        start = max(found.st_size - _FIRST_BLOCK, 0)
        text = os.pread(descriptor, _FIRST_BLOCK, start)
        before, is_ended = text.rfind(b"\n", 0, -1), text.endswith(b"\n")
        is_whole = is_ended and (before >= 0 or start == 0)
        file = Appendable(descriptor, found.st_size, found.st_size > 0 and not is_ended)
        return Newest(file, text[before + 1 : -1] if is_whole else None)

    @contextmanager
    def _opened(self, pick: Callable[[list[int]], int | None]) -> Iterator[_Opened | None]:
        opened = self._open(pick)
        if opened is None:
            yield None
            return
        try:
            with opened.content:
                yield opened
        except OSError as error:
            raise cannot("read", opened.path, error) from None

    def _open(self, pick: Callable[[list[int]], int | None]) -> _Opened | None:
        while True:
            rotated = self.rotated()
            present = rotated[-1] + 1 if rotated else 1
            number = pick([*rotated, present])
            if number is None:
                return None
            is_present = number == present
            path = self.path if is_present else self.rotated_path(number)
            content = self._content(path)
            with ExitStack() as unless_kept:
                if content is not None:
                    unless_kept.callback(content.close)
                # The current file may have been rotated between listing and opening: try again.
                if is_present and self.rotated() == rotated:
                    unless_kept.pop_all()
                    return _Opened(number, path, content or BytesIO(), is_present=True)
                if not is_present and content is not None:
                    unless_kept.pop_all()
                    return _Opened(number, path, content, is_present=False)

    def _content(self, path: Path) -> BinaryIO | None:
        try:
            content = os.fdopen(open_regular(path), "rb", _BLOCK)
        except FileNotFoundError:
            return None  # rotated out, or not started yet
        except OSError as error:
            raise cannot("read", path, error) from None
        try:
            check_private(path, content.fileno())
            check_size(content.fileno(), _MOST, path)
        except OSError as error:
            content.close()
            raise cannot("read", path, error) from None
        except BaseException:
            content.close()
            raise
        return content


def _at_least(least: int, numbers: list[int]) -> int:
    return next((number for number in numbers if number >= least), numbers[-1])


def _at_most(most: int | None, numbers: list[int]) -> int | None:
    if most is None:
        return numbers[-1]
    return max((number for number in numbers if number <= most), default=None)


def _forward(opened: _Opened, position: Position) -> Iterator[Line]:
    content, file = opened.content, opened.path.name
    content.seek(position.offset)
    while line := content.readline(LONGEST):
        length, part = len(line), line
        while len(part) == LONGEST and not part.endswith(b"\n"):
            part = content.readline(LONGEST)
            length += len(part)
        if opened.is_present and not (part or line).endswith(b"\n"):
            return
        found = Line(position, file, line.removesuffix(b"\n"), length)
        yield found
        position = found.after


def _end_of(opened: _Opened, *, counted: bool) -> Position:
    size = opened.content.seek(0, os.SEEK_END)
    lines = 0
    if counted:
        opened.content.seek(0)
        while block := opened.content.read(_MANY_BYTES):
            lines += block.count(b"\n")
    return Position(opened.number, size, lines)


def _backward(opened: _Opened, end: Position, *, unfinished: bool) -> Iterator[Line]:
    number, file, line = opened.number, opened.path.name, end.line
    pieces = _pieces(opened.content, end.offset)
    offset, cut_short, length = next(pieces)
    if cut_short and unfinished:
        yield Line(Position(number, offset, line), file, cut_short, length)
    for offset, piece, length in pieces:
        line -= 1
        yield Line(Position(number, offset, line), file, piece, length + 1)


def _pieces(content: BinaryIO, end: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield offset, bytes and length of the text between line ends, last first.

    The first item is what follows the last line end; it is empty if the file is complete.
    """
    rest, start, dropped, block = b"", end, 0, _FIRST_BLOCK
    while start > 0:
        size, block = min(block, start), min(2 * block, _BLOCK)
        start -= size
        content.seek(start)
        rest = content.read(size) + rest
        at = start + len(rest) + dropped
        rest, *pieces = rest.split(b"\n")
        for piece in reversed(pieces):
            at -= len(piece) + dropped
            yield at, piece, len(piece) + dropped
            at -= 1
            dropped = 0
        if len(rest) > LONGEST:
            rest, dropped = rest[:LONGEST], dropped + len(rest) - LONGEST
    yield 0, rest, len(rest) + dropped
