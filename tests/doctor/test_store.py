"""Room on the disk."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cwtui.doctor import store
from cwtui.doctor.findings import Level


@pytest.mark.parametrize(
    ("blocks", "files", "level"),
    [(50_000, 5000, Level.OK), (20_000, 5000, Level.WARNING), (50_000, 900, Level.WARNING)],
)
def test_little_room_on_the_disk_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, files: int, level: Level
) -> None:
    numbers = SimpleNamespace(f_bavail=blocks, f_frsize=4096, f_files=10_000, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _: numbers)
    (one,) = store.room(tmp_path)
    assert one.level is level
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    (one,) = store.room(tmp_path)
    assert one.sentence.startswith(f"{tmp_path} is read-only")
