"""How each cell of a screen looks, however it was written."""

from pyte.screens import Char
from wcwidth import wcwidth

from tests.console.emulator import Screen


def seen(screen: Screen) -> list[list[Char]]:
    """Each cell as it looks: of a blank the background only, and nothing reversed.

    pyte keeps half of a wide character whose other half is covered. Terminals show a blank.
    """
    rows = []
    for y in range(screen.lines):
        cells = [screen.buffer[y][x] for x in range(screen.columns)]
        wide = [wcwidth(cell.data[:1]) > 1 for cell in cells]
        halves = [not cell.data for cell in cells]
        for x, cell in enumerate(cells):
            is_lost_head = wide[x] and halves[x + 1 : x + 2] != [True]
            is_lost_tail = halves[x] and not wide[max(0, x - 1)]
            cells[x] = _look(cell._replace(data=" ") if is_lost_head or is_lost_tail else cell)
        rows.append(cells)
    return rows


def _look(cell: Char) -> Char:
    if cell.reverse and "default" not in (cell.fg, cell.bg):
        cell = cell._replace(fg=cell.bg, bg=cell.fg, reverse=False)
    if cell.data == " " and not (cell.reverse or cell.underscore or cell.strikethrough):
        return Char(" ", bg=cell.bg)
    return cell
