"""File systems that are mounted for one test.

They are in a mount namespace and reached through the process that holds it: when that process
ends, however the test ended, the kernel unmounts them.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.programs import cannot_run


@contextmanager
def mounted(folder: Path, command: str) -> Iterator[Path]:
    """Where the folder is reached after this command, which mounts something there.

    If this user may not do that, the test fails in CI and is skipped elsewhere.
    """
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    with subprocess.Popen(
        ["unshare", *as_root, "--mount", "sh", "-c", f"{command} && echo ready && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != "ready\n":
            cannot_run(f"nothing can be mounted here: {holder.stderr.read().strip()}")
        yield Path(f"/proc/{holder.pid}/root{folder}")
        assert holder.stdin is not None
        holder.stdin.close()
