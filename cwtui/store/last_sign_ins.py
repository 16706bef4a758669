"""Looks up when users last signed in, with little memory: for lists that look at everyone."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from cwtui.store.view import View

_FEW: Final = 8
_MANY: Final = 512
"""About how many records are read at once, at first and at most."""
_MORE: Final = 4
"""How many times as many are read the next time."""


class _LastSignIn(Struct, frozen=True, gc=False):
    """The part of a SignInRecord that says when the user last signed in."""

    last_sign_in: float | None = None


class LastSignIns:
    """Quick for names in their order, in either direction. Not for several threads.

    What has been read once is not read again. `view_of` returns the file of a number, and
    `number_of` the number of the file with this user's record. Raises CannotCheck.
    """

    def __init__(self, number_of: Callable[[str], int], view_of: Callable[[int], View]) -> None:
        self._number_of = number_of
        self._view_of = view_of
        self._parts: dict[int, _Part] = {}

    def __call__(self, username: str) -> float | None:
        number = self._number_of(username)
        part = self._parts.get(number)
        if part is None:
            part = self._parts[number] = _Part(self._view_of(number))
        return part.last_sign_in(username)


class _Part:
    """Some records of one file that follow each other."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._found: dict[str, _LastSignIn] = {}
        self._first: str | None = ""
        """The records from this name up to `_last` are read. None: up to the end of the file."""
        self._last: str | None = ""
        self._count = _FEW

    def last_sign_in(self, username: str) -> float | None:
        is_before = self._first is not None and username < self._first
        if is_before or (self._last is not None and username > self._last):
            self._read(username, backward=is_before)
        found = self._found.get(username)
        return found.last_sign_in if found is not None else None

    def _read(self, username: str, *, backward: bool) -> None:
        """Read the record of this user, if there is one, and others after it, or before it."""
        parts = self._view.parts(_LastSignIn, username, backward=backward, wanted=self._count)
        self._found = next(filter(None, map(dict, parts)), {})
        end = next(reversed(self._found), None)
        self._first, self._last = (end, username) if backward else (username, end)
        self._count = min(self._count * _MORE, _MANY)
        own = self._view.get(username)
        if own is not None:
            found = self._view.decoded(self._view.kind.main, username, own, _LastSignIn)
            self._found[username] = found
