"""Puts text into the buffer of the tmux that this process runs in."""

import os
import stat
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cwtui.accounts.secret import Secret

SECONDS: Final = 2.0
"""How long tmux may take."""
_FOLDERS: Final = ("/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin")
"""Not PATH: somebody else could have set it."""
_PASSED_ON: Final = ("TMUX", "TMUX_PANE", "LANG", "LC_ALL", "LC_CTYPE")


def load_buffer(text: Secret, environ: Mapping[str, str]) -> bool:
    """Make the text the newest buffer of tmux, and return whether tmux took it.

    tmux also passes it on to the terminal that shows it, if that has a clipboard. The text goes
    through standard input, because everybody on this host can see arguments.
    """
    program = next(filter(_is_program, (f"{folder}/tmux" for folder in _FOLDERS)), None)
    if program is None or not _is_own_socket(environ.get("TMUX", "").partition(",")[0]):
        return False
    until = time.monotonic() + SECONDS
    # tmux before 3.2 does not know -w.
    return any(
        _took_it((program, "load-buffer", *options, "-"), text, environ, until)
        for options in (("-w",), ())
    )


def _is_program(path: str) -> bool:
    return os.access(path, os.X_OK)


def _is_own_socket(path: str) -> bool:
    # A server can tell its clients to run programs, so talk to no other user's.
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()


def _took_it(
    command: Sequence[str], text: Secret, environ: Mapping[str, str], until: float
) -> bool:
    import subprocess

    try:
        done = subprocess.run(
            command,
            input=text.reveal().encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: environ[name] for name in _PASSED_ON if name in environ},
            cwd="/",
            timeout=max(0.0, until - time.monotonic()),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
