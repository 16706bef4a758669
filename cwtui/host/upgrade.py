"""An upgrade in place: the files of cwtui, or of a library, are replaced while it is open.

What is imported later would then come from the new version, into a process of the old one. So it
is not imported, and what fails because of an upgrade says so instead of looking like a bug.
"""

import os
import sys
from typing import Any

SENTENCE = "cwtui was upgraded. Start it again."

_Signature = tuple[int, int, int, int] | None

_PACKAGE = os.path.dirname(os.path.dirname(__file__))
_INIT = os.path.join(_PACKAGE, "__init__.py")
_seen: dict[str, _Signature] = {}


class Upgraded(ImportError):
    """A module was not imported, because it belongs to another version."""


def remember() -> None:
    """Note which version was started. At the beginning of the process; costs two calls of stat."""
    _note(_INIT)


def guard() -> None:
    """From now on import no module of cwtui that is not of the version that was started.

    Notes the files of cwtui, and the folders that libraries were loaded from: an installer that
    replaces one of those changes its folder.
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


def happened(error: BaseException) -> bool:
    """Whether the error is the consequence of an upgrade."""
    causes = list(_causes(error))
    return any(map(_is_of_another_version, causes)) or any(map(_changed, list(_seen)))


def _is_of_another_version(error: BaseException) -> bool:
    """Whether it says that modules of cwtui do not fit together: each version's do."""
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
    """The first finder of modules: finds none, and refuses those of another version."""

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
    """What no two versions of a file share; None if there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
