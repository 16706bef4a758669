"""Makes system calls fail, one at a time, and lists them."""

import errno
import io
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

import pytest

from tests.accounts.world import NOW

CALLS: Final = (
    "open", "write", "fsync", "close", "utime", "ftruncate", "posix_fallocate", "statvfs",
    "stat", "lstat", "mkdir", "rename", "replace", "link", "unlink", "rmdir", "listdir", "scandir",
    "pread", "pwrite", "fdatasync",
)  # fmt: skip
GROWING: Final = frozenset(
    {"write", "pwrite", "mkdir", "link", "posix_fallocate", "open for writing"}
)
"""Calls that need disk space."""
_NUMBERS: Final = re.compile("[0-9]+")
WRITING: Final = GROWING | {"fsync", "fdatasync", "rename", "replace"}


class Kind(StrEnum):
    """How a call fails."""

    BROKEN = "EIO"
    FULL_ONCE = "ENOSPC once"
    QUOTA = "EDQUOT once"
    FULL = "ENOSPC from then on"
    SHORT = "a short write, then ENOSPC"
    KILLED = "kill -9 instead"


CANDIDATES: Final = {
    Kind.BROKEN: None,
    Kind.FULL_ONCE: WRITING,
    Kind.QUOTA: WRITING,
    Kind.FULL: GROWING,
    Kind.SHORT: frozenset({"write", "pwrite"}),
    Kind.KILLED: WRITING | {"unlink", "ftruncate"},
}
"""Which calls can fail in this way; None: all."""


class Call(NamedTuple):
    """The operation, the file (without numbers in its name), and a count of equal calls."""

    what: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.what} {self.name} ({self.number})"


class Faults:
    """`at`: the call that fails; None: calls are only listed."""

    def __init__(self, at: Call | None = None, kind: Kind = Kind.BROKEN) -> None:
        self.calls: list[Call] = []
        self._at, self._kind = at, kind
        self._seen: Counter[tuple[str, str]] = Counter()
        self._paths: dict[int, str] = {}
        self._is_full = False

    @contextmanager
    def injected(self) -> Iterator[None]:
        """With the same time and random bytes each time, so that equal faults leave equal files."""
        real = {name: getattr(os, name) for name in CALLS}
        # Whether the disk keeps its word is not what is tested, and takes a while.
        real["fsync"] = real["fdatasync"] = lambda _: None
        wrapped = {
            name: self._wrapped(name, function) if self._matters(name) else function
            for name, function in real.items()
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, call in wrapped.items():
                patch.setattr(os, name, call)
            if self._matters("read"):
                patch.setattr(io, "open", self._wrapped("read", io.open))
            patch.setattr(os, "urandom", Random(7).randbytes)  # noqa: S311  repeatable
            patch.setattr(time, "time", lambda: NOW)
            yield

    def _matters(self, name: str) -> bool:
        """Whether a call may be listed or fail, or says which file a descriptor is of."""
        if self._at is None or name in {"open", self._at.what}:
            return True
        return self._kind in {Kind.FULL, Kind.SHORT} and name in GROWING

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **named: Any) -> Any:
            path = self._paths.get(first, "") if isinstance(first, int) else os.fsdecode(first)
            made = self._listed(_what(name, path, rest), path)
            if made == self._at:
                self._is_full = self._kind in {Kind.FULL, Kind.SHORT}
                if self._kind is Kind.KILLED:
                    os.kill(os.getpid(), signal.SIGKILL)
                if self._kind is Kind.SHORT:
                    text, *at = rest
                    return real(first, text[: -(-len(text) // 2)], *at)
                if name == "close":
                    real(first)  # it is closed all the same
                raise _error(self._kind)
            if self._is_full and made.what in GROWING:
                raise _error(Kind.FULL)
            result = real(first, *rest, **named)
            if name == "open":
                self._paths[result] = path
            return result

        return call

    def _listed(self, what: str, path: str) -> Call:
        like = what, _name(path)
        made = Call(*like, self._seen[like])
        self._seen[like] += 1
        self.calls.append(made)
        return made

    def points(self, kind: Kind, *, every: bool) -> list[Call]:
        """The calls of a clean run to fail in this way: all, or first and last of equal ones."""
        among = CANDIDATES[kind]
        wanted = [call for call in self.calls if among is None or call.what in among]
        return [
            call
            for call in wanted
            if every or call.number in {0, self._seen[call.what, call.name] - 1}
        ]


@cache
def _name(path: str) -> str:
    """The file's name without numbers."""
    return _NUMBERS.sub("N", path.rstrip("/").rpartition("/")[2])


def _what(name: str, path: str, rest: tuple[Any, ...]) -> str:
    makes_one = name == "open" and rest and rest[0] & os.O_CREAT and not os.path.lexists(path)
    return "open for writing" if makes_one else name


def _error(kind: Kind) -> OSError:
    code = {Kind.BROKEN: errno.EIO, Kind.QUOTA: errno.EDQUOT}.get(kind, errno.ENOSPC)
    return OSError(code, os.strerror(code))
