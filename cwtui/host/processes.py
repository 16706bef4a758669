"""Whether a process still runs. Ids of processes are used again, so its start counts too."""

import os
from pathlib import Path
from typing import Final

_STATE, _SESSION, _START_TIME = 0, 3, 19
"""Fields of /proc/PID/stat after the name, counted from 0 (proc_pid_stat(5): 3, 6 and 22)."""
_ENDED: Final = {"Z", "X"}
"""States of a process that only its parent still has to notice."""


def login_session(pid: int) -> str:
    """Return an id of the session of processes that this one is in; empty if unknown.

    It contains when the session began, because ids of processes are used again.
    """
    try:
        leader = int(_stat(pid)[_SESSION])
        return f"{leader}@{_stat(leader)[_START_TIME]}"
    except (OSError, ValueError, IndexError):
        return ""


def began(pid: int) -> str:
    """Return when this process began, in a unit of the kernel's; empty if unknown."""
    try:
        return _stat(pid)[_START_TIME]
    except (OSError, IndexError):
        return ""


def is_alive(pid: int, since: str) -> bool:
    """Whether the process that `began` then still runs. Without `since`, any with this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    try:
        found = _stat(pid)
        return found[_STATE] not in _ENDED and since in {"", found[_START_TIME]}
    except (OSError, IndexError):
        return True  # there is one, and /proc hides it (hidepid)


def kernel() -> str:
    """Return an id of what ids of processes belong to here; empty if unknown.

    That is a boot of a host, and the PID namespace that a container has of its own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    # The name can contain spaces and parentheses.
    content = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return content.rpartition(")")[2].split()
