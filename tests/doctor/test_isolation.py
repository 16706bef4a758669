"""Whether environment variables can change what a forced command runs."""

from pathlib import Path

import pytest

from cwtui.doctor.isolation import is_open
from tests.doctor.hosts import machine

ROOT = Path(__file__).parents[2]
FILES = {
    "/usr/bin/cwtui": (ROOT / "packaging/cwtui").read_text(),
    "/usr/bin/cwtui-host": (ROOT / "packaging/cwtui-host").read_text(),
    "/usr/local/bin/cwtui": "#!/opt/venv/bin/python3.11\nfrom cwtui.__main__ import main\n",
    "/usr/local/bin/safe": "#!/opt/venv/bin/python -sI\n",
    "/usr/local/bin/env": "#!/usr/bin/env python3\n",
    "/usr/local/bin/wraps": "#!/bin/sh\n# cwtui\nexec /usr/local/bin/cwtui --kiosk\n",
    "/usr/local/bin/runs": "#!/bin/sh\n/opt/venv/bin/python -m cwtui -I\n",
    "/usr/local/bin/loop": "#!/bin/sh\nexec /usr/local/bin/loop 'x\nexec /usr/local/bin/loop\n",
    "/usr/local/bin/binary": "\x7fELF",
}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/bin/cwtui --kiosk", False),  # the package's, which starts python -I
        ("/usr/bin/cwtui-host --kiosk", False),
        ("/usr/bin/link --kiosk", False),
        ("/usr/local/bin/cwtui --kiosk", True),
        ("/usr/local/bin/link --kiosk", True),
        ("/usr/local/bin/safe", False),
        ("/usr/local/bin/env", True),
        ("/usr/local/bin/wraps", True),
        ("/usr/local/bin/runs", True),
        ("/usr/local/bin/loop", False),
        ("/usr/local/bin/binary", False),
        ("/usr/local/bin/nosuch", False),
        ("/opt/venv/bin/python -I -m cwtui --kiosk", False),
        ("/opt/venv/bin/python3 -m cwtui -I", True),
        ("/opt/venv/bin/python -B -c pass -I", True),
        ("", False),
    ],
)
def test_the_program_that_is_really_run_counts(
    tmp_path: Path, command: str, *, expected: bool
) -> None:
    there = machine(tmp_path, FILES)
    for folder in ("usr/bin", "usr/local/bin"):
        (tmp_path / folder / "link").symlink_to("cwtui")
    assert is_open(command.split(), there) is expected
