"""The lines of a file to import, in UTF-8, bounded before they are read."""

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from cwtui.accounts.errors import WrongFile
from cwtui.accounts.importing.places import Place, Problem
from cwtui.language import _, grouped

LINE_MOST: Final = 1 << 14
"""Bytes of a line: several times the longest names, a hash and five URIs."""
LINES_MOST: Final = 200_000
"""Others who change accounts wait for the import, and give up after ten seconds."""
BYTES_MOST: Final = 1 << 28
_PIECE: Final = 1 << 16
_BYTE_ORDER_MARK: Final = "\ufeff"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class Source(Protocol):
    """An open file."""

    def readline(self, size: int = -1, /) -> bytes: ...


class Line(NamedTuple):
    """One line without its end."""

    place: Place
    text: str


def lines(source: Source, file: str = "") -> Iterator[Line | Problem]:
    """Yield the lines that are not empty, or what is wrong with them.

    Raises WrongFile for too many lines or bytes, and OSError.
    """
    number = size = 0
    while content := source.readline(LINE_MOST + 1):
        number += 1
        size += len(content)
        if number > LINES_MOST or size > BYTES_MOST:
            raise WrongFile(
                _(
                    "The file has more than {lines} lines or {bytes} bytes. Split it into several "
                    "files.",
                    lines=grouped(LINES_MOST),
                    bytes=grouped(BYTES_MOST),
                )
            )
        if len(content) > LINE_MOST:
            size += _skipped(source, content)
            place = Place(number, file=file)
            most = grouped(LINE_MOST)
            yield Problem(place, _("The line is longer than {most} bytes.", most=most))
            continue
        if number == 1 and content.startswith(_UTF_16):
            raise WrongFile(_("The file is in UTF-16. Save it as UTF-8."))
        found = _decoded(Place(number, file=file), content)
        if isinstance(found, Problem) or found.text.strip():
            yield found


def _skipped(source: Source, content: bytes) -> int:
    """Read the rest of the line, up to the most that a file may have, and return its length."""
    size = 0
    while content and not content.endswith(b"\n") and size <= BYTES_MOST:
        content = source.readline(_PIECE)
        size += len(content)
    return size


def _decoded(place: Place, content: bytes) -> Line | Problem:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Problem(place, _("The line is not in UTF-8."))
    if "\0" in text:
        return Problem(place, _("The line contains the character NUL."))
    if place.number == 1:
        text = text.removeprefix(_BYTE_ORDER_MARK)
    return Line(place, text.removesuffix("\n").removesuffix("\r"))
