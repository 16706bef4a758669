"""Whom sudo does not ask, and for how long."""

from pathlib import Path

from cwtui.doctor import sudo
from cwtui.doctor.findings import Level
from tests.doctor import hosts
from tests.doctor.hosts import SUDO, machine, said, subject, with_pam

SUDOERS = """\
Defaults env_reset, timestamp_timeout=5
Defaults:alice \\
    !lecture
root ALL=(ALL:ALL) ALL
# bob ALL=(ALL) NOPASSWD: ALL
%admin ALL=(ALL) NOPASSWD: ALL
@includedir /etc/sudoers.d
"""


def sudo_says(folder: Path, level: Level, **more: str) -> list[str]:
    files = with_pam({"sudo": SUDO, "sudo-i": SUDO}) | {"/etc/sudoers": SUDOERS}
    files |= {f"/etc/sudoers.d/{name}": content for name, content in more.items()}
    return said(sudo.findings(subject(machine(folder, files))), level)


def test_whom_sudo_does_not_ask(tmp_path: Path) -> None:
    (warning,) = sudo_says(tmp_path, Level.WARNING, own="robot ALL = NOPASSWD: /bin/true\n")
    assert "does not ask %admin, robot for anything" in warning
    (note,) = sudo_says(tmp_path, Level.NOTE)
    assert (
        note == "After a code, sudo itself does not ask again for 5 minutes in the same terminal."
    )
    assert not sudo_says(tmp_path, Level.NOTE, zero="Defaults timestamp_timeout=0\n")
    assert not sudo_says(tmp_path, Level.PROBLEM)
    (problem,) = sudo_says(tmp_path, Level.PROBLEM, off="Defaults !authenticate\n")
    assert "!authenticate" in problem
    (tmp_path / "etc/sudoers.d/off").rename(tmp_path / "etc/sudoers.d/off.bak")
    (problem,) = sudo_says(tmp_path, Level.PROBLEM, root="Defaults targetpw\n")
    assert "targetpw" in problem


def test_sudo_in_a_login_shell_is_another_service(tmp_path: Path) -> None:
    files = with_pam({"sudo": SUDO, "sudo-i": hosts.COMMON["sudo"]}) | {"/etc/sudoers": ""}
    assert said(sudo.findings(subject(machine(tmp_path, files))), Level.WARNING) == [
        "sudo asks cwtui, but sudo -i does not."
    ]
