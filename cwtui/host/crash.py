"""What is said when cwtui itself fails: where, and never with which values.

Python's own tracebacks end with the exception's message, and that holds values: KeyError the key,
UnicodeDecodeError the text. Ours are types and places.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_SHOWN: Final = 30
"""Lines at each end; what recurs without end has a thousand."""


def guard() -> None:
    """See to it that no failure of this process shows or keeps a value, wherever it happens."""
    import faulthandler
    import resource
    import threading

    # Linux writes no core of one byte, and at a limit of 1 gives none to the program that
    # core_pattern names either; at 0 it does. Where less is allowed already, that stays.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    # It names places only, but writes them over the screen.
    faulthandler.disable()
    sys.excepthook = _uncaught
    sys.unraisablehook = _ignored
    threading.excepthook = _ignored


def page(places: Sequence[str]) -> str:
    """For the person and the one who mends it; the report is kept in a file as well."""
    kept = keep(places)
    again = (
        "Start it again. If it happens again, report the lines above; they hold no data of yours."
    )
    where = f"They are kept in {kept}." if kept is not None else ""
    # The sentences come last: on a small screen the lines above scroll away.
    return "\n".join(
        [
            *report(places),
            "",
            "cwtui has stopped because of a mistake in itself. What was said to be done is done.",
            f"{again} {where}".rstrip(),
        ]
    )


def report(places: Sequence[str]) -> list[str]:
    """Versions and places: no value of anything."""
    import platform

    from cwtui import __version__

    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    left_out = len(places) - 2 * _SHOWN
    if left_out > 0:
        places = [*places[:_SHOWN], f"  ... {left_out} more", *places[-_SHOWN:]]
    return [f"cwtui {__version__}, {python}", *places]


def keep(places: Sequence[str]) -> Path | None:
    """Write the report to a private file, and say which; None if that cannot be.

    The same crash makes the same file, so that a crash at each start does not fill the disk.
    """
    try:
        from hashlib import sha256

        from platformdirs import user_state_path

        from cwtui.host.files import exclusive, lock_for, make_private_folder, write_atomically

        content = "\n".join([*report(places), ""]).encode(errors="backslashreplace")
        name = f"crash-{sha256(content).hexdigest()[:8]}.txt"
        path = user_state_path("cwtui") / name
        make_private_folder(path.parent)
        with exclusive(lock_for(path)):
            write_atomically(path, content)
    except Exception:  # noqa: BLE001  what made the crash may be met here again: a full disk, say
        return None
    return path


def places(error: BaseException | None) -> list[str]:
    """The exception's type and where it was raised, the outermost call first; then its cause's."""
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
    """One call: of `traceback`, or of rich, which has the same names."""
    file = str(frame.filename)
    folders = [f"{folder}/" for folder in sys.path if folder and file.startswith(f"{folder}/")]
    return f"  {file.removeprefix(max(folders, key=len, default=''))}:{frame.lineno} {frame.name}"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del trace
    if issubclass(kind, Exception):
        _write(page(places(error)))


def _ignored(arguments: Any) -> None:
    """What no caller can be told: an exception in a destructor, or in a thread."""
    error = arguments.exc_value
    if isinstance(error, Exception):
        lines = ["cwtui passed over a mistake in itself:", *report(places(error))]
        _write("\n".join(lines))


def _write(text: str) -> None:
    # A hook that fails makes Python print the traceback after all.
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(f"{text}\n")
