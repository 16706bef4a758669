"""Ports on a database that can be cut off."""

from dataclasses import replace
from typing import Any

from cwtui.accounts.errors import CannotCheck, StoreUnreachable
from cwtui.accounts.ports import Ports


class Line:
    """The way to the database. `left` is after how many more calls it is cut; None for never."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.error: CannotCheck = StoreUnreachable("Cannot reach the database.")

    def cut(self, after: int = 0) -> None:
        self.left = after

    def mend(self) -> None:
        self.left = None

    def pass_(self) -> None:
        if self.left == 0:
            raise self.error
        if self.left is not None:
            self.left -= 1

    def ports(self, ports: Ports) -> Ports:
        """The same ports, at the other end of the line."""
        near: dict[str, Any] = {
            name: Far(getattr(ports, name), self) for name in ("accounts", "records", "audit")
        }
        return replace(ports, **near)


class Far:
    def __init__(self, part: object, line: Line) -> None:
        self._part = part
        self._line = line

    def __getattr__(self, name: str) -> Any:
        self._line.pass_()
        return getattr(self._part, name)
