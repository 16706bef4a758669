"""Ports that stop at a chosen call, like a process killed there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cwtui.accounts.ports import Ports


class Killed(BaseException):
    """Not caught by any rule."""


class Crashing:
    """Counts the calls of all ports and stops at the given one."""

    def __init__(self, ports: Ports, calls: int) -> None:
        self._left = calls
        self.ports = replace(
            ports,
            accounts=_Watched(ports.accounts, self._count),
            keyring=_Watched(ports.keyring, self._count),
            audit=_Watched(ports.audit, self._count),
            records=_Watched(ports.records, self._count),
        )

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed


class _Watched:
    def __init__(self, port: Any, count: Callable[[], None]) -> None:
        self._port, self._count = port, count

    def __getattr__(self, name: str) -> Any:
        if name == "change":
            return self._change
        found = getattr(self._port, name)
        if not callable(found):
            self._count()
            return found

        def counted(*args: Any) -> Any:
            self._count()
            return found(*args)

        return counted

    @contextmanager
    def _change(self) -> Iterator[Any]:
        self._count()
        with self._port.change() as change:
            yield _Watched(change, self._count)
            self._count()
        self._count()
