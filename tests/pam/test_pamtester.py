"""A sign-in with Debian's pamtester, whose PAM files are these in a namespace of its own."""

import subprocess
from pathlib import Path

import pytest

from tests.pam.scripted import Host, Service
from tests.programs import as_root, require

PHASES = (
    "authenticate",
    "setcred(PAM_ESTABLISH_CRED)",
    "acct_mgmt",
    "open_session",
    "close_session",
)


@as_root
@pytest.mark.parametrize(("verdict", "status"), [(b"A", 0), (b"R", 1)])
def test_pamtester_signs_in(host: Host, verdict: bytes, status: int) -> None:
    scripts = [[b"hOne-time code: ", b"iYou have 3 backup codes left.", verdict], *[[b"A"]] * 3]
    mount = 'mount --bind "$0" /etc/pam.d && exec "$@"'
    with Service(host.socket, *scripts) as service:
        done = subprocess.run(
            [require("unshare"), "-m", "sh", "-c", mount, host.folder / "pam.d",
             require("pamtester"), Host.NAME, "ada", *PHASES],
            input="123456\n", capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    assert done.returncode == status
    assert "One-time code: " in done.stdout + done.stderr
    assert "You have 3 backup codes left." in done.stdout + done.stderr
    assert service.answers == [b"a123456"]
    assert Path("/etc/pam.d/cwtui-test").exists() is False
