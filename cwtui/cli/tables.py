"""Plain text tables for 80 columns, and times."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

WIDTH: Final = 80
_NARROWEST: Final = 18
"""The minimum width of the first column: enough for labels."""
_WIDEST: Final = 30
"""The maximum width of columns in lists that are still growing."""
_GAP: Final = "  "


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns. If they exceed 80 columns, long first cells get their own line."""
    if not rows:
        return ""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    others = sum(width + len(_GAP) for width in widths[1:])
    widths[0] = min(widths[0], max(WIDTH - others, _NARROWEST))
    return "\n".join(_line(row, widths) for row in rows)


def widened(widths: Sequence[int], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the column widths of a growing list, widened for these rows."""
    cells = zip(*(row for row in rows if row), strict=True)
    return [
        max(width, *(min(_width(cell), _WIDEST) for cell in column))
        for width, column in zip(widths, cells, strict=True)
    ]


def line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row of a growing list. Cells that are longer than their column are not cut."""
    cells = [_padded(cell, width) for cell, width in zip(row, widths, strict=True)]
    return _GAP.join(cells).rstrip()


def moment(at: float) -> str:
    """Return a time in ISO 8601, UTC, for scripts."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = row
    start = (
        f"{first}\n{' ' * widths[0]}" if _width(first) > widths[0] else _padded(first, widths[0])
    )
    rest = [_padded(cell, width) for cell, width in zip(others, widths[1:], strict=True)]
    return _GAP.join([start, *rest]).rstrip()


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Return the width in columns: East Asian wide characters take two, combining marks none."""
    return sum(
        0
        if unicodedata.category(character) in {"Mn", "Me"}
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
