"""Whether processes still run."""

import time
from pathlib import Path


def stat_of(path: Path) -> list[str]:
    """The fields of a Linux stat file (proc(5)) from the state onwards, or "gone"."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["gone"]


def wait_gone(pid: int, timeout: float) -> None:
    """Wait until no process with that id runs; a zombie does not count."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if stat_of(Path(f"/proc/{pid}/stat"))[0] in {"Z", "gone"}:
            return
        time.sleep(0.02)
    raise AssertionError(f"the process still runs after {timeout} s")
