"""What of a host needs cwtui, which the package looks at before it is removed."""

import subprocess
from pathlib import Path

import pytest

from tools.deb import EXAMPLES, PACKAGING


def in_use(root: Path) -> tuple[int, str]:
    done = subprocess.run([PACKAGING / "in-use", root], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def put(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)


EXAMPLE = {
    **{f"etc/ssh/sshd_config.d/50-{path.name}": path for path in EXAMPLES.glob("sshd/*.conf")},
    **{f"etc/ssh/sshd_config.d/10-{path.name}": path for path in PACKAGING.glob("examples/sshd-*")},
    **{f"etc/pam.d/{path.name}": path for path in EXAMPLES.glob("pam.d/*")},
}


@pytest.mark.parametrize("name", EXAMPLE)
def test_each_file_that_we_ship_is_found_under_any_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, EXAMPLE[name].read_text())
    status, said = in_use(tmp_path)
    assert status == 1
    assert said.splitlines()[1:] == [f"  /{name}"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("etc/pam.conf", "sudo auth required pam_cwtui.so mode=code\n"),
        ("etc/pam.d/sudo", "\t-auth [success=1 default=die] /opt/lib/pam_cwtui.so\n"),
        ("usr/lib/pam.d/login", "auth required pam_cwtui.so\n"),
        ("etc/authselect/custom/mfa/system-auth", "auth required pam_cwtui.so\n"),
        ("etc/ssh/sshd_config", "Port 22\n  forcecommand /usr/bin/cwtui-host gate -- menu\n"),
        ("etc/ssh/sshd_config.d/cwtui.conf", "AuthenticationMethods publickey\n"),
    ],
)
def test_other_files_are_found_too(tmp_path: Path, name: str, content: str) -> None:
    put(tmp_path, name, content)
    status, said = in_use(tmp_path)
    assert status == 1
    assert f"  /{name}\n" in said


def test_a_login_shell_is_found(tmp_path: Path) -> None:
    put(tmp_path, "etc/passwd", "root:x:0:0::/root:/bin/sh\nkiosk:x:9:9::/:/usr/bin/cwtui\n")
    assert in_use(tmp_path) == (
        1,
        "These Unix users have cwtui as their login shell. Run chsh -s for each:\n  kiosk\n",
    )


def test_backups_and_comments_do_not_count_as_use(tmp_path: Path) -> None:
    assert in_use(tmp_path) == (0, "")
    uses = "auth required pam_cwtui.so\n"
    for name in ("sudo.bak", "sshd~", "login.dpkg-old", "common-auth"):
        put(tmp_path, f"etc/pam.d/{name}", uses)
    put(tmp_path, "etc/pam.d/su", f"# {uses}")
    put(tmp_path, "etc/ssh/sshd_config", "# cwtui was here\nPort 22\n")
    put(tmp_path, "etc/ssh/sshd_config.d/cwtui.conf", "\n# ForceCommand cwtui\n")
    put(tmp_path, "etc/ssh/sshd_config.d/other.conf", "X11Forwarding no\n")
    put(tmp_path, "etc/ssh/sshd_config.d/cwtui.conf.old", "ForceCommand cwtui\n")
    put(tmp_path, "etc/passwd", "cwtui:x:9:9:of cwtui:/var/lib/cwtui:/usr/sbin/nologin\n")
    assert in_use(tmp_path) == (0, "")
