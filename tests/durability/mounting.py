"""File systems that are mounted for one test.

They are in a mount namespace and reached through the process that holds it: when that process
ends, however the test ended, the kernel unmounts them.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, command: str) -> Iterator[Path]:
    """Where the folder is reached after this command, which mounts something there.

    The test is skipped if this user may not do that.
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
            pytest.skip(f"Nothing can be mounted here: {holder.stderr.read().strip()}")
        yield Path(f"/proc/{holder.pid}/root{folder}")
        assert holder.stdin is not None
        holder.stdin.close()
