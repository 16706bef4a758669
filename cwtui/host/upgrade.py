"""Detect upgrades in place: files of cwtui or of a library that are replaced while it runs.

A package that keeps the files of the old version disturbs nothing: see `is_superseded`.

Later imports would mix modules of the new version into a process of the old one. They are refused,
and errors caused by an upgrade say so instead of looking like bugs.
"""

import os
import sys
from typing import Any

from cwtui.language import N_

SENTENCE = N_("cwtui was upgraded. Start it again.")

_Signature = tuple[int, int, int, int] | None

_PACKAGE = os.path.dirname(os.path.dirname(__file__))
_INIT = os.path.join(_PACKAGE, "__init__.py")
_seen: dict[str, _Signature] = {}


class Upgraded(ImportError):
    """A module was not imported because it belongs to another version."""


def remember() -> None:
    """Remember which version was started. Call it first in the process; it costs one stat."""
    _note(_INIT)


def guard() -> None:
    """Refuse to import modules of cwtui from another version from now on.

    Remembers the files of cwtui, and the folders that libraries were loaded from, because an
    installer that replaces a library changes its folder.
    """
    for folder, names, files in os.walk(_PACKAGE):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in files:
            _note(os.path.join(folder, name))
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        folder, _, _ = file.partition("-packages" + os.sep)
        if folder != file:
            _note(f"{folder}-packages")
    sys.meta_path.insert(0, _Guard())


def is_there() -> bool:
    """Whether files that this process started from were replaced."""
    return any(map(_changed, list(_seen)))


def is_superseded() -> bool:
    """Whether a newer version was installed beside this one, whose own files are untouched.

    Packages install each version into a folder of its own, and the link `current` beside these
    folders leads to the newest.
    """
    link = os.path.join(os.path.dirname(sys.prefix), "current")
    try:
        return os.path.islink(link) and not os.path.samefile(link, sys.prefix)
    except OSError:  # it leads nowhere: cwtui is being removed
        return False


def happened(error: BaseException) -> bool:
    """Whether the error was caused by an upgrade."""
    causes = list(_causes(error))
    return any(map(_is_of_another_version, causes)) or is_there()


def _is_of_another_version(error: BaseException) -> bool:
    """Whether the error shows that modules of cwtui are from different versions."""
    if isinstance(error, ImportError):
        return f"{error.name or ''}.".startswith("cwtui.")
    return isinstance(error, SyntaxError) and (error.filename or "").startswith(_PACKAGE + os.sep)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        # Textual's WorkerFailed holds its cause as `error`.
        error = error.__cause__ or getattr(error, "error", None) or error.__context__
    return found


class _Guard:
    """A module finder, first in line, that only refuses modules of another version."""

    def find_spec(self, name: str, *_: Any) -> None:
        if not name.startswith("cwtui."):
            return
        path = os.path.join(_PACKAGE, *name.split(".")[1:])
        files = (_INIT, f"{path}.py", os.path.join(path, "__init__.py"))
        if any(file in _seen and _changed(file) for file in files):
            raise Upgraded(SENTENCE, name=name)


def _note(path: str) -> None:
    _seen.setdefault(path, _signature(path))


def _changed(path: str) -> bool:
    return _seen[path] != _signature(path)


def _signature(path: str) -> _Signature:
    """Return a value that differs between versions of a file; None if it does not exist."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
