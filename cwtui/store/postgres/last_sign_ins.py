"""Looks up when users last signed in, for lists that look at everyone."""

from collections.abc import Callable
from typing import Any, Final

from cwtui.store.postgres.trips import Statement

_FEW: Final = 16
_MANY: Final = 2048
"""How many times are read at once, at first and at most."""
_MORE: Final = 8
"""How many times as many are read the next time."""

_FORWARD: Final = (
    "SELECT username, last_sign_in FROM cwtui.record WHERE username >= %s"
    " AND last_sign_in IS NOT NULL ORDER BY username LIMIT %s"
)
_BACKWARD: Final = (
    "SELECT username, last_sign_in FROM cwtui.record WHERE username <= %s"
    " AND last_sign_in IS NOT NULL ORDER BY username DESC LIMIT %s"
)


class LastSignIns:
    """Quick for names in their order, in either direction. Not for several threads.

    What has been read once is not read again. Raises CannotCheck.
    """

    def __init__(self, rows: Callable[[Statement], list[tuple[Any, ...]]]) -> None:
        self._rows = rows
        self._found: dict[str, float] = {}
        self._first: str | None = ""
        """The times from this name up to `_last` are read. None: from the first or to the last."""
        self._last: str | None = ""
        self._count = _FEW

    def __call__(self, username: str) -> float | None:
        is_before = self._first is not None and username < self._first
        if is_before or (self._last is not None and username > self._last):
            self._read(username, backward=is_before)
        return self._found.get(username)

    def _read(self, username: str, *, backward: bool) -> None:
        """Read the time of this user, if there is one, and of others after it, or before it."""
        sql = _BACKWARD if backward else _FORWARD
        rows = self._rows(Statement(sql, (username, self._count)))
        self._found = {row[0]: row[1] for row in rows}
        end = rows[-1][0] if len(rows) == self._count else None
        self._first, self._last = (end, username) if backward else (username, end)
        self._count = min(self._count * _MORE, _MANY)
