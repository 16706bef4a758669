"""Remembers what the terminal shows, so that nothing is written to it twice.

Textual draws a new screen two or three times, until all parts are in place. On a serial line with
9600 baud, each time takes seconds.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from rich.console import Console
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

Piece: TypeAlias = tuple[int, int, Strip]
"""Row, column, and what is drawn there."""


_UNKNOWN: Final = Style.from_meta({"unknown": True})
"""Nothing that is drawn has this style, so it differs from everything."""


class Painted:
    """The rows of one terminal, as they were last written."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._rows: dict[int, Strip] = {}

    def changes(self, update: CompositorUpdate, size: Size) -> "Changes":
        """Return what the update changes on a terminal of that size, and remember it as shown."""
        if size != self._size:
            self._size = size
            self._rows.clear()
        return Changes([piece for piece in _pieces(update) if self._is_new(piece)])

    def _is_new(self, piece: Piece) -> bool:
        y, x, strip = piece
        row = self._rows.get(y, Strip([]))
        end = x + strip.cell_length
        if end <= row.cell_length and row.crop(x, end).simplify() == strip:
            return False
        before = row.crop_extend(0, x, _UNKNOWN)
        self._rows[y] = Strip.join([before, strip, row.crop(end)]).simplify()
        return True


class Changes(CompositorUpdate):
    """The pieces of an update that have to be written."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces

    def render_segments(self, console: Console) -> str:
        return "".join(
            Control.move_to(x, y).segment.text + strip.render(console)
            for y, x, strip in self._pieces
        )


def _pieces(update: CompositorUpdate) -> Iterator[Piece]:
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, _plain(strips)
    elif isinstance(update, ChopsUpdate):
        for y, first, last in update.spans:
            yield from _pieces_of_span(update, y, first, last)


def _pieces_of_span(update: ChopsUpdate, y: int, first: int, last: int) -> Iterator[Piece]:
    for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
        if strip is not None and x <= last and end > first:
            yield y, x, _plain([strip if end <= last else strip.crop(0, last - x)])


def _plain(strips: Iterable[Strip | None]) -> Strip:
    return Strip.join(strips).discard_meta().simplify()
