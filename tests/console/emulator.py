"""What a terminal shows: bytes turned into cells."""

import copy
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyte
from pyte.screens import Char

# pyte draws the last letter of the first kind, reads CSI > ... m as colours, and draws the second.
PRIVATE: Final = re.compile(rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]|\x1b[P_^X].*?\x1b\\", re.DOTALL)
UNFINISHED: Final = re.compile(
    rb"\x1b(?:\[(?:[<=>][0-9;:]*[ -/]*)?|[P_^X](?:(?!\x1b\\).)*)?\Z", re.DOTALL
)
ALTERNATE_SCREEN: Final = 1049


class Screen(pyte.Screen):
    """pyte's screen plus the alternate screen, which pyte lacks."""

    def __init__(self, columns: int, rows: int) -> None:
        self._main: tuple[Any, pyte.screens.Cursor] | None = None
        super().__init__(columns, rows)

    @property
    def alternate(self) -> bool:
        """Whether a full-screen application has the terminal."""
        return self._main is not None

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        super().set_mode(*modes, **kwargs)
        if kwargs.get("private") and ALTERNATE_SCREEN in modes and self._main is None:
            self._main = self.buffer, copy.copy(self.cursor)
            self.buffer = self.buffer.copy()
            self.buffer.clear()

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if kwargs.get("private") and ALTERNATE_SCREEN in modes and self._main is not None:
            self.buffer, self.cursor = self._main
            self._main = None

    def draw(self, data: str) -> None:
        """Draw text. In the last column, pyte would move on before it adds an accent."""
        if data.isascii() or not any(map(unicodedata.combining, data)):
            super().draw(data)
            return
        for character in data:
            if unicodedata.combining(character) and self.cursor.x == self.columns:
                row = self.buffer[self.cursor.y]
                last = row[self.columns - 1]
                together = unicodedata.normalize("NFC", last.data + character)
                row[self.columns - 1] = last._replace(data=together)
            else:
                super().draw(character)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        with self._only_paper():
            super().erase_in_line(how, private)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        with self._only_paper():
            super().erase_in_display(how, *args, **kwargs)

    def erase_characters(self, count: int | None = None) -> None:
        with self._only_paper():
            super().erase_characters(count)

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """Choose the rows that scroll. All terminals move the cursor home, also for all rows."""
        super().set_margins(top, bottom)
        if self.margins is None:
            self.cursor_position()

    def index(self) -> None:
        """Move down; at the lower margin, scroll: the free row gets the background colour."""
        is_at_margin = self.cursor.y == (self.margins.bottom if self.margins else self.lines - 1)
        super().index()
        if is_at_margin:
            self.erase_in_line(2)

    def reverse_index(self) -> None:
        """Move up; at the upper margin, scroll: the free row gets the background colour."""
        is_at_margin = self.cursor.y == (self.margins.top if self.margins else 0)
        super().reverse_index()
        if is_at_margin:
            self.erase_in_line(2)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size. The cursor stays where it is."""
        at = self.cursor.x, self.cursor.y
        super().resize(lines, columns)
        self.cursor.x, self.cursor.y = at
        self.ensure_hbounds()
        self.ensure_vbounds()

    @contextmanager
    def _only_paper(self) -> Iterator[None]:
        """Terminals erase with the background colour, also while colours are reversed."""
        attributes = self.cursor.attrs
        self.cursor.attrs = Char(" ", bg=attributes.bg)
        try:
            yield
        finally:
            self.cursor.attrs = attributes

    def has_private_mode(self, mode: int) -> bool:
        """Whether DEC mode `mode`, such as 1000 for the mouse, is on."""
        return mode << 5 in self.mode


class Emulator:
    """Turns bytes into a screen."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._held = b""

    def feed(self, data: bytes) -> None:
        data = self._held + data
        unfinished = UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        self._held = data[end:]
        self._stream.feed(PRIVATE.sub(b"", data[:end]))
