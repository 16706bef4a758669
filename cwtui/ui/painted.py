"""Remembers what the terminal shows, so that nothing is written to it twice.

Textual draws a new screen two or three times, until all parts are in place. On a serial line with
9600 baud, each time takes seconds. Later, only the cells that changed are written, and on such a
line, rows that moved are scrolled.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias

from rich.color import ColorSystem
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size

from cwtui.ui.spelling.abilities import Abilities
from cwtui.ui.spelling.cells import DEFAULT_BLANK, UNKNOWN, Cell, Run, cells_of
from cwtui.ui.spelling.pen import Pen, PenState
from cwtui.ui.spelling.scrolling import Scroll, scrolls

_Piece: TypeAlias = tuple[int, int, Iterable[Segment]]
"""Row, column, and what is drawn there."""
_Row: TypeAlias = list[Cell]
_State: TypeAlias = tuple[dict[int, _Row], set[int], PenState]
_LEAST_SCROLLED: Final = 3
"""If fewer rows differ, writing them takes fewer bytes than scrolling."""


class Painted:
    """The rows of one terminal: as they were last written, and as they should be."""

    def __init__(self, can: Abilities) -> None:
        self._can = can
        self._size = Size(0, 0)
        self._shown: dict[int, _Row] = {}
        self._wanted: dict[int, _Row] = {}
        self._changed: set[int] = set()
        """The rows in which the two may differ."""
        self._is_new = False
        """Whether something changed since it was last looked for what to scroll."""
        self._pen = Pen(can)

    def take(self, update: CompositorUpdate, size: Size) -> None:
        """Remember what a terminal of that size should show."""
        if size != self._size:
            self._size = size
            self._shown.clear()
            self._wanted.clear()
            self._changed.clear()
        for y, x, segments in _pieces(update):
            row = self._wanted.setdefault(y, [])
            cells = cells_of(segments)
            if row[x : x + len(cells)] != cells:
                self._wanted[y] = _with(row, x, cells)
                self._changed.add(y)
                self._is_new = True

    @property
    def is_done(self) -> bool:
        """Whether the terminal shows what it should."""
        return not self._changed

    def written(
        self, system: ColorSystem, most: int | None = None, first: Iterable[int] = ()
    ) -> str:
        """Return what has to be written, and remember it as shown.

        If that is more than `most` characters, the rest is left for later. The rows in `first` come
        first.
        """
        self._pen.lift()
        # A fast line has written the rows sooner than it is found out what to scroll.
        written = [self._scrolled(system) if self._is_new and most is not None else ""]
        self._is_new = False
        length = len(written[0])
        preferred = [y for y in first if y in self._changed]
        for y in (*preferred, *sorted(self._changed.difference(preferred))):
            if most is not None and length >= most:
                break
            text = self._row(y, system)
            written.append(text)
            length += len(text)
        return "".join(written)

    def cursor(self, x: int, y: int) -> str:
        """Return what moves the cursor there after `written`."""
        return self._pen.move(y, x)

    def _scrolled(self, system: ColorSystem) -> str:
        """Return what moves rows that only have another place now, if it saves bytes."""
        height = range(self._size.height)
        is_worth = self._can.scrolls and len(self._changed) >= _LEAST_SCROLLED
        if not is_worth or any(y not in self._shown or y not in self._wanted for y in height):
            return ""
        steps = [*scrolls([self._shown[y] for y in height], [self._wanted[y] for y in height])]
        if not steps:
            return ""
        before = self._state
        plain = self._rest(system)
        self._state = before
        moved = "".join(map(self._scroll, steps))
        after = self._state
        is_shorter = len(moved) + len(self._rest(system)) < len(plain)
        self._state = after if is_shorter else before
        return moved if is_shorter else ""

    def _scroll(self, scroll: Scroll) -> str:
        blank = [DEFAULT_BLANK] * self._size.width
        rows = scroll.applied(self._shown, blank)
        for y, row in enumerate(rows, scroll.top):
            self._shown[y] = row
            if row == self._wanted[y]:
                self._changed.discard(y)
            else:
                self._changed.add(y)
        return self._pen.scroll(scroll)

    def _rest(self, system: ColorSystem) -> bytes:
        """Return what writes all rows that differ."""
        return "".join([self._row(y, system) for y in sorted(self._changed)]).encode()

    @property
    def _state(self) -> _State:
        """What `written` changes: to try something, and to go back to it."""
        return dict(self._shown), set(self._changed), self._pen.state

    @_state.setter
    def _state(self, state: _State) -> None:
        shown, changed, self._pen.state = state
        self._shown, self._changed = dict(shown), set(changed)

    def _row(self, y: int, system: ColorSystem) -> str:
        wanted = self._wanted[y]
        runs = list(_different(self._shown.get(y, ()), wanted))
        text = self._pen.row(y, wanted, runs, self._size.width, system) if runs else ""
        self._shown[y] = wanted
        self._changed.discard(y)
        return text


def _with(row: _Row, x: int, cells: _Row) -> _Row:
    """Return the row with these cells from column `x` on."""
    end = x + len(cells)
    before = row[:x] + [UNKNOWN] * (x - len(row))
    after = row[end:]
    # Half a wide character is shown as a blank.
    if x < len(row) and not row[x][0] and row[x] is not UNKNOWN:
        at = max(number for number, (text, _) in enumerate(before) if text)
        before[at:] = [(" ", before[at][1])] * (x - at)
    if after and not after[0][0] and after[0] is not UNKNOWN:
        others = (at for at, cell in enumerate(after) if cell[0] or cell is UNKNOWN)
        count = next(others, len(after))
        after[:count] = [(" ", after[0][1])] * count
    return [*before, *cells, *after]


def _different(shown: Sequence[Cell], wanted: Sequence[Cell]) -> Iterator[Run]:
    """Yield where cells differ that are known: from which one to which. Runs do not touch."""
    if not shown and UNKNOWN not in wanted:
        yield 0, len(wanted)
        return
    shown = [*shown[: len(wanted)], *[UNKNOWN] * (len(wanted) - len(shown))]
    halves = _halves(shown) | _halves(wanted)
    start, stop = -1, -1
    for at, (before, after) in enumerate(zip(shown, wanted, strict=True)):
        if at < stop or before == after or after is UNKNOWN:
            continue
        begin, end = at, at + 1
        # A wide character is written as a whole, and what covers one covers all of it.
        while begin in halves:
            begin -= 1
        while end in halves:
            end += 1
        if begin <= stop:
            stop = end
            continue
        if start >= 0:
            yield start, stop
        start, stop = begin, end
    if start >= 0:
        yield start, stop


def _halves(cells: Sequence[Cell]) -> set[int]:
    """Return where the second halves of wide characters are."""
    return {at for at, cell in enumerate(cells) if not cell[0] and cell is not UNKNOWN}


def _pieces(update: CompositorUpdate) -> Iterator[_Piece]:
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, chain.from_iterable(strips)
    elif isinstance(update, ChopsUpdate):
        for y, first, last in update.spans:
            yield from _pieces_of_span(update, y, first, last)


def _pieces_of_span(update: ChopsUpdate, y: int, first: int, last: int) -> Iterator[_Piece]:
    for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
        if strip is not None and x <= last and end > first:
            yield y, x, strip if end <= last else strip.crop(0, last - x)
