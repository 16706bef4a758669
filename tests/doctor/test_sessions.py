"""Which processes are the application."""

import pytest

from cwtui.doctor import sessions


@pytest.mark.parametrize(
    ("line", "is_it"),
    [
        ("/opt/cwtui/bin/python -I -m cwtui --kiosk --config /etc/cwtui/config.toml", True),
        ("/usr/bin/python3 /opt/cwtui/bin/cwtui", True),
        ("cwtui --config=x", True),
        ("python -m cwtui --config serve user list", False),
        ("python -I -m cwtui serve", False),
        ("cwtui --plain", True),
        ("vi cwtui.py", False),
        ("python -m pytest -m cwtui", False),
    ],
)
def test_which_processes_are_the_application(line: str, is_it: bool) -> None:
    assert sessions.is_application(line.split()) is is_it
