"""Remembers what the terminal shows, so that nothing is written to it twice.

Textual draws a new screen two or three times, until all parts are in place. On a serial line with
9600 baud, each time takes seconds. Of what changes later, only the cells that differ are written.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

Piece: TypeAlias = tuple[int, int, Strip]
"""Row, column, and what is drawn there."""
_Cells: TypeAlias = list[tuple[str, Style | None]]


_UNKNOWN: Final = Style.from_meta({"unknown": True})
"""Nothing that is drawn has this style, so it differs from everything."""
_APART: Final = 10
"""Writing so many unchanged cells takes more bytes than moving past them."""


class Painted:
    """The rows of one terminal, as they were last written."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._rows: dict[int, Strip] = {}
        self._style: Style | None = _UNKNOWN
        """The style that the terminal was told last."""

    def changes(self, update: CompositorUpdate, size: Size) -> "Changes":
        """Return what the update changes on a terminal of that size, and remember it as shown."""
        if size != self._size:
            self._size = size
            self._rows.clear()
        pieces = [changed for piece in _pieces(update) for changed in self._changed(*piece)]
        changes = Changes(pieces, self._style)
        self._style = changes.last_style
        return changes

    def _changed(self, y: int, x: int, strip: Strip) -> list[Piece]:
        """Return the parts of a piece that differ from what is shown, and remember them."""
        row = self._rows.get(y, Strip([]))
        end = x + strip.cell_length
        shown = row.crop(x, end).simplify() if end <= row.cell_length else None
        if shown == strip:
            return []
        before = row.crop_extend(0, x, _UNKNOWN)
        self._rows[y] = Strip.join([before, strip, row.crop(end)]).simplify()
        runs = _different(shown, strip) if shown is not None else [(0, strip.cell_length)]
        return [(y, x + start, strip.crop(start, stop)) for start, stop in runs]


class Changes(CompositorUpdate):
    """The pieces of an update that have to be written, and the style before them.

    The terminal is told a style only where it changes, and keeps the last one.
    """

    def __init__(self, pieces: list[Piece], style: Style | None) -> None:
        self._pieces = pieces
        self._style = style

    @property
    def last_style(self) -> Style | None:
        segments = [segment for *_, strip in self._pieces for segment in strip if segment.text]
        return segments[-1].style if segments else self._style

    def render_segments(self, console: Console) -> str:
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        written, codes = list[str](), _codes(self._style, system)
        for y, x, strip in self._pieces:
            written.append(Control.move_to(x, y).segment.text)
            for text, style, _ in strip:
                wanted = _codes(style, system)
                if wanted != codes and text:
                    written.append(f"\x1b[0{wanted}m")
                    codes = wanted
                written.append(text)
        return "".join(written)


@lru_cache(maxsize=256)
def _codes(style: Style | None, system: ColorSystem) -> str | None:
    """Return the style as parameters of a control sequence, each with a semicolon before it."""
    if style is None:
        return ""
    if style == _UNKNOWN:
        return None
    codes = Strip.render_ansi(style, system)
    return f";{codes}" if codes else ""


def _different(shown: Strip, strip: Strip) -> list[tuple[int, int]]:
    """Return where two strips of equal length differ: from which cell to which."""
    old, new = _cells(shown), _cells(strip)
    if old is None or new is None or len(old) != len(new):
        return [(0, strip.cell_length)]
    runs = list[tuple[int, int]]()
    for at, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        if runs and at - runs[-1][1] < _APART:
            runs[-1] = runs[-1][0], at + 1
        else:
            runs.append((at, at + 1))
    return runs


def _cells(strip: Strip) -> _Cells | None:
    """Return characters and styles; None if a character does not take exactly one cell."""
    cells: _Cells = []
    for text, style, _ in strip:
        if not text.isascii() and any(cell_len(character) != 1 for character in text):
            return None
        cells += [(character, style) for character in text]
    return cells


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
