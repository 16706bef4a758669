"""Finds rows that only moved up or down. A terminal scrolls them in some 20 bytes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from operator import add
from typing import Final, NamedTuple, TypeVar

from cwtui.ui.spelling.cells import Cell

T = TypeVar("T")
_WIDTH: Final = 8
"""A row is compared in parts of so many cells."""
_BLANK: Final = 3
"""About how many bytes it takes to erase a part."""
_LOOK: Final = 6
"""And to change to another look."""
_SCROLL: Final = 18
"""And to scroll, besides two for each row that is scrolled by."""
_SHIFTS: Final = 3
"""How many distances are tried."""
_MOST_ALIKE: Final = 2
"""A part that more rows have in common, such as "enabled", does not show where a row went."""
_FREE: Final[Sequence[str]] = ()
"""The parts of a row that nothing moved to."""


class Scroll(NamedTuple):
    """The rows from `top` to `bottom` move up by so many rows, or down if that is negative.

    The rows that become free are blank, in the terminal's own colours.
    """

    top: int
    bottom: int
    up: int

    def applied(self, rows: Mapping[int, T], free: T) -> list[T]:
        """Return the rows from `top` to `bottom` as they are afterwards."""
        within = range(self.top, self.bottom + 1)
        return [rows[y + self.up] if y + self.up in within else free for y in within]


class _Wanted(NamedTuple):
    """A row as it should be: its parts, and about how many bytes it takes to write each."""

    parts: Sequence[str]
    costs: Sequence[int]

    def cost(self, old: Sequence[str]) -> int:
        """Return about how many bytes it takes to write it over another row."""
        if not old:
            return sum(self.costs)
        each = zip(old, self.parts, self.costs, strict=False)
        return sum([cost for before, after, cost in each if before != after])


def scrolls(shown: Sequence[Sequence[Cell]], wanted: Sequence[Sequence[Cell]]) -> Iterator[Scroll]:
    """Yield what to scroll, one after the other, before the cells that differ are written."""
    before, after = [_parts(row) for row in shown], [_wanted(row) for row in wanted]
    while (scroll := _best(before, after)) is not None:
        yield scroll
        moved = dict(enumerate(before))
        before[scroll.top : scroll.bottom + 1] = scroll.applied(moved, _FREE)


def _parts(row: Sequence[Cell]) -> Sequence[str]:
    # The second half of a wide character has a place of its own.
    text = "".join([character or "\0" for character, _ in row])
    return [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]


def _wanted(row: Sequence[Cell]) -> _Wanted:
    parts = _parts(row)
    changes = [0] * (len(parts) + 1)
    style = None
    for at, cell in enumerate(row):
        if cell[1] is not style:
            style = cell[1]
            changes[at // _WIDTH] += _LOOK
    writing = [_BLANK if part.isspace() else len(part.strip()) + 1 for part in parts]
    return _Wanted(parts, [*map(add, writing, changes)])


def _best(before: Sequence[Sequence[str]], after: Sequence[_Wanted]) -> Scroll | None:
    """Return what saves most bytes, if anything does."""
    shifts = _likely_shifts(before, after)
    if not shifts:
        return None
    plain = [new.cost(old) for old, new in zip(before, after, strict=True)]
    # What a row costs more once it is free, added up from the first row.
    freed = [0, *accumulate(new.cost(_FREE) - cost for new, cost in zip(after, plain, strict=True))]
    saved, scroll = max(_best_by(up, before, after, plain, freed) for up in shifts)
    return scroll if saved > 0 else None


def _likely_shifts(before: Sequence[Sequence[str]], after: Sequence[_Wanted]) -> list[int]:
    places: dict[tuple[int, str], list[int]] = {}
    for y, row in enumerate(before):
        for place in enumerate(row):
            places.setdefault(place, []).append(y)
    votes = Counter[int]()
    for y, (row, _) in enumerate(after):
        if row == before[y]:
            continue
        for place in enumerate(row):
            found = places.get(place, ())
            if len(found) <= _MOST_ALIKE and not place[1].isspace():
                votes.update(old - y for old in found if old != y)
    return [shift for shift, _ in votes.most_common(_SHIFTS)]


def _best_by(
    up: int,
    before: Sequence[Sequence[str]],
    after: Sequence[_Wanted],
    plain: Sequence[int],
    freed: Sequence[int],
) -> tuple[int, Scroll]:
    """Return how many bytes scrolling by this distance saves at most, and what to scroll."""
    best = 0, Scroll(0, 0, up)
    least, first, total = 0, -1, 0
    for y in range(max(0, -up), len(after) - max(0, up)):
        begin = total + (freed[y] - freed[y + up] if up < 0 else 0)
        if first < 0 or begin < least:
            least, first = begin, y
        total += plain[y] - after[y].cost(before[y + up])
        lost = freed[y + 1 + up] - freed[y + 1] if up > 0 else 0
        saved = total - lost - least - _SCROLL - 2 * abs(up)
        if saved > best[0]:
            best = saved, Scroll(first + min(up, 0), y + max(up, 0), up)
    return best
