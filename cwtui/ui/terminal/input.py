"""Cuts what a terminal sends into text, keys and pastes, before Textual sees any of it.

A terminal or a noisy line can send any bytes, as many as it likes, split anywhere. This module cuts
them into pieces, keeps a limited number of bytes of an incomplete piece, and never raises.

The grammar of sequences is ECMA-48's; the mouse's is XTerm's "Control Sequences", the keys of the
Linux console are console_codes(4)'s, and pastes are "bracketed paste mode" (DEC mode 2004).
"""

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from cwtui.ui.background import LONGEST, is_light

ESCAPE_SECONDS: Final = 0.5
"""How long Esc waits for the rest of a sequence. The default of readline and of older tmux."""
ALT_SECONDS: Final = 0.1
"""If Esc and a letter are closer together than this, they mean Alt and that letter, as in Textual.
"""
SILENCE_SECONDS: Final = 2.0
"""After how much silence an incomplete sequence or paste is dropped."""
MOST_OF_PASTE: Final = 1 << 16
"""How many bytes of a paste are kept. No field accepts that many, so it is refused and not cut."""


class Kind(Enum):
    """What a piece is."""

    TEXT = auto()
    """Typed characters, including control characters such as Enter."""
    ESCAPE = auto()
    """The Esc key."""
    SEQUENCE = auto()
    """One complete sequence: a key, Alt and a key, the mouse, or an answer of the terminal."""
    PASTE = auto()
    """The text of one paste."""
    NOT_UTF8 = auto()
    """Bytes that are not UTF-8 were dropped. Comes once."""
    LOST_PASTE = auto()
    """A paste was incomplete, and was dropped."""
    BACKGROUND = auto()
    """The terminal's answer to the question for its background. Comes once."""


class Piece(NamedTuple):
    """A part of the input."""

    kind: Kind
    text: str = ""


_CHARACTER: Final = (
    rb"(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}"
    rb"|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})"
)
"""A character beyond ASCII (RFC 3629)."""
_UNFINISHED_CHARACTER: Final = (
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|\xed[\x80-\x9f]?|[\xe1-\xec\xee\xef][\x80-\xbf]?"
    rb"|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}"
    rb"|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)"
)
# Patterns are compiled at their first use, because the first one takes 5 ms.
_PIECE: Final = (
    # Typed characters, or the Esc key before another sequence. As many as there are.
    rb"(?P<text>(?:[\0-\x1a\x1c-\x7f]+|" + _CHARACTER + rb")+)"
    rb"|(?P<escapes>\x1b+(?=\x1b))"
    # Beginnings of sequences that are followed by another sequence. As many as there are.
    rb"|(?P<beginnings>(?:\x1b(?:\[(?!M)[0-?]{0,40}[ -/]{0,8}|O[0-9;]{0,8})(?=\x1b))+)"
    # A complete sequence.
    rb"|(?P<sequence>\x1b(?:"
    rb"\[\[[@-~]"  # a function key of the Linux console
    rb"|\[M[\0 -\xff]{3}"  # the mouse as X10 reports it, in three bytes of any value
    rb"|\[[0-9]{1,2}\$"  # Shift and a key, from rxvt
    rb"|\[<[-0-9;]{0,30}[Mm]"  # the mouse; Ghostty reports places left of the window
    rb"|\[(?![\[M])[0-?]{0,40}[ -/]{0,8}[@-~]"
    rb"|O[0-9;]{0,8}[@-~]"
    rb"|/(?:[A-Z]|(?!\Z))"  # a VT52 says what it is, or Alt+/
    rb"|[\x01-\x1a\x1c-.0-NQ-WYZ\\`-\x7f]|" + _CHARACTER + rb"))"
    # OSC, DCS, SOS, PM and APC, which begin long answers of terminals.
    rb"|(?P<string>\x1b[\]PX^_])"
    # The same in 8 bits. These bytes are letters in other code pages, so they count only if an
    # answer follows. Otherwise the byte alone is dropped.
    rb"|(?P<answer>\x9b[0-?]{1,40}[ -/]{0,8}[@-~]"
    rb"|(?:\x9d[0-9lL]|\x90[0-9!>]|\x9fG)[ -~]{0,255}(?:[\x07\x9c]|\x1b\\))"
    # The beginning of any of these, and nothing after it.
    rb"|(?P<unfinished>(?:"
    rb"\x1b(?:\[(?:\[|M[\0 -\xff]{0,2}|<[-0-9;]{0,30}|[0-?]{0,40}[ -/]{0,8})|O[0-9;]{0,8}|/"
    rb"|" + _UNFINISHED_CHARACTER + rb")?"
    rb"|" + _UNFINISHED_CHARACTER + rb""
    rb"|\x9b(?:[0-?]{1,40}[ -/]{0,8})?"
    rb"|(?:\x9d[0-9lL]|\x90[0-9!>]|\x9fG)[ -~]{0,255}\x1b?|[\x90\x9d\x9f])\Z)"
    # What can no longer become any of these.
    rb"|(?P<long>\x1b\[(?:[0-?]{41}|[0-?]*[ -/]{9}))"
    rb"|(?P<broken>\x1b(?:\[(?:\[|M[\0 -\xff]{0,2}|[-0-?]*[ -/]*)|O[0-9;]*))"
    rb"|(?P<escape>\x1b)"
    rb"|(?P<not_utf8>[\x80-\x8f\x91-\x9a\x9c\x9e\xa0-\xc1\xf5-\xff]+|[\x80-\xff])"
)
_STRING_ENDS: Final = rb"[\x07\x18\x1a\x1b]|(?<![\x80-\xff])\x9c"
_ENDS_STRING: Final = frozenset({b"\x07", b"\x9c"})
"""These end a string, like Esc and a backslash. The others in `_STRING_ENDS` abort it."""
_OSC: Final = b"\x1b]"
_NO_ANSWER: Final = b"?"
_REST_OF_LONG: Final = rb"[0-?]*[ -/]*"

