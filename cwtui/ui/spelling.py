"""Spells what changes on a terminal in as few bytes as possible. A serial line has 960 a second.

Cells are written as they look: a blank shows its background only, and black on white looks like
white on black reversed. The sequences are those of the VT100, and those that the type of terminal
is known to have besides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, islice
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

Cell: TypeAlias = tuple[str, Style | None]
"""A character, or none in the second half of a wide one, and how it looks."""
Run: TypeAlias = tuple[int, int]
"""From which cell of a row to which."""

_DEFAULT_BLANK: Final[Cell] = (" ", None)
UNKNOWN: Final[Cell] = ("", Style.from_meta({"unknown": True}))
"""Nothing that is drawn is equal to it."""
_BLANK: Final = " "
_LEAST_TO_ERASE: Final = 16
"""Erasing a row first takes more bytes than so many."""
_LEAST_ERASED: Final = 4
"""Writing fewer blanks than this takes fewer bytes than erasing them."""
_MOST_CHANGES: Final = 4096
"""How many changes from one look to another are remembered."""


# Types of terminals


@dataclass(frozen=True)
class Abilities:
    """What a type of terminal has beyond the VT100."""

    erases: bool = False
    """Erases characters without moving (ECH)."""
    in_colour: bool = False
    """What it erases gets the current background."""
    switches_off: bool = False
    """Switches a single attribute or colour off, and not only all of them."""


_XTERM: Final = Abilities(erases=True, in_colour=True, switches_off=True)
_VT100: Final = Abilities()
_TYPES: Final[tuple[tuple[str, Abilities], ...]] = (
    ("vt100", _VT100),
    ("vt102", _VT100),
    ("vt220", Abilities(erases=True, switches_off=True)),
    ("vt420", Abilities(erases=True, switches_off=True)),
    ("vt", Abilities(erases=True)),
    ("screen", Abilities(switches_off=True)),
    ("tmux", Abilities(switches_off=True)),
    ("xterm-kitty", Abilities(erases=True, switches_off=True)),
    ("xterm", _XTERM),
    ("linux", _XTERM),
    ("putty", _XTERM),
    ("alacritty", _XTERM),
    ("rxvt-unicode", _XTERM),
    ("st-", _XTERM),
    ("konsole", _XTERM),
    ("vte", _XTERM),
    ("foot", _XTERM),
)
"""By how TERM begins. Not from terminfo: its files may be missing or somebody else's."""


def abilities(environ: Mapping[str, str]) -> Abilities:
    """Return what the terminal has; of an unknown type, no more than a VT100."""
    term = environ.get("TERM", "")
    return next((each for begin, each in _TYPES if term.startswith(begin)), _VT100)


# Looks


class _Look:
    """The codes of a style. Colours are those of the foreground; empty means the terminal's own.

    There is one object for each look, so that comparing them is fast.
    """

    __slots__ = ("ink", "on", "paper")

    def __init__(self, on: frozenset[str], ink: str, paper: str) -> None:
        self.on, self.ink, self.paper = on, ink, paper


@cache
def _the(on: frozenset[str] = frozenset(), ink: str = "", paper: str = "") -> _Look:
    """Return the look. Themes have some dozens."""
    return _Look(on, ink, paper)


_PLAIN: Final = _the()
_BOLD: Final = "1"
_REVERSE: Final = "7"
_SWITCH_OFF: Final = {
    _BOLD: "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "5": "25",
    _REVERSE: "27",
    "9": "29",
}
_UNSEEN_ON_BLANKS: Final = frozenset({_BOLD, "2", "3", "5"})
_INKS: Final = frozenset({*range(30, 38), *range(90, 98)})
_PAPER: Final = 10
"""How much the code of a background is higher than that of the same ink."""
_EXACT: Final = "38;"
"""How a colour begins that looks the same as ink and as paper. The 16 colours may not."""
_DARK_INKS: Final = frozenset(map(str, range(30, 38)))
"""These do so too, unless they are bold."""
_BLACK: Final = "30"
_WHITE: Final = "97"
"""The console draws it as light grey paper. A QR code is evenly grey there if that is reversed."""


def cells_of(strip: Strip) -> list[Cell]:
    """Return the cells of a strip. The style of a blank is reduced to what is seen of it."""
    cells: list[Cell] = []
    for text, style, _ in strip:
        blank = _of_blanks(style)
        if not text.isascii():
            cells += _of_characters(text, style, blank)
        elif blank is style:
            cells += [(character, style) for character in text]
        else:
            cells += [(each, blank if each == _BLANK else style) for each in text]
    return cells


def _of_characters(text: str, style: Style | None, blank: Style | None) -> list[Cell]:
    cells: list[Cell] = []
    for each in text:
        width = cell_len(each)
        if width:
            cells.append((each, blank if each == _BLANK else style))
            cells += [("", style)] * (width - 1)
        elif cells:
            last = max(at for at, cell in enumerate(cells) if cell[0])
            cells[last] = cells[last][0] + each, style
    if len(cells) == (length := cell_len(text)):
        return cells
    # Characters that are narrower together than one by one.
    return [(text, style), *[("", style)] * (length - 1)] if length else []


