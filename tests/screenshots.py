"""Draw every screen into screenshots/: `make screenshots`, or python -m tests.screenshots [FOLDER].

We draw the SVG ourselves, cell by cell: it needs no web font, characters stay in their cells with
any font, and the blocks of a QR code touch. The colours are xterm's 256, which most people see,
because OpenSSH does not forward COLORTERM.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.strip import Strip

from cwtui import language
from cwtui.language import Language
from tests.ui.harness import Person
from tests.ui.looks import LOOKS, looks
from tests.ui.scenes import SCENES

FOLDER: Final = Path(__file__).parents[1] / "screenshots"
MAIN: Final = (
    "sign_in", "register_device", "settings", "users", "account", "organization", "audit_log",
)  # fmt: skip
SIZES: Final = ((60, 20), (120, 40), (200, 60))
"""In which the main screens are drawn as well, beside 80x24."""
GERMAN: Final = (
    "sign_in", "register_device", "settings", "users", "account",
    "roles", "batch", "batch_report", "user_sessions", "organization",
)  # fmt: skip
"""What is drawn in German as well."""

CELL: Final = (9, 20)
FONT_SIZE: Final = 15
MARGIN: Final = 12
BAR: Final = 30
FONTS: Final = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

# xterm's 16 colours, for the themes that leave colours to the terminal.
_XTERM: Final = TerminalTheme(
    (16, 16, 20),
    (215, 221, 228),
    [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0),
        (30, 90, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    ],
    [
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0),
        (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
    ],
)  # fmt: skip

# What a glyph covers of its cell, as left, top, right and bottom.
_BLOCKS: Final[dict[str, tuple[float, float, float, float]]] = {
    "▀": (0, 0, 1, 0.5),
    "▄": (0, 0.5, 1, 1),
    "█": (0, 0, 1, 1),
    "▌": (0, 0, 0.5, 1),
    "▐": (0.5, 0, 1, 1),
    "▔": (0, 0, 1, 0.125),
    "▏": (0, 0, 0.125, 1),
    **{chr(0x2580 + eighths): (0, 1 - eighths / 8, 1, 1) for eighths in range(1, 8)},
}
_UNDERLINE: Final = (0, 0.9, 1, 0.95)
# Lines, from the middle of the cell to these sides.
_LINES: Final[dict[str, str]] = {
    "─": "lr", "│": "tb", "╭": "rb", "╮": "lb", "╰": "rt", "╯": "lt", "━": "LR",
}  # fmt: skip


def picture(strips: Sequence[Strip], title: str) -> str:
    """The rows of a screen as SVG."""
    columns = max(strip.cell_length for strip in strips)
    width = columns * CELL[0] + 2 * MARGIN
    height = len(strips) * CELL[1] + BAR + MARGIN
    paper = _most_common_background(strips)
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'width="{width}" height="{height}">'
            ),
            f"<title>{escape(title)}</title>",
            "<style>",
            f"text {{ font-family: {FONTS}; font-size: {FONT_SIZE}px; }}",
            "rect { shape-rendering: crispEdges; }",
            "</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="{paper}"/>',
            *(
                f'<circle cx="{20 + 18 * number}" cy="{BAR // 2}" r="5" fill="{colour}"/>'
                for number, colour in enumerate(("#e06c66", "#dfb04f", "#63b95f"))
            ),
            (
                f'<text x="{width // 2}" y="{BAR // 2 + 5}" text-anchor="middle" fill="#8a97a5">'
                f"{escape(title)}</text>"
            ),
            f'<g transform="translate({MARGIN} {BAR})">',
            *(part for y, strip in enumerate(strips) for part in _row(strip, y, paper)),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _row(strip: Strip, y: int, paper: str) -> Iterator[str]:
    """Backgrounds first, so that they do not cover an overhanging glyph of a neighbour."""
    runs = list(_runs(strip))
    for background, same in groupby(runs, key=lambda run: _colours(run[2])[1]):
        parts = list(same)
        if background != paper:
            length = sum(cell_len(text) for _, text, _ in parts)
            yield _rect(parts[0][0], y, (0, 0, 1, 1), background, length)
    for x, text, style in runs:
        yield from _letters(x, y, text, style)
        # Drawn here because renderers do not underline spaces.
        if style.underline:
            yield _rect(x, y, _UNDERLINE, _colours(style)[0], cell_len(text))


def _runs(strip: Strip) -> Iterator[tuple[int, str, Style]]:
    """Column, text and style of neighbouring cells that look alike."""
    x = 0
    for style, parts in groupby(strip, key=lambda segment: segment.style or Style.null()):
        text = "".join(segment.text for segment in parts)
        yield x, text, style
        x += cell_len(text)


def _letters(x: int, y: int, text: str, style: Style) -> Iterator[str]:
    ink, _ = _colours(style)
    for kind, glyphs in groupby(text, key=_kind):
        part = "".join(glyphs)
        if kind in _BLOCKS:
            yield _rect(x, y, _BLOCKS[kind], ink, len(part))
        elif kind in _LINES:
            yield from (_line(x + offset, y, _LINES[kind], ink) for offset in range(len(part)))
        elif part.strip():
            lead = len(part) - len(part.lstrip(" "))
            yield _text(x + lead, y, part.strip(" "), style, ink)
        x += cell_len(part)


def _kind(glyph: str) -> str:
    return glyph if glyph in _BLOCKS or glyph in _LINES else ""


def _rect(x: int, y: int, shape: tuple[float, float, float, float], colour: str, cells: int) -> str:
    left, top, right, bottom = shape
    from_x = x * CELL[0] + left * CELL[0]
    to_x = (x + cells - 1) * CELL[0] + right * CELL[0]
    from_y, to_y = (y + top) * CELL[1], (y + bottom) * CELL[1]
    return (
        f'<rect x="{from_x:g}" y="{from_y:g}" width="{to_x - from_x:g}" '
        f'height="{to_y - from_y:g}" fill="{colour}"/>'
    )


def _line(x: int, y: int, sides: str, colour: str) -> str:
    across, down = CELL
    middle = ((x + 0.5) * across, (y + 0.5) * down)
    ends = {
        "l": (x * across, middle[1]), "r": ((x + 1) * across, middle[1]),
        "t": (middle[0], y * down), "b": (middle[0], (y + 1) * down),
    }  # fmt: skip
    one, other = (ends[side] for side in sides.lower())
    points = f"M{one[0]:g} {one[1]:g}Q{middle[0]:g} {middle[1]:g} {other[0]:g} {other[1]:g}"
    stroke = 3 if sides.isupper() else 1.5
    return f'<path d="{points}" fill="none" stroke="{colour}" stroke-width="{stroke}"/>'


def _text(x: int, y: int, text: str, style: Style, ink: str) -> str:
    attributes = [
        f'x="{x * CELL[0]}"',
        f'y="{(y + 1) * CELL[1] - 5}"',
        f'textLength="{cell_len(text) * CELL[0]}"',
        'lengthAdjust="spacingAndGlyphs"',
        f"fill={quoteattr(ink)}",
    ]
    if style.bold:
        attributes.append('font-weight="bold"')
    if style.italic:
        attributes.append('font-style="italic"')
    # Keep consecutive spaces in every viewer.
    shown = escape(text).replace(" ", "\N{NO-BREAK SPACE}")
    return f"<text {' '.join(attributes)}>{shown}</text>"


@cache
def _colours(style: Style) -> tuple[str, str]:
    ink = _hex(style.color, foreground=True)
    paper = _hex(style.bgcolor, foreground=False)
    if style.reverse:
        ink, paper = paper, ink
    if style.dim:
        ink = _mixed(ink, paper)
    return ink, paper


def _hex(colour: Color | None, *, foreground: bool) -> str:
    there = (colour or Color.default()).downgrade(ColorSystem.EIGHT_BIT)
    return there.get_truecolor(_XTERM, foreground=foreground).hex


def _mixed(one: str, other: str) -> str:
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes((a + b) // 2 for a, b in pairs).hex()


def _most_common_background(strips: Sequence[Strip]) -> str:
    cells: dict[str, int] = {}
    for strip in strips:
        for _, text, style in _runs(strip):
            colour = _colours(style)[1]
            cells[colour] = cells.get(colour, 0) + len(text)
    return max(cells, key=lambda colour: cells[colour])


def title_of(name: str) -> str:
    return f"cwtui: {name.replace('_', ' ')}"


async def views(
    person: Person, name: str, first: list[Strip]
) -> AsyncIterator[tuple[str, list[Strip]]]:
    """The rows of a scene that was played, by the name of each picture; `first`: as it is now."""
    size = person.app.size
    yield name, first
    # Another size or theme, chosen now, looks as if it had been there from the start.
    for columns, rows in SIZES if name in MAIN else ():
        await person.resize(columns, rows)
        yield f"{name}-{columns}x{rows}", person.strips
    if name in MAIN:
        await person.resize(*size)
    async for look, strips in looks(person):
        yield f"{name}-{look}", strips


def names() -> set[str]:
    """Of all pictures."""
    drawn = {*SCENES, *(f"{name}-{look}" for name in SCENES for look in LOOKS)}
    sizes = {f"{name}-{columns}x{rows}" for name in MAIN for columns, rows in SIZES}
    return drawn | sizes | {f"{name}-german" for name in GERMAN}


async def german_picture(name: str) -> str:
    """The picture of a scene in German."""
    before = language.spoken()
    language.use(Language.GERMAN)
    try:
        async with SCENES[name].played() as (person, _):
            return picture(person.strips, title_of(name))
    finally:
        language.use(before)


async def draw(folder: Path, scenes: Iterable[str]) -> None:
    """These, in the folder."""
    for name in scenes:
        async with SCENES[name].played() as (person, _):
            async for file, strips in views(person, name, person.strips):
                drawn = picture(strips, title_of(name))
                (folder / f"{file}.svg").write_text(drawn, "utf-8")
    for name in GERMAN:
        (folder / f"{name}-german.svg").write_text(await german_picture(name), "utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    target.mkdir(exist_ok=True)
    for old in target.glob("*.svg"):
        old.unlink()
    asyncio.run(draw(target, SCENES))