_PASTE_BEGINS: Final = b"\x1b[200~"
_PASTE_ENDS: Final = b"\x1b[201~"
_ENDS_ALONE: Final = {_PASTE_ENDS, b"\x1b\\"}
"""The ends of strings and pastes that were dropped or never began."""
_INTRODUCERS: Final = b"[O]PX^_\\\x1b"
_NOT_TEXT: Final = dict.fromkeys([0, *range(0x80, 0xA0)])
"""NUL, which pads serial lines, and the control characters beyond ASCII."""


_ESCAPE: Final = Piece(Kind.ESCAPE)


class _Inside(Enum):
    """What has begun and is skipped, or collected apart, until it ends."""

    NOTHING = auto()
    STRING = auto()
    LONG_SEQUENCE = auto()
    PASTE = auto()


class TerminalInput:
    """Takes bytes and returns pieces. Times are seconds of any clock that does not go back.

    Answers of the terminal are dropped, except for the answer about its background, which is
    accepted until the given time.
    """

    def __init__(self, background_until: float = 0.0) -> None:
        self._background_until = background_until
        self._answer = bytearray()
        """The beginning of the current string, up to the length of an answer."""
        self._held = b""
        """The beginning of an incomplete piece."""
        self._inside = _Inside.NOTHING
        self._paste = bytearray()
        self._last_at = 0.0
        self._noted = False
        self._pieces: list[Piece] = []

    @property
    def kept(self) -> int:
        """How many bytes are kept."""
        return len(self._held) + len(self._paste) + len(self._answer)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do, unless more bytes come before then."""
        patience = self._patience
        return None if patience is None else self._last_at + patience

    @property
    def _patience(self) -> float | None:
        if self._inside is not _Inside.NOTHING:
            return SILENCE_SECONDS
        if not self._held:
            return None
        is_sequence = self._held.startswith(b"\x1b") and len(self._held) > 1
        return SILENCE_SECONDS if is_sequence else ESCAPE_SECONDS

    def feed(self, data: bytes, now: float) -> list[Piece]:
        """Return the pieces that these bytes complete."""
        self._expire(now)
        if (
            self._inside is _Inside.NOTHING
            and self._held == b"\x1b"
            and data[:1] not in _INTRODUCERS
            and now - self._last_at >= ALT_SECONDS
        ):
            self._held = b""
            self._pieces.append(_ESCAPE)
        self._last_at = now
        self._cut(self._held + data)
        return self._taken()

    def expire(self, now: float) -> list[Piece]:
        """Return the pieces that silence completes."""
        self._expire(now)
        return self._taken()

    def _expire(self, now: float) -> None:
        while (at := self.deadline) is not None and now >= at:
            held, self._held = self._held, b""
            inside, self._inside = self._inside, _Inside.NOTHING
            self._answer.clear()
            if inside is _Inside.PASTE:
                self._paste.clear()
                self._add(Kind.LOST_PASTE)
            elif inside is _Inside.NOTHING and held == b"\x1b":
                self._pieces.append(_ESCAPE)
            elif inside is _Inside.NOTHING and held[0] >= 0x80:  # noqa: PLR2004  beyond ASCII
                self._drop()
                # After a partial character, nothing is left. After the start of an answer in 8
                # bits, the rest was text after all.
                self._cut(held[1:].lstrip(bytes(range(0x80, 0xC0))))

    def _taken(self) -> list[Piece]:
        pieces, self._pieces = self._pieces, []
        return pieces

    def _add(self, kind: Kind, text: str = "") -> None:
        self._pieces.append(Piece(kind, text))

    def _cut(self, data: bytes) -> None:
        """Cut all of the data into pieces, and hold an incomplete rest."""
        self._held = b""
        at: int | None = 0
        while at is not None and at < len(data):
            match self._inside:
                case _Inside.NOTHING:
                    at = self._cut_pieces(data, at)
                case _Inside.STRING:
                    at = self._skip_string(data, at)
                case _Inside.LONG_SEQUENCE:
                    at = self._skip_long(data, at)
                case _Inside.PASTE:
                    at = self._collect_paste(data, at)

    def _cut_pieces(self, data: bytes, at: int) -> int:
        """Cut pieces until something must be read differently, and return where that begins."""
        # A flood has a million pieces, so this loop is short and starts with the most frequent.
        for found in re.compile(_PIECE).finditer(data, at):
            match found.lastgroup:
                case "text":
                    self._take_text(found[0])
                case "sequence":
                    self._take_sequence(found[0])
                    if self._inside is not _Inside.NOTHING:
                        return found.end()
                case "not_utf8" | "answer":
                    self._drop_8_bits(found[0])
                case "escapes" | "escape":
                    self._pieces += [_ESCAPE] * len(found[0])
                case "string":
                    self._inside = _Inside.STRING
                    self._answer[:] = b"" if found[0] == _OSC else _NO_ANSWER
                    return found.end()
                case "long":
                    self._inside = _Inside.LONG_SEQUENCE
                    return found.end()
                case "unfinished":
                    self._held = found[0]
        return len(data)

    def _take_text(self, typed: bytes) -> None:
        if text := typed.decode().translate(_NOT_TEXT):
            self._add(Kind.TEXT, text)

    def _take_sequence(self, sequence: bytes) -> None:
        if sequence == _PASTE_BEGINS:
            self._inside = _Inside.PASTE
        elif sequence not in _ENDS_ALONE and not sequence.startswith(b"\x1b[M"):
            # Textual does not use mouse reports in X10 format.
            self._add(Kind.SEQUENCE, sequence.decode())

    def _drop(self) -> None:
        if not self._noted:
            self._noted = True
            self._add(Kind.NOT_UTF8)

    def _drop_8_bits(self, data: bytes) -> None:
        content = re.sub(rb"(?:[\x07\x9c]|\x1b\\)\Z", b"", data[1:])
        if not (data.startswith(b"\x9d") and self._take_answer(content)):
            self._drop()

    def _skip_string(self, data: bytes, at: int) -> int | None:
        found = re.compile(_STRING_ENDS).search(data, at)
        self._answer += data[at : found.start() if found else len(data)][: LONGEST + 1]
        del self._answer[LONGEST + 1 :]
        if found is None:
            # After a byte beyond ASCII, 0x9c belongs to a character. Any such byte stands for it.
            self._held = b"\xff" if data[-1] >= 0x80 else b""  # noqa: PLR2004  beyond ASCII
            return None
        end = found.end()
        is_whole = found[0] in _ENDS_STRING
        if found[0] == b"\x1b":
            after = data[end : end + 1]
            if not after:
                self._held = b"\x1b"
                return None
            if after == b"\x1b":
                self._answer[:] = _NO_ANSWER
                return end
            # Without a backslash, Esc is the beginning of something else.
            is_whole = after == b"\\"
            end = end + 1 if is_whole else found.start()
        self._inside = _Inside.NOTHING
        if is_whole:
            self._take_answer(bytes(self._answer))
        self._answer.clear()
        return end

    def _take_answer(self, answer: bytes) -> bool:
        """Take the answer about the background. Return False if it is not the expected one."""
        if self._last_at >= self._background_until or is_light(answer) is None:
            return False
        self._background_until = 0.0
        self._add(Kind.BACKGROUND, answer.decode("ascii"))
        return True

    def _skip_long(self, data: bytes, at: int) -> int | None:
        found = re.compile(_REST_OF_LONG).match(data, at)
        end = found.end() if found else at
        if end == len(data):
            return None
        self._inside = _Inside.NOTHING
        return end + 1 if 0x40 <= data[end] <= 0x7E else end  # noqa: PLR2004  a final byte

    def _collect_paste(self, data: bytes, at: int) -> int | None:
        end = data.find(_PASTE_ENDS, at)
        if end < 0:
            kept = next(n for n in range(5, -1, -1) if data.endswith(_PASTE_ENDS[:n], at))
            self._held = data[len(data) - kept :]
            self._keep(data[at : len(data) - kept])
            return None
        self._keep(data[at:end])
        raw, is_whole = bytes(self._paste), len(self._paste) < MOST_OF_PASTE
        self._paste.clear()
        self._inside = _Inside.NOTHING
        text = raw.decode(errors="ignore")
        if is_whole and len(text.encode()) < len(raw):
            self._drop()
        self._add(Kind.PASTE, text.replace("\0", ""))
        return end + len(_PASTE_ENDS)

    def _keep(self, data: bytes) -> None:
        self._paste += data[: MOST_OF_PASTE - len(self._paste)]
