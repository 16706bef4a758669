"""Long text on a terminal: one screenful after the other, where that is safe."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cwtui.cli.output import put

_LESS: Final = (Path("/usr/bin/less"), Path("/bin/less"))
"""Where systems keep it. One found by PATH could be anybody's."""

_OPTIONS: Final = (
    "--RAW-CONTROL-CHARS",
    "--no-init",
    "--quit-on-intr",
    r"--prompt=s?e(end) .Space shows more, b goes back, / searches, q leaves",
)
_NARROWEST: Final = 40


def show(render: Callable[[int, bool], str], width: int) -> None:
    """Show what `render(width, styled)` makes, at most `width` columns wide.

    On a terminal `less` pages what is longer than the screen; elsewhere it is printed. `PAGER` and
    `LESS` are not used: they name programs and commands, and whoever is let in with cwtui alone
    must not get a shell from it.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        put(render(width, False).rstrip("\n"))
        return
    import shutil

    columns, rows = shutil.get_terminal_size()
    term = os.environ.get("TERM", "dumb")
    is_dumb = term in {"", "dumb", "unknown"}
    styled = not is_dumb and not os.environ.get("NO_COLOR")
    text = render(min(max(columns, _NARROWEST), width), styled).rstrip("\n")
    program = None if is_dumb or text.count("\n") + 1 < rows else _less()
    if program is None:
        put(text)
        return
    import subprocess

    subprocess.run(
        [program, *_OPTIONS],
        input=text.encode(sys.stdout.encoding, "backslashreplace"),
        env=_environment(term),
        check=False,
    )


def _less() -> Path | None:
    """The real one: busybox's does not know LESSSECURE."""
    return next((path for path in _LESS if path.exists() and path.resolve().name == "less"), None)


def _environment(term: str) -> dict[str, str]:
    """All that less is given. LESSSECURE=1 turns off its shell, editor, pipes and files."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return {
        "LESSSECURE": "1",
        "LESSHISTFILE": "-",
        "LESSCHARSET": "utf-8" if encoding == "utf8" else "ascii",
        "PATH": "/usr/bin:/bin",
        "TERM": term,
    }
