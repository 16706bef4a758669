"""The text of a base: its bytes, its lines, and the name at the beginning of each."""

import os
import re
import weakref
from pathlib import Path
from typing import Final

import msgspec

from cwtui.accounts.errors import CannotCheck, StoreDamaged
from cwtui.accounts.text import shortened
from cwtui.host.files import cannot, close
from cwtui.language import _

SEPARATOR: Final = b",\n"
LINE_MOST: Final = 1 << 20
"""Bytes of a document: many times the largest account."""
NAME: Final = re.compile(rb'"(?:[^"\\]|\\.)*"(?=:)')
NAME_MOST: Final = 1 << 10
"""Bytes of a name and its quotes: many times the longest username."""
WINDOW: Final = 1 << 13
"""Bytes that are read at first where it is not known how many are needed."""
BLOCK: Final = 1 << 18
"""The most bytes read at once where many are read."""
INVALID: Final = (msgspec.MsgspecError, UnicodeDecodeError)
"""What decoding a name raises."""
decode_name: Final = msgspec.json.Decoder(str).decode


class BaseText:
    """The text of one version of a base. Its methods raise StoreDamaged and CannotCheck."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Take over the descriptor."""
        weakref.finalize(self, close, descriptor)
        self._descriptor = descriptor
        self._path = path
        self.size = os.fstat(descriptor).st_size

    def read(self, begin: int, end: int) -> bytes:
        """Return all bytes between these offsets."""
        begin = max(begin, 0)
        try:
            text = os.pread(self._descriptor, end - begin, begin)
            return text if len(text) == end - begin else self._read_on(text, begin, end)
        except OSError as error:
            raise cannot("read", self._path, error) from None

    def _read_on(self, text: bytes, begin: int, end: int) -> bytes:
        while len(text) < end - begin:
            more = os.pread(self._descriptor, end - begin - len(text), begin + len(text))
            if not more:
                raise damaged(self._path, 1, _("the end of the file is missing"))
            text += more
        return text

    def start_of_line(self, at: int, least: int) -> int:
        """Return the start of the line that contains this position."""
        size = WINDOW // 2
        while size <= 2 * LINE_MOST:
            begin = max(at - size, least)
            found = self.read(begin, at).rfind(b"\n")
            if found >= 0 or begin == least:
                return begin + found + 1
            size *= 4
        raise self.damaged(at, _("a line is too long"))

    def end_of_line(self, at: int, most: int) -> int:
        """Return the end of the line that contains this position, at most `most`."""
        size = WINDOW
        while size <= 2 * LINE_MOST:
            end = min(at + size, most)
            found = self.read(at, end).find(b"\n")
            if found >= 0 or end == most:
                return at + found + 1 if found >= 0 else most
            size *= 4
        raise self.damaged(at, _("a line is too long"))

    def name_of(self, line: bytes, at: int) -> str:
        """Return the name of the line, which begins at this offset."""
        found = NAME.match(line)
        if found is None:
            raise self.damaged(at, _("a document has no name"))
        try:
            return decode_name(found[0])
        except INVALID as error:
            raise self.damaged(at, str(error)) from None

    def damaged(self, at: int, reason: str) -> StoreDamaged:
        """Return the error for damage at this position."""
        return damaged(self._path, self.line_number(at), reason)

    def line_number(self, at: int) -> int:
        """Return the number of the line at this offset, for errors. Raises OSError."""
        count, position = 1, 0
        while position < at:
            text = os.pread(self._descriptor, min(BLOCK, at - position), position)
            if not text:
                break
            count += text.count(b"\n")
            position += len(text)
        return count


def line_of(name: str, document: bytes) -> bytes:
    """Return the line of a document, without its end."""
    return b"%b:%b" % (msgspec.json.encode(name), document)


def check_length(name: str, document: bytes, path: Path) -> None:
    """Raise CannotCheck if this document is too long to be found again."""
    key = len(msgspec.json.encode(name))
    if key >= NAME_MOST or key + len(b":") + len(document) + len(SEPARATOR) > LINE_MOST:
        raise CannotCheck(
            _(
                "The entry {name} is too long for {path}. Nothing was changed.",
                name=shortened(name),
                path=path,
            )
        )


def damaged(path: Path, line: int, reason: str) -> StoreDamaged:
    """Return the error for damage at this line."""
    return StoreDamaged(
        _(
            "{path} is damaged at line {line}: {reason}. It was not changed; restore it from a "
            "backup.",
            path=path,
            line=line,
            reason=reason,
        )
    )
