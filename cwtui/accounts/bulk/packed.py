"""A long list of short lines that needs little memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, overload

_AT_ONCE: Final = 1000
"""Lines that are kept as one text. A text takes 50 bytes besides its letters."""


class Packed(Sequence[str]):
    """Lines without line ends. Reading one is quickest near the one that was read before."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._full: list[str] = []
        self._last: list[str] = []
        self._unpacked: tuple[int, list[str]] = (-1, [])
        """The text that was read last, with its number."""
        for line in lines:
            self.append(line)

    def copy(self) -> "Packed":
        """Return a list with the same lines, without unpacking them."""
        copied = Packed()
        copied._full, copied._last = [*self._full], [*self._last]
        return copied

    def append(self, line: str) -> None:
        self._last.append(line)
        if len(self._last) == _AT_ONCE:
            self._full.append("\n".join(self._last))
            self._last = []

    def __len__(self) -> int:
        return len(self._full) * _AT_ONCE + len(self._last)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        number, place = divmod(range(len(self))[index], _AT_ONCE)
        return self._text(number)[place]

    def __iter__(self) -> Iterator[str]:
        for number in range(len(self._full)):
            yield from self._full[number].split("\n")
        yield from self._last

    def _text(self, number: int) -> list[str]:
        if number == len(self._full):
            return self._last
        if self._unpacked[0] != number:
            self._unpacked = number, self._full[number].split("\n")
        return self._unpacked[1]
