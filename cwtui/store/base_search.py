"""Finds the line of a name in the main table of a base, by binary search on its text."""

from collections.abc import Mapping
from typing import Final

import msgspec

from cwtui.store.base_text import (
    INVALID,
    NAME,
    NAME_MOST,
    SEPARATOR,
    BaseText,
    decode_name,
    line_of,
)
from cwtui.store.places import Changed, Places

_NEAR: Final = 1 << 13
"""Bytes below which a search reads all that is left."""
_FIRST_NEAR: Final = 1 << 15
"""The same for searches that remember nothing: reading more is quicker than more steps."""
_FAR: Final = 1 << 17
"""Bytes below which a search reads all that is left once, and remembers some lines of it."""
_FIRST: Final = 1
"""Searches that remember nothing: when a store is opened, often no other follows."""
_SOME: Final = 8
"""Remembering lines is worth its time after so many searches; a command makes fewer."""
_FEW: Final = 1 << 11
"""Bytes that are read at once when the lines around are remembered well."""
_REMEMBERED: Final = 1 << 16
"""How many lines are remembered, at some 100 bytes each."""
_encode: Final = msgspec.json.Encoder().encode


class Search:
    """Searches among the lines between the offsets `first` and `last`, and remembers some.

    Its methods raise StoreDamaged and CannotCheck.
    """

    def __init__(self, text: BaseText, first: int, last: int) -> None:
        self._text = text
        self.first = first
        self.last = last
        self.places = Places(first, last, _REMEMBERED)
        self.searches = 0
        self._missing: tuple[str, str | None, int] | None = None
        """A name that was not found, the next one that there is, and where it begins.

        New names often follow each other, and all before the next one belong there.
        """

    def follow(self, older: "Search", changes: Mapping[str, bytes | None]) -> None:
        """Remember what was remembered in the base that was merged with these changes into this.

        Not if finding it again is less work.
        """
        if len(changes) > older.places.count:
            return
        found = list[Changed]()
        for name in sorted(changes):
            start, end, _ = older.find(name)
            before = end - start + (len(SEPARATOR) if start < end == older.last else 0)
            document = changes[name]
            after = 0 if document is None else len(line_of(name, document)) + len(SEPARATOR)
            found.append(Changed(name, after - before, document is not None))
        if older.size + sum(one.growth for one in found) == self.size:  # else it is another base
            self.places = older.places.moved(found, self.first, self.last)
            self.searches = older.searches

    @property
    def size(self) -> int:
        """The bytes of the lines, as if the last one had its separator too."""
        return self.last - self.first + (len(SEPARATOR) if self.first < self.last else 0)

    def find(self, name: str) -> tuple[int, int, bytes | None]:
        """Return where the line of this name begins and ends, and its document.

        Without a document, both are where the line would be inserted.
        """
        self.searches += 1
        if self._missing is not None:
            missing, following, gap = self._missing
            if missing <= name and (following is None or name < following):
                return gap, gap, None
        low, high = self._around(name)
        text = self._text.read(low - 1, high)  # with the newline before the first line
        if len(text) > _FEW and self.searches > _FIRST:
            low, text = self._half_of(text, low, name)
        # JSON has no newlines, so this is the beginning of a line.
        start = b"\n%b:" % _encode(name)
        at = text.rfind(start)  # several times faster than find here
        if at < 0:
            gap, following = self._gap(name, low, text[1:])
            if following is not None or gap == self.last:
                self._missing = name, following, gap
            return gap, gap, None
        end = text.find(b"\n", at + 1)
        end = len(text) if end < 0 else end + 1
        document = text[at + len(start) : end].removesuffix(SEPARATOR)
        return low + at, low + end - 1, document

    def _half_of(self, text: bytes, low: int, name: str) -> tuple[int, bytes]:
        """Return the half of these lines that has this name, and where its first line begins.

        The line between the halves is remembered, so that less is read the next time.
        """
        at = text.rfind(b"\n", 0, len(text) // 2)
        middle = self._remember(text, at, low)
        if middle is None:
            return low, text
        return (low, text[: at + 1]) if name < middle else (low + at, text[at:])

    def _gap(self, name: str, low: int, text: bytes) -> tuple[int, str | None]:
        """Return where the line of this name would be inserted into these lines.

        The name of the line after it is returned too, if that is one of them.
        """
        at = low
        for line in text.splitlines(keepends=True):
            following = self._text.name_of(line, at)
            if following > name:
                return at, following
            at += len(line)
        return at, None

    def _around(self, name: str) -> tuple[int, int]:
        """Return a part of few lines that has the line of this name, if there is one."""
        low, high = self.places.around(name)
        near = _NEAR if self.searches > _FIRST else _FIRST_NEAR
        while high - low > near:
            if self.searches > _SOME and high - low <= _FAR and not self.places.is_full:
                self._survey(low, high)
                return self.places.around(name)
            middle = (low + high) // 2
            start, found = self.meet(middle)
            if start > low:
                if self.searches > _FIRST:
                    self.places.add(found, start)
                low, high = (start, high) if found <= name else (low, start)
            elif found < name:  # one line that is longer than half of what is left
                low = self._text.end_of_line(middle, high)
            else:
                high = self._text.end_of_line(middle, high)
                break
        return low, high

    def _survey(self, low: int, high: int) -> None:
        """Remember some of these lines, so that nobody has to search among them again."""
        text = self._text.read(low - 1, high)
        step = _NEAR - _FEW  # as parts become longer by a line
        for at in range(step, len(text), step):
            self._remember(text, text.rfind(b"\n", at - step, at), low)

    def _remember(self, text: bytes, at: int, low: int) -> str | None:
        """Remember the line after the newline at this offset, and return its name, if any."""
        found = NAME.match(text, at + 1) if at > 0 else None
        if found is None:
            return None
        try:
            name = decode_name(found[0])
        except INVALID:
            return None
        self.places.add(name, low + at)
        return name

    def meet(self, at: int) -> tuple[int, str]:
        """Return the start of the line that contains this position, and its name."""
        begin = max(at - _FEW, self.first)
        text = self._text.read(begin, min(at + NAME_MOST, self.last))
        inside = text.rfind(b"\n", 0, at - begin) + 1
        start = begin + inside
        if inside == 0 and begin > self.first:
            start, inside = self._text.start_of_line(at, self.first), 0
            text = self._text.read(start, min(start + NAME_MOST, self.last))
        return start, self._text.name_of(text[inside : inside + NAME_MOST], start)