@lru_cache(maxsize=1024)
def _of_blanks(style: Style | None) -> Style | None:
    if style is None or style.underline or style.reverse or style.strike or style.overline:
        return style
    if style.underline2 or style.frame or style.encircle:
        return style
    paper = style.bgcolor
    return None if paper is None or paper.is_default else Style(bgcolor=paper)


def _look(style: Style | None, system: ColorSystem) -> _Look:
    if style is None:
        return _PLAIN
    rest = iter(Strip.render_ansi(style, system).split(";"))
    on, ink, paper = set[str](), "", ""
    for code in filter(None, rest):
        match int(code):
            case 38 | 48:
                way = next(rest)
                colour = ";".join(["38", way, *islice(rest, 1 if way == "5" else 3)])
                ink, paper = (colour, paper) if code == "38" else (ink, colour)
            case 39:
                ink = ""
            case 49:
                paper = ""
            case number if number in _INKS:
                ink = code
            case number if number - _PAPER in _INKS:
                paper = str(number - _PAPER)
            case _:
                on.add(code)
    return _the(frozenset(on), ink, paper)


def _as_paper(colour: str) -> str:
    number, mark, rest = colour.partition(";")
    return f"{int(number) + _PAPER}{mark}{rest}"


def _is_seen_as_blank(look: _Look, paper: str) -> bool:
    """Whether a blank in this look shows this background and nothing else."""
    if look.on <= _UNSEEN_ON_BLANKS:
        return look.paper == paper
    if look.on - {_REVERSE} - _UNSEEN_ON_BLANKS or look.ink != paper:
        return False
    return paper.startswith(_EXACT) or (paper in _DARK_INKS and _BOLD not in look.on)


def _reversed(look: _Look) -> _Look | None:
    """Return the look with the colours exchanged that looks the same, if there is one."""
    exact = look.ink.startswith(_EXACT) and look.paper.startswith(_EXACT)
    if exact or (look.ink == _WHITE and look.paper == _BLACK and not look.on):
        return _the(look.on ^ {_REVERSE}, look.paper, look.ink)
    return None


def _change(before: _Look | None, after: _Look, *, switches_off: bool) -> str:
    """Return the shortest sequence that changes one look into the other."""
    if before == after:
        return ""
    wanted = [*sorted(after.on), *filter(None, [after.ink])]
    wanted += [_as_paper(after.paper)] if after.paper else []
    anew = f"\x1b[{';'.join(['0', *wanted])}m" if wanted else "\x1b[m"
    if before is None:
        return anew
    codes: list[str] = []
    gone, added = before.on - after.on, after.on - before.on
    if gone - _SWITCH_OFF.keys():
        return anew
    off = {_SWITCH_OFF[each] for each in gone}
    added |= {each for each in after.on & before.on if _SWITCH_OFF.get(each) in off}
    codes += [*sorted(off), *sorted(added)]
    if before.ink != after.ink:
        codes.append(after.ink or "39")
    if before.paper != after.paper:
        codes.append(_as_paper(after.paper) if after.paper else "49")
    needs_off = off or "39" in codes or "49" in codes
    changed = f"\x1b[{';'.join(codes)}m"
    return anew if (needs_off and not switches_off) or len(anew) < len(changed) else changed


# Writing


