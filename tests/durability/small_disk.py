"""A small file system for one test, which can be filled."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.durability.mounting import mounted

KINDS: Final = {
    "tmpfs": "mount -t tmpfs -o size={size}m,mode=700 none {folder}",
    "ext4": "truncate -s {size}M {folder}.img && mkfs.ext4 -q -F -m 0 {folder}.img"
    " && mount -o loop {folder}.img {folder} && chmod 700 {folder}",
}
_PIECE: Final = 1 << 20


@contextmanager
def small_disk(kind: str, folder: Path, megabytes: int) -> Iterator[Path]:
    """Its root (see `mounted`)."""
    folder.mkdir()
    mount = KINDS[kind].format(size=megabytes, folder=folder)
    with mounted(folder, mount) as disk:
        yield disk


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
