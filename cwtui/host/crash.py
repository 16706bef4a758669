"""Crash reports with exception types and places, but no values.

Python's own tracebacks end with the exception's message, which can contain values: a KeyError the
key, a UnicodeDecodeError the text.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from cwtui.language import _

if TYPE_CHECKING:  # `cwtui --version` does without it
    from pathlib import Path

_SHOWN: Final = 30
"""Lines to show at each end; endless recursion has a thousand."""


def guard() -> None:
    """Make sure that no failure of this process shows or stores values."""
    import faulthandler
    import resource
    import threading

    # With a limit of 1, Linux writes no core file and does not pass one to the program in
    # core_pattern either; with 0 it would. A lower limit stays.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    # It reports only places, but would write over the screen.
    faulthandler.disable()
    sys.excepthook = _uncaught
    sys.unraisablehook = _ignored
    threading.excepthook = _ignored


def page(places: Sequence[str]) -> str:
    """Return the crash page for the user. The report is also saved to a file."""
    kept = keep(places)
    again = _(
        "Start it again. If it crashes again, please report the lines above; they contain none of "
        "your data."
    )
    where = _("They are saved in {kept}.", kept=kept) if kept is not None else ""
    # The sentences come last: on a small screen the lines above scroll away.
    return "\n".join(
        [
            *report(places),
            "",
            _("cwtui crashed because of a bug. Changes that were confirmed are saved."),
            f"{again} {where}".rstrip(),
        ]
    )


def report(places: Sequence[str]) -> list[str]:
    """Return the lines of the report: versions and places, without values."""
    import platform

    from cwtui.host import release

    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    left_out = len(places) - 2 * _SHOWN
    if left_out > 0:
        places = [*places[:_SHOWN], f"  ... {left_out} more", *places[-_SHOWN:]]
    return [f"cwtui {release.described()}, {python}", *places]


def keep(places: Sequence[str]) -> "Path | None":
    """Write the report to a private file and return its path; None if that fails.

    The same crash gives the same file, so that repeated crashes do not fill the disk.
    """
    try:
        from hashlib import sha256

        from platformdirs import user_state_path

        from cwtui.host.files import make_private_folder, write_atomically
        from cwtui.host.locks import exclusive

        content = "\n".join([*report(places), ""]).encode(errors="backslashreplace")
        name = f"crash-{sha256(content).hexdigest()[:8]}.txt"
        path = user_state_path("cwtui") / name
        make_private_folder(path.parent)
        with exclusive(path):
            write_atomically(path, content)
    except Exception:  # noqa: BLE001  the cause of the crash, such as a full disk, may recur here
        return None
    return path


def places(error: BaseException | None) -> list[str]:
    """Return the exception's type and calls, outermost first, then the same for its causes."""
    import traceback

    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        lines += map(place, traceback.extract_tb(error.__traceback__))
        # Textual's WorkerFailed holds its cause as `error`.
        error = error.__cause__ or getattr(error, "error", None) or error.__context__
    return lines


def place(frame: Any) -> str:
    """Return one line for a frame of `traceback`, or of rich, which has the same attributes."""
    file = str(frame.filename)
    folders = [f"{folder}/" for folder in sys.path if folder and file.startswith(f"{folder}/")]
    return f"  {file.removeprefix(max(folders, key=len, default=''))}:{frame.lineno} {frame.name}"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del trace
    if issubclass(kind, Exception):
        _write(page(places(error)))


def _ignored(arguments: Any) -> None:
    """Report an exception that has no caller: in a destructor or a thread."""
    error = arguments.exc_value
    if isinstance(error, Exception):
        lines = ["cwtui ignored an internal error:", *report(places(error))]
        _write("\n".join(lines))


def _write(text: str) -> None:
    # If a hook fails, Python prints the traceback after all.
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(f"{text}\n")