class Pen:
    """What the terminal was told last, and what it must be told next."""

    def __init__(self, can: Abilities) -> None:
        self._can = can
        self._look: _Look | None = None
        self._at: tuple[int, int] | None = None
        """Row and column of the cursor; None if something else may have moved it."""
        self._is_sure = False
        """Whether the cursor is in this column whatever the terminal thinks of the characters."""
        self._edge = 0
        self._system = ColorSystem.TRUECOLOR
        self._looks: dict[Style | None, _Look] = {}
        self._changes: dict[tuple[_Look | None, _Look, bool], tuple[str, _Look]] = {}
        """The shortest change to each look, for a blank or another character, and what it leads to.
        """

    def lift(self) -> None:
        """Forget where the cursor is, so that the next move says it completely."""
        self._at = None

    def move(self, y: int, x: int) -> str:
        """Return what moves the cursor there."""
        sequence = "" if self._is_sure and self._at == (y, x) else self._way(y, x)
        self._at, self._is_sure = (y, x), True
        return sequence

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
        before = self._look, self._at, self._is_sure
        kept = self._written(y, cells, runs)
        erasable = cells[start:].count(_DEFAULT_BLANK)
        if len(kept) < _LEAST_TO_ERASE or erasable < _LEAST_TO_ERASE:
            return kept
        if len(cells) != columns or UNKNOWN in cells:
            return kept
        after = self._look, self._at, self._is_sure
        self._look, self._at, self._is_sure = before
        anew = self._anew(y, cells, start)
        if len(anew.encode()) < len(kept.encode()):
            return anew
        self._look, self._at, self._is_sure = after
        return kept

    def _anew(self, y: int, cells: Sequence[Cell], start: int) -> str:
        """Return what erases the row from `start` on, and writes what is not blank there."""
        erased = f"{self.move(y, start)}{self._change_to(_PLAIN, is_blank=True)}\x1b[K"
        runs = [
            (at, at + len(same))
            for at, same in _grouped([cell == _DEFAULT_BLANK for cell in cells[start:]], start)
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
            length += len(self._change_to(self._look_of(cell), is_blank=cell[0] == _BLANK))
            length += len(cell[0].encode())
        else:
            length -= len(cells[start][0].encode())
            self._look = before
            first = cells[start]
            most += len(self._change_to(self._look_of(first), is_blank=first[0] == _BLANK))
            self._look = before
            return near if length <= most else start
        self._look = before
        return start

    def _piece(
        self, y: int, cells: Sequence[Cell], start: int, end: int, written: list[str]
    ) -> int:
        """Write cells of one look; return where they end. Erase blanks if that is shorter."""
        first = cells[start]
        is_blank = first[0] == _BLANK
        look = self._look_of(first)
        if self._at != (y, start):
            written.append(self.move(y, start))
        written.append(self._change_to(look, is_blank=is_blank))
        if is_blank:
            stop = _end_of_blanks(cells, start, end)
            if erased := self._erased(start, stop, end, look):
                written.append(erased)
                return stop
            text = _BLANK * (stop - start)
        else:
            stop = _end_of_text(cells, start, end)
            text = "".join([character for character, _ in cells[start:stop]])
        written.append(text)
        # Terminals disagree about the width of some characters, and about the cursor at the edge.
        is_ascii, is_inside = text.isascii(), stop < self._edge
        self._at = (y, stop) if is_ascii or is_inside else None
        self._is_sure = self._is_sure and is_ascii and is_inside
        return stop

    def _erased(self, start: int, stop: int, end: int, look: _Look) -> str:
        """Return what erases these blanks without a move; empty to write them instead."""
        count = stop - start
        if count < _LEAST_ERASED or not look.on <= _UNSEEN_ON_BLANKS:
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

    def _look_of(self, cell: Cell) -> _Look:
        style = cell[1]
        look = self._looks.get(style)
        if look is None:
            look = self._looks[style] = _look(style, self._system)
        return look

    def _change_to(self, look: _Look, *, is_blank: bool) -> str:
        """Return what changes the look to this one, or to one that looks the same there."""
        if look is self._look:
            return ""
        key = self._look, look, is_blank
        found = self._changes.get(key)
        if found is None:
            if len(self._changes) >= _MOST_CHANGES:
                self._changes.clear()
            found = self._changes[key] = self._shortest(look, is_blank=is_blank)
        self._look = found[1]
        return found[0]

    def _shortest(self, look: _Look, *, is_blank: bool) -> tuple[str, _Look]:
        before = self._look
        choices = [look]
        if before is not None and is_blank and not look.on:
            if _is_seen_as_blank(before, look.paper):
                return "", before
            choices.append(_the(before.on & _UNSEEN_ON_BLANKS, before.ink, look.paper))
            turned = _the(before.on ^ {_REVERSE}, before.ink, before.paper)
            choices += [turned] if _is_seen_as_blank(turned, look.paper) else []
        elif (same := _reversed(look)) is not None:
            choices.append(same)
        off = self._can.switches_off
        changes = [(_change(before, each, switches_off=off), each) for each in choices]
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


def _grouped(skipped: Sequence[bool], start: int) -> Iterator[tuple[int, list[bool]]]:
    """Yield the groups that are not skipped, each with its first cell, counted from `start`."""
    at = start
    for is_skipped, group in groupby(skipped):
        same = list(group)
        if not is_skipped:
            yield at, same
        at += len(same)


def _end_of_blanks(cells: Sequence[Cell], start: int, end: int) -> int:
    style = cells[start][1]
    at = start + 1
    while at < end and cells[at][0] == _BLANK and cells[at][1] is style:
        at += 1
    return at


def _end_of_text(cells: Sequence[Cell], start: int, end: int) -> int:
    """Return where text of one style ends, including a few blanks that look the same in it."""
    style = cells[start][1]
    blank = _of_blanks(style)
    at = start + 1
    while at < end:
        character, other = cells[at]
        if character != _BLANK:
            if other is not style:
                break
            at += 1
            continue
        stop = _end_of_blanks(cells, at, end)
        is_followed = stop < end and cells[stop][0] != _BLANK and cells[stop][1] is style
        if other is not blank or stop - at >= _LEAST_ERASED or not is_followed:
            break
        at = stop
    return at
