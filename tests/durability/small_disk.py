"""A small file system for one test, which can be filled.

It is mounted in a mount namespace and reached through the process that holds it: when that
process ends, however the test ended, the kernel unmounts it.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

KINDS: Final = {
    "tmpfs": "mount -t tmpfs -o size={size}m,mode=700 none {folder}",
    "ext4": "truncate -s {size}M {folder}.img && mkfs.ext4 -q -F -m 0 {folder}.img"
    " && mount -o loop {folder}.img {folder} && chmod 700 {folder}",
}
_PIECE: Final = 1 << 20


@contextmanager
def small_disk(kind: str, folder: Path, megabytes: int) -> Iterator[Path]:
    """Its root. The test is skipped if this user may not mount one."""
    folder.mkdir()
    mount = KINDS[kind].format(size=megabytes, folder=folder)
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    with subprocess.Popen(
        ["unshare", *as_root, "--mount", "sh", "-c", f"{mount} && echo ready && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != "ready\n":
            pytest.skip(f"{kind} cannot be mounted here: {holder.stderr.read().strip()}")
        yield Path(f"/proc/{holder.pid}/root{folder}")
        assert holder.stdin is not None
        holder.stdin.close()


def fill(disk: Path) -> None:
    """Use up all free space to the last byte, in addition to earlier fillings."""
    descriptor = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = _PIECE
        while size:
            with suppress(OSError):
                while os.write(descriptor, bytes(size)) == size:
                    pass
            size //= 2
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_room(disk: Path) -> None:
    (disk / "filler").unlink()
