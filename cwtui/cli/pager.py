"""Show long text on a terminal page by page, if that is safe."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cwtui.cli.output import put
from cwtui.language import N_, _

_LESS: Final = (Path("/usr/bin/less"), Path("/bin/less"))
"""Fixed locations, because PATH could lead to a foreign program."""

_OPTIONS: Final = (
    "--RAW-CONTROL-CHARS",
    "--no-init",
    "--quit-on-intr",
)
_PROMPT: Final = N_("?e(end) .Space shows more, b goes back, / searches, q quits")
"""For less(1), section "PROMPTS": `(end) ` is shown at the end."""
_NARROWEST: Final = 40


def show(render: Callable[[int, bool], str], width: int) -> None:
    """Show the result of `render(width, styled)`, at most `width` columns wide.

    On a terminal, `less` pages text that is longer than the screen; otherwise it is printed.
    `PAGER` and `LESS` are ignored: they can start programs, and people who may only run cwtui must
    not get a shell.
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
        [program, *_OPTIONS, f"--prompt=s{_(_PROMPT)}"],
        input=text.encode(sys.stdout.encoding, "backslashreplace"),
        env=_environment(term),
        check=False,
    )


def _less() -> Path | None:
    """Return the path of the real less, if any; busybox's does not support LESSSECURE."""
    return next((path for path in _LESS if path.exists() and path.resolve().name == "less"), None)


def _environment(term: str) -> dict[str, str]:
    """Return the environment for less. LESSSECURE=1 disables its shell, editor, pipes and files."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return {
        "LESSSECURE": "1",
        "LESSHISTFILE": "-",
        "LESSCHARSET": "utf-8" if encoding == "utf8" else "ascii",
        "PATH": "/usr/bin:/bin",
        "TERM": term,
    }
