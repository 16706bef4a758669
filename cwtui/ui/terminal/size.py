"""The size of the terminal, within reasonable limits."""

import os
from collections.abc import Mapping
from typing import Final

from cwtui.accounts.text import whole_number

MOST_COLUMNS: Final = 640
MOST_ROWS: Final = 240
"""A screen of 3840x2160 pixels with characters of 6x9. Larger windows are used only partly."""

_USUAL: Final = (80, 24)
_DIGITS: Final = 5
"""The kernel stores sizes in 16 bits, which is at most five digits."""


def clamped(columns: int, rows: int) -> tuple[int, int]:
    """Return the size, reduced to the limits if necessary."""
    return max(1, min(columns, MOST_COLUMNS)), max(1, min(rows, MOST_ROWS))


def kernel_size(terminal: int) -> tuple[int, int] | None:
    """Return the columns and rows that the kernel knows, or None, as on a serial line."""
    try:
        columns, rows = os.get_terminal_size(terminal)
    except OSError:
        return None
    return clamped(columns, rows) if columns and rows else None


def size_in(environ: Mapping[str, str]) -> tuple[int, int]:
    """Return what COLUMNS and LINES say, or 80x24."""
    columns, rows = (whole_number(environ.get(name, ""), _DIGITS) for name in ("COLUMNS", "LINES"))
    return clamped(columns or _USUAL[0], rows or _USUAL[1])
