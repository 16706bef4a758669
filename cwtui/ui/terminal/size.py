"""How large the terminal is; never more than a terminal can be."""

import os
from collections.abc import Mapping
from typing import Final

MOST_COLUMNS: Final = 640
MOST_ROWS: Final = 240
"""A screen of 3840x2160 pixels, filled with characters of 6x9. In larger windows, the top left."""

_USUAL: Final = (80, 24)
_DIGITS: Final = 5
"""As many as the kernel's 16 bits have."""


def clamped(columns: int, rows: int) -> tuple[int, int]:
    """The size, within what a terminal can be."""
    return max(1, min(columns, MOST_COLUMNS)), max(1, min(rows, MOST_ROWS))


def kernel_size(terminal: int) -> tuple[int, int] | None:
    """Columns and rows that the kernel knows; None where it knows none, as on a serial line."""
    try:
        columns, rows = os.get_terminal_size(terminal)
    except OSError:
        return None
    return clamped(columns, rows) if columns and rows else None


def size_in(environ: Mapping[str, str]) -> tuple[int, int]:
    """What COLUMNS and LINES say, or 80x24."""
    columns, rows = (_number(environ.get(name, "")) for name in ("COLUMNS", "LINES"))
    return clamped(columns or _USUAL[0], rows or _USUAL[1])


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_number else 0
