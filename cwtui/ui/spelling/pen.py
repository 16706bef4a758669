"""Writes cells in as few bytes as possible.

The sequences are those of the VT100, and those that the type of terminal is known to have besides.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from rich.color import ColorSystem
from rich.style import Style

from cwtui.ui.spelling.abilities import Abilities
from cwtui.ui.spelling.cells import (
    BLANK,
    DEFAULT_BLANK,
    LEAST_ERASED,
    UNKNOWN,
    Cell,
    Run,
    end_of_blanks,
    end_of_text,
    groups,
)
from cwtui.ui.spelling.looks import (
    PLAIN,
    REVERSE,
    UNSEEN_ON_BLANKS,
    Look,
    change,
    is_seen_as_blank,
    look_of,
    reversed_look,
    the_look,
)
from cwtui.ui.spelling.scrolling import Scroll

PenState: TypeAlias = tuple[Look | None, tuple[int, int] | None, bool]
"""The look, the position of the cursor, and whether it is certain."""
_LEAST_TO_ERASE: Final = 16
"""Erasing a row first takes more bytes than so many."""
_INDEX: Final = "\x1bD"
"""Moves the cursor down; in the last row that scrolls, it moves the rows up."""
_REVERSE_INDEX: Final = "\x1bM"
_MOST_CHANGES: Final = 4096
"""How many changes from one look to another are remembered."""


class Pen:
    """What the terminal was told last, and what it must be told next."""

    def __init__(self, can: Abilities) -> None:
        self._can = can
        self._look: Look | None = None
        self._at: tuple[int, int] | None = None
        """Row and column of the cursor; None if something else may have moved it."""
        self._is_sure = False
        """Whether the cursor is in this column whatever the terminal thinks of the characters."""
        self._edge = 0
        self._system = ColorSystem.TRUECOLOR
        self._looks: dict[int, tuple[Style | None, Look]] = {}
        """By the identity of the style, which is kept: hashing styles is slow."""
        self._changes: dict[tuple[Look | None, Look, bool, bool], tuple[str, Look]] = {}
        """The shortest change to each look, for a blank, to erase or for another character, and
        what it leads to."""

    @property
    def state(self) -> PenState:
        """What the terminal was told last: to try something, and to go back to it."""
        return self._look, self._at, self._is_sure

    @state.setter
    def state(self, state: PenState) -> None:
        self._look, self._at, self._is_sure = state

    def lift(self) -> None:
        """Forget where the cursor is, so that the next move says it completely."""
        self._at = None

    def move(self, y: int, x: int) -> str:
        """Return what moves the cursor there."""
        sequence = "" if self._is_sure and self._at == (y, x) else self._way(y, x)
        self._at, self._is_sure = (y, x), True
        return sequence

    def scroll(self, scroll: Scroll) -> str:
        """Return what scrolls these rows. The cursor is in the first column and row afterwards."""
        top, bottom, up = scroll
        # In the terminal's own colours: terminals disagree about which ones the free rows get.
        own = self._change_to(PLAIN, erases=True)
        edge, step = (bottom, _INDEX) if up > 0 else (top, _REVERSE_INDEX)
        self._at, self._is_sure = (0, 0), True
        return f"{own}\x1b[{top + 1};{bottom + 1}r\x1b[{edge + 1}H{step * abs(up)}\x1b[r"

    def row(
        self,
        y: int,
        cells: Sequence[Cell],
        runs: Sequence[Run],
        columns: int,
        system: ColorSystem,
    ) -> str:
        """Return what writes these runs of a row's cells, in a window of so many columns."""
        self._edge = columns
        if system is not self._system:
            self._system = system
            self._looks.clear()
        start = runs[0][0]
        before = self.state
        kept = self._written(y, cells, runs)
        erasable = cells[start:].count(DEFAULT_BLANK)
        if len(kept) < _LEAST_TO_ERASE or erasable < _LEAST_TO_ERASE:
            return kept
        if len(cells) != columns or UNKNOWN in cells:
            return kept
        after = self.state
        self.state = before
        anew = self._anew(y, cells, start)
        if len(anew.encode()) < len(kept.encode()):
            return anew
        self.state = after
        return kept

    def _anew(self, y: int, cells: Sequence[Cell], start: int) -> str:
        """Return what erases the row from `start` on, and writes what is not blank there."""
        erased = f"{self.move(y, start)}{self._change_to(PLAIN, erases=True)}\x1b[K"
        runs = [
            (at, at + len(same))
            for at, same in groups([cell == DEFAULT_BLANK for cell in cells[start:]], start)
        ]
        return erased + self._written(y, cells, runs)

    def _written(self, y: int, cells: Sequence[Cell], runs: Sequence[Run]) -> str:
        written: list[str] = []
        for start, end in runs:
            at = self._near(y, cells, start)
            while at < end:
                at = self._piece(y, cells, at, end, written)
        return "".join(written)

    def _near(self, y: int, cells: Sequence[Cell], start: int) -> int:
        """Return from which cell to write: before `start` if that takes fewer bytes than a move."""
        if self._at is None or self._at[0] != y:
            return start
        near = self._at[1]
        most = len(self._way(y, start))
        if not 0 < start - near <= most or not cells[near][0]:
            return start
        before, length = self._look, 0
        for cell in cells[near : start + 1]:
            if cell is UNKNOWN:
                break
            length += len(self._change_to(self._look_of(cell), is_blank=cell[0] == BLANK))
            length += len(cell[0].encode())
        else:
            length -= len(cells[start][0].encode())
            self._look = before
            first = cells[start]
            most += len(self._change_to(self._look_of(first), is_blank=first[0] == BLANK))
            self._look = before
            return near if length <= most else start
        self._look = before
        return start

    def _piece(
        self, y: int, cells: Sequence[Cell], start: int, end: int, written: list[str]
    ) -> int:
        """Write cells of one look; return where they end. Erase blanks if that is shorter."""
        first = cells[start]
        is_blank = first[0] == BLANK
        look = self._look_of(first)
        if self._at != (y, start):
            written.append(self.move(y, start))
        if is_blank:
            stop = end_of_blanks(cells, start, end)
            if erased := self._erased(start, stop, end, look):
                written += [self._change_to(look, erases=True), erased]
                return stop
            text = BLANK * (stop - start)
        else:
            stop = end_of_text(cells, start, end)
            text = "".join([character for character, _ in cells[start:stop]])
        written += [self._change_to(look, is_blank=is_blank), text]
        # Terminals disagree about the width of some characters, and about the cursor at the edge.
        is_ascii, is_inside = text.isascii(), stop < self._edge
        self._at = (y, stop) if is_ascii or is_inside else None
        self._is_sure = self._is_sure and is_ascii and is_inside
        return stop

    def _erased(self, start: int, stop: int, end: int, look: Look) -> str:
        """Return what erases these blanks without a move; empty to write them instead."""
        count = stop - start
        if count < LEAST_ERASED or not look.on <= UNSEEN_ON_BLANKS:
            return ""
        if look.paper and not self._can.in_colour:
            return ""
        if stop == self._edge and not look.paper:
            return "\x1b[K"
        if not self._can.erases or self._at is None:
            return ""
        erase = f"\x1b[{count}X"
        after = "" if stop == end else self._way(self._at[0], stop)
        return erase if len(erase) + len(after) < count else ""

    def _look_of(self, cell: Cell) -> Look:
        style = cell[1]
        found = self._looks.get(id(style))
        if found is None:
            if len(self._looks) >= _MOST_CHANGES:
                self._looks.clear()
            found = self._looks[id(style)] = style, look_of(style, self._system)
        return found[1]

    def _change_to(self, look: Look, *, is_blank: bool = False, erases: bool = False) -> str:
        """Return what changes the look to this one, or to one that looks the same there.

        Terminals erase with the background, whether or not the colours are reversed.
        """
        if look is self._look:
            return ""
        key = self._look, look, is_blank, erases
        found = self._changes.get(key)
        if found is None:
            if len(self._changes) >= _MOST_CHANGES:
                self._changes.clear()
            found = self._changes[key] = self._shortest(look, is_blank=is_blank, erases=erases)
        self._look = found[1]
        return found[0]

    def _shortest(self, look: Look, *, is_blank: bool, erases: bool) -> tuple[str, Look]:
        before = self._look
        choices = [look]
        if before is not None and (is_blank or erases) and not look.on:
            if erases:
                fits = before.paper == look.paper and before.on <= UNSEEN_ON_BLANKS
            else:
                fits = is_seen_as_blank(before, look.paper)
            if fits:
                return "", before
            choices.append(the_look(before.on & UNSEEN_ON_BLANKS, before.ink, look.paper))
            turned = the_look(before.on ^ {REVERSE}, before.ink, before.paper)
            choices += [turned] if not erases and is_seen_as_blank(turned, look.paper) else []
        elif (same := reversed_look(look)) is not None:
            choices.append(same)
        off = self._can.switches_off
        changes = [(change(before, each, switches_off=off), each) for each in choices]
        return min(changes, key=lambda change: len(change[0]))

    def _way(self, y: int, x: int) -> str:
        absolute = f"\x1b[{y + 1}H" if x == 0 else f"\x1b[{y + 1};{x + 1}H"
        if self._at is None:
            return absolute
        down = y - self._at[0]
        vertical = "" if not down else _arrow("B", down) if down > 0 else _arrow("A", -down)
        ways = [absolute, vertical + "\r" + _beside(x)]
        if self._is_sure:
            ways.append(vertical + _beside(x - self._at[1]))
        return min(ways, key=len)


def _beside(count: int) -> str:
    if count >= 0:
        return _arrow("C", count) if count else ""
    return min("\b" * -count, _arrow("D", -count), key=len)


def _arrow(letter: str, count: int) -> str:
    return f"\x1b[{letter}" if count == 1 else f"\x1b[{count}{letter}"
