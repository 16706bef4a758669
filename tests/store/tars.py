"""Tar files made by hand, to test what a restore accepts."""

import hashlib
import io
import json
import tarfile
from typing import Final

NOW: Final = 1_800_000_000.5


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in members:
            info.size = len(content) if info.type == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def plain(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def manifest_for(**members: bytes) -> tuple[tarfile.TarInfo, bytes]:
    content = {
        "format": 1,
        "created_at": NOW,
        "cwtui": "1.0",
        "keys": [],
        "members": {
            name: {"size": len(kept), "sha256": hashlib.sha256(kept).hexdigest()}
            for name, kept in members.items()
        },
    }
    return plain("manifest.json", json.dumps(content).encode())
