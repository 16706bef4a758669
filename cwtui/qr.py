"""QR codes in text cells: chooses a text that fits, and draws its modules.

Import this late, because the library that makes the codes takes a while to load.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby, islice
from typing import Final

from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.main import QRCode

from cwtui.accounts.secret import Secret

FULL_QUIET_ZONE: Final = 4
"""The white border that ISO/IEC 18004 asks for, in modules. Most readers need less."""

SEGMENT_LENGTH: Final = 20
"""How many capitals and digits in a row, as in a base32 secret, get a segment of their own."""


class DrawingStyle(Enum):
    """How modules become cells."""

    HALF_BLOCKS = "half blocks"
    """Two rows of modules per row of text. Gaps of a few pixels between lines do no harm."""
    UPPER_BLOCKS = "upper blocks"
    """Only the upper half block. Some readers that fail on wide gaps read this."""
    WHOLE_CELLS = "whole cells"
    """Two spaces per module: four times as large, for wide gaps or fonts without half blocks."""

    @property
    def least_quiet_zone(self) -> int:
        """How many white modules must surround the code.

        One is enough for most readers. Who asks for another drawing may use one of the others.
        """
        return 1 if self is DrawingStyle.HALF_BLOCKS else 2


@dataclass(frozen=True)
class Size:
    """Columns and rows of text."""

    columns: int
    rows: int


@dataclass(frozen=True)
class Run:
    """Adjacent cells in the same colours: black on white or, inverted, white on black."""

    text: str = field(repr=False)
    inverted: bool = field(repr=False)


@dataclass(frozen=True)
class Drawing:
    """A whole code with its quiet zone, to be shown in black and white whatever the theme."""

    size: Size
    quiet_zone: int
    """The number of white modules on the narrowest side, 1 to 4."""
    choice: int
    """Which of the texts it contains, counted from 0."""
    lines: tuple[tuple[Run, ...], ...] = field(repr=False)


@dataclass(frozen=True)
class TooSmall:
    """No text fits. The shortest one needs this much room."""

    needed: Size


@dataclass(frozen=True)
class _Plan:
    """How one text would fit the room, before its code is made."""

    choice: int
    text: Secret
    version: int
    width: int
    """Modules from side to side."""
    beside: int
    """The quiet zone on the left and right. Negative if the code itself does not fit."""
    above: int
    least: int
    """The smallest quiet zone that is drawn."""

    @property
    def quiet_zone(self) -> int:
        return min(self.beside, self.above)

    @property
    def fits(self) -> bool:
        return self.quiet_zone >= self.least


def fit(
    texts: Iterable[Secret], room: Size, style: DrawingStyle, *, complete: int = 2
) -> Drawing | TooSmall:
    """Draw the best text that fits the room. Texts are given in order of preference.

    The first `complete` texts are complete: of these, the one with the largest quiet zone is drawn.
    The others are shortened: the first that fits is drawn if none of the complete ones does.
    """
    plan = _best(texts, room, style, complete)
    return plan if isinstance(plan, TooSmall) else _drawn(plan, style)


def _best(
    texts: Iterable[Secret], room: Size, style: DrawingStyle, complete: int
) -> _Plan | TooSmall:
    plans = (_plan(choice, text, room, style) for choice, text in enumerate(texts))
    whole = list(islice(plans, complete))
    best = max(whole, key=lambda plan: plan.quiet_zone)
    smallest = min(plan.width for plan in whole)
    while not best.fits:
        shortened = next(plans, None)
        if shortened is None:
            across = smallest + 2 * style.least_quiet_zone
            return TooSmall(_size(across, across, style))
        best, smallest = shortened, min(smallest, shortened.width)
    return best


def as_text(
    texts: Iterable[Secret], room: Size, *, is_dark: bool, letters: bool = False
) -> Secret | TooSmall:
    """Draw the best text that fits as lines of half blocks or `letters`, without colours.

    `is_dark`: the terminal shows light text on a dark background, so that what is drawn are white
    modules; otherwise they are black ones. Like `fit`, texts are given in order of preference.
    """
    style = DrawingStyle.WHOLE_CELLS if letters else DrawingStyle.HALF_BLOCKS
    plan = _best(texts, room, style, 2)
    if isinstance(plan, TooSmall):
        return plan
    grid = _with_quiet_zone(_modules(plan), plan)
    if letters:
        drawn = ("".join(_LETTERS[module is not is_dark] for module in row) for row in grid)
        return Secret("\n".join(drawn))
    if len(grid) % 2:
        grid.append([False] * len(grid[0]))
    lines = (
        "".join(
            _TEXT[upper is not is_dark, lower is not is_dark]
            for upper, lower in zip(*pair, strict=True)
        )
        for pair in zip(grid[::2], grid[1::2], strict=True)
    )
    return Secret("\n".join(lines))


_LETTERS: Final = {False: "  ", True: "@@"}
"""@ has more ink than most letters: from a distance, readers take it for a filled area."""
_TEXT: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def _plan(choice: int, text: Secret, room: Size, style: DrawingStyle) -> _Plan:
    version = _code(text, ERROR_CORRECT_L).version
    width = 17 + 4 * version
    if style is DrawingStyle.WHOLE_CELLS:
        across, down = room.columns // 2, room.rows
    else:
        across, down = room.columns, 2 * room.rows
    beside = min(FULL_QUIET_ZONE, (across - width) // 2)
    above = min(FULL_QUIET_ZONE, (down - width) // 2)
    return _Plan(choice, text, version, width, beside, above, style.least_quiet_zone)


def _size(across: int, down: int, style: DrawingStyle) -> Size:
    """Return the size of so many modules in text cells."""
    if style is DrawingStyle.WHOLE_CELLS:
        return Size(2 * across, down)
    return Size(across, (down + 1) // 2)


def _drawn(plan: _Plan, style: DrawingStyle) -> Drawing:
    grid = _with_quiet_zone(_modules(plan), plan)
    rows = _CELLS[style](grid)
    size = _size(len(grid[0]), len(grid), style)
    return Drawing(size, plan.quiet_zone, plan.choice, tuple(_runs(row) for row in rows))


def _code(text: Secret, level: int) -> QRCode:
    """Return the text as a code of the smallest version that holds it, before it is made."""
    code = QRCode(error_correction=level, border=0)
    code.add_data(text.reveal(), optimize=SEGMENT_LENGTH)
    code.best_fit()
    return code


def _modules(plan: _Plan) -> list[list[bool]]:
    """Return the modules, with the strongest error correction that fits the same version."""
    levels = (ERROR_CORRECT_H, ERROR_CORRECT_Q, ERROR_CORRECT_M, ERROR_CORRECT_L)
    codes = (_code(plan.text, level) for level in levels)
    code = next(code for code in codes if code.version == plan.version)
    code.make()
    return [[bool(module) for module in row] for row in code.modules]


def _with_quiet_zone(modules: list[list[bool]], plan: _Plan) -> list[list[bool]]:
    side = [False] * plan.beside
    white = [[False] * (plan.width + 2 * plan.beside) for _ in range(plan.above)]
    return [*white, *([*side, *row, *side] for row in modules), *white]


def _half_blocks(grid: list[list[bool]]) -> Iterator[list[tuple[str, bool]]]:
    """Yield rows of cells, as glyph and inversion. Each shows two modules, one above the other."""
    white = [False] * len(grid[0])
    rows = [white, *grid, white, white]
    for y in range(1, len(grid) + 1, 2):
        yield [_half_block(*column) for column in zip(*rows[y - 1 : y + 3], strict=True)]


def _half_block(before: bool, upper: bool, lower: bool, after: bool) -> tuple[str, bool]:
    """Return the cell for `upper` and `lower`, with a background that suits its neighbours.

    A terminal with space between lines fills it with the background. If the background has the
    colour of the neighbouring module, that module looks a little larger. Otherwise a line runs
    between two modules of the other colour. If that cannot be avoided, a black line disturbs
    readers less.
    """
    if upper == lower:
        return " ", upper
    inverted = before or after
    return "▀" if upper != inverted else "▄", inverted


def _upper_blocks(grid: list[list[bool]]) -> Iterator[list[tuple[str, bool]]]:
    """Yield rows of cells whose background is the lower module, and so is any gap below them."""
    white = [False] * len(grid[0])
    rows = [*grid, white]
    for y in range(0, len(grid), 2):
        yield [
            (" " if upper == lower else "▀", lower)
            for upper, lower in zip(rows[y], rows[y + 1], strict=True)
        ]


def _whole_cells(grid: list[list[bool]]) -> Iterator[list[tuple[str, bool]]]:
    for row in grid:
        yield [("  ", module) for module in row]


_CELLS: Final = {
    DrawingStyle.HALF_BLOCKS: _half_blocks,
    DrawingStyle.UPPER_BLOCKS: _upper_blocks,
    DrawingStyle.WHOLE_CELLS: _whole_cells,
}


def _runs(cells: Sequence[tuple[str, bool]]) -> tuple[Run, ...]:
    return tuple(
        Run("".join(text for text, _ in run), inverted)
        for inverted, run in groupby(cells, key=lambda cell: cell[1])
    )
