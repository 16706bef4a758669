"""Translates pieces of the terminal's input into Textual's events.

Uses the two methods of XTermParser that know keys and the mouse. XTermParser as a whole cannot be
used: it raises on some input, treats unknown sequences as typed text, and keeps collecting a
sequence that does not end.
"""

import re
from collections.abc import Iterator
from typing import Final

from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.geometry import Size
from textual.keys import Keys
from textual.message import Message

from cwtui.ui.terminal.input import Kind, Piece
from cwtui.ui.terminal.size import clamped

# Compiled at their first use: the login screen does not wait for answers of the terminal.
_MOUSE: Final = r"\x1b\[<\d{1,3};(-?\d{1,5});(-?\d{1,5})[Mm]"
_WINDOW: Final = r"\x1b\[48;(\d{1,5})(?::[^;]*)?;(\d{1,5})(?::[^;]*)?(?:;[\d:]*){2}t"
_MODE: Final = r"\x1b\[\?(\d{1,5});([123])\$y"
_CURSOR: Final = r"\x1b\[\d+;\d+R"
_FOCUS: Final = {"\x1b[I": events.AppFocus, "\x1b[O": events.AppBlur}
_SYNCHRONIZED: Final = "2026"
_WINDOW_REPORTS: Final = "2048"


class Translator:
    """Translates pieces of input into Textual's events. It never raises."""

    def __init__(self) -> None:
        self._parser = XTermParser()

    def translate(self, piece: Piece) -> list[Message]:
        """Return the events for the piece, or none if Textual does not know the key."""
        try:
            return list(self._events(piece))
        except Exception:  # noqa: BLE001  of Textual's parser: no input may end the program
            return []

    def _events(self, piece: Piece) -> Iterator[Message]:
        match piece.kind:
            case Kind.TEXT:
                for character in piece.text:
                    yield from self._keys(character)
            case Kind.ESCAPE:
                yield events.Key("escape", "\x1b")
            case Kind.PASTE:
                yield events.Paste(piece.text)
            case Kind.SEQUENCE:
                yield from self._sequence(piece.text)

    def _sequence(self, sequence: str) -> Iterator[Message]:
        if sequence in _FOCUS:
            yield _FOCUS[sequence]()
        elif found := re.fullmatch(_MODE, sequence):
            if found[1] == _SYNCHRONIZED:
                yield messages.TerminalSupportsSynchronizedOutput()
            elif found[1] == _WINDOW_REPORTS:
                yield messages.InBandWindowResize(supported=True, enabled=True)
        elif found := re.fullmatch(_WINDOW, sequence):
            size = Size(*clamped(int(found[2]), int(found[1])))
            yield events.Resize(size, size)
        elif re.fullmatch(_MOUSE, sequence):
            event = self._parser.parse_mouse_code(sequence)
            yield from [event] if event is not None else []
        elif not re.fullmatch(_CURSOR, sequence):
            yield from self._keys(sequence) or self._keys_with_alt(sequence)

    def spellings(self, key: str) -> frozenset[str]:
        """Return everything that terminals send for a key, such as ctrl+q."""
        # The last ones are those of Kitty's keyboard protocol.
        known = [*ANSI_SEQUENCES_KEYS, *(f"\x1b[{number};5u" for number in range(97, 123))]
        return frozenset(each for each in known if key in (event.key for event in self._keys(each)))

    def _keys_with_alt(self, sequence: str) -> list[events.Key]:
        return self._keys(sequence[1:], alt=True) if sequence[1] not in "[O" else []

    def _keys(self, sequence: str, *, alt: bool = False) -> list[events.Key]:
        keys = list(self._parser._sequence_to_key_events(sequence, alt=alt))  # noqa: SLF001  Textual offers no other
        for key in keys:
            # A surrogate cannot be written to a terminal or a file.
            (key.character or "").encode()
        return [key for key in keys if key.key != Keys.Ignore]
