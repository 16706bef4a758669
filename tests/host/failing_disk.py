"""A disk that fails at one step of a write, with an error of the operating system."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

Breaking = Callable[[pytest.MonkeyPatch, int], None]


def broken(function: str, *, only_folders: bool = False) -> Breaking:
    """Let this function of `os` fail, for temporary files or only for folders."""

    def install(patch: pytest.MonkeyPatch, code: int) -> None:
        real = getattr(os, function)

        def fail(first: object, *rest: object, **named: object) -> object:
            is_folder = isinstance(first, int) and stat.S_ISDIR(os.fstat(first).st_mode)
            if isinstance(first, Path) and not first.name.startswith("."):
                return real(first, *rest, **named)
            if is_folder is only_folders:
                raise OSError(code, os.strerror(code))
            return real(first, *rest, **named)

        patch.setattr(os, function, fail)

    return install


def _short_write(patch: pytest.MonkeyPatch, code: int) -> None:
    """The disk takes some bytes and is then full."""
    real = os.write
    written = [0]

    def write(descriptor: int, content: bytes) -> int:
        if written[0]:
            raise OSError(code, os.strerror(code))
        written[0] = real(descriptor, content[:3])
        return written[0]

    patch.setattr(os, "write", write)


def _break_rename(patch: pytest.MonkeyPatch, code: int) -> None:
    def replace(_: Path, target: Path) -> Path:
        raise OSError(code, os.strerror(code), str(target))

    patch.setattr(Path, "replace", replace)


POINTS: dict[str, Breaking] = {
    "open": broken("open"),
    "write": broken("write"),
    "short write": _short_write,
    "utime": broken("utime"),
    "fsync": broken("fsync"),
    "rename": _break_rename,
}
