"""What a person or a phone camera sees: a screen painted as a given terminal would."""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

import pyte
from PIL import Image, ImageDraw

NAMES: Final = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True)
class Palette:
    """A terminal's own colours."""

    foreground: str
    background: str
    colours: tuple[str, ...]
    """The 16, as hexadecimal digits."""
    bright_backgrounds: bool = True
    """False on the Linux console, which draws bright backgrounds as plain ones."""

    def rgb(self, name: str, *, background: bool) -> str:
        """A colour named by pyte, in PIL's form."""
        if name == "default":
            return f"#{self.background if background else self.foreground}"
        bright = name.startswith(("bright", "bfight"))  # pyte 0.8.2 says bfightmagenta
        plain = name[len("bright") :] if bright else name
        if plain not in NAMES:
            return f"#{name}"
        if bright and (self.bright_backgrounds or not background):
            return f"#{self.colours[8 + NAMES.index(plain)]}"
        return f"#{self.colours[NAMES.index(plain)]}"


_VGA: Final = (
    *("000000", "aa0000", "00aa00", "aa5500", "0000aa", "aa00aa", "00aaaa", "aaaaaa"),
    *("555555", "ff5555", "55ff55", "ffff55", "5555ff", "ff55ff", "55ffff", "ffffff"),
)
_SOLARIZED: Final = (
    *("073642", "dc322f", "859900", "b58900", "268bd2", "d33682", "2aa198", "eee8d5"),
    *("002b36", "cb4b16", "586e75", "657b83", "839496", "6c71c4", "93a1a1", "fdf6e3"),
)

DARK: Final = Palette("d0d0d0", "000000", _VGA)
LIGHT: Final = Palette("202020", "ffffff", _VGA)
LINUX_CONSOLE: Final = Palette("aaaaaa", "000000", _VGA, bright_backgrounds=False)
SOLARIZED_DARK: Final = Palette("839496", "002b36", _SOLARIZED)
SOLARIZED_LIGHT: Final = Palette("657b83", "fdf6e3", _SOLARIZED)


@dataclass(frozen=True)
class Gap:
    """Pixels that a terminal's line spacing adds above and below each line."""

    above: int = 0
    below: int = 0
    filled: bool = True
    """Whether the cell's background fills them; otherwise the terminal's own background shows."""


def paint(
    screen: pyte.Screen,
    palette: Palette = DARK,
    cell: tuple[int, int] = (8, 16),
    gap: Gap = Gap(),
) -> Image.Image:
    """The screen as pixels. Only block characters get their shape; other glyphs become a bar."""
    width, height = cell
    pitch = gap.above + height + gap.below
    size = (screen.columns * width, screen.lines * pitch)
    image = Image.new("RGB", size, palette.rgb("default", background=True))
    pen = ImageDraw.Draw(image)

    def fill(x: int, y: int, w: int, h: int, colour: str) -> None:
        pen.rectangle((x, y, x + w - 1, y + h - 1), fill=colour)

    for row in range(screen.lines):
        y, cells = row * pitch, [screen.buffer[row][column] for column in range(screen.columns)]
        column = 0
        for (glyph, ink, paper), same in groupby(cells, key=partial(_look, palette)):
            count = len(list(same))
            x, columns = column * width, range(column, column + count)
            column += count
            if gap.filled:
                fill(x, y, count * width, pitch, paper)
            else:
                fill(x, y + gap.above, count * width, height, paper)
            for left, top, right, bottom in _shape(glyph):
                y0, y1 = y + gap.above + int(top * height), y + gap.above + int(bottom * height)
                if (left, right) == (0.0, 1.0):
                    fill(x, y0, count * width, y1 - y0, ink)
                    continue
                x0, x1 = int(left * width), int(right * width)
                for each in columns:
                    fill(each * width + x0, y0, x1 - x0, y1 - y0, ink)
    return image


def _look(palette: Palette, cell: pyte.screens.Char) -> tuple[str, str, str]:
    """The glyph of a cell, its colour and the cell's."""
    ink = palette.rgb(cell.fg, background=False)
    paper = palette.rgb(cell.bg, background=True)
    return (cell.data, paper, ink) if cell.reverse else (cell.data, ink, paper)


def _shape(glyph: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the inked areas, as fractions of a cell."""
    if not glyph.strip():
        return []
    blocks = {
        "▀": (0.0, 0.0, 1.0, 0.5),
        "▄": (0.0, 0.5, 1.0, 1.0),
        "█": (0.0, 0.0, 1.0, 1.0),
        "▌": (0.0, 0.0, 0.5, 1.0),
        "▐": (0.5, 0.0, 1.0, 1.0),
    }
    return [blocks.get(glyph, (0.25, 0.4, 0.75, 0.6))]
