"""The settings of sshd, from samples and from a real sshd."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from cwtui.doctor.programs import Answer, run
from cwtui.doctor.sshd_settings import matched_users, parse, seconds, settings_for
from tests.doctor import hosts
from tests.doctor.hosts import EXAMPLES, machine
from tests.programs import in_own_run, require


def test_names_in_match_lines() -> None:
    content = (
        "Match User connectware,op-* Address 10.0.0.0/8\nmatch all\n Match Group x User carol\n"
        "#Match User dave\nMatch User=erin\n"
    )
    assert matched_users(content) == ["connectware", "carol", "erin"]


@pytest.mark.parametrize(
    ("time", "expected"), [("120", 120), ("2m", 120), ("1h30m", 5400), ("0", 0), ("x", 0)]
)
def test_times_of_sshd_are_read(time: str, expected: int) -> None:
    assert seconds(time) == expected


def test_the_real_sshd_s_settings_are_understood(tmp_path: Path) -> None:
    """`sshd -T` with a configuration, a key and a /run of its own."""
    sshd = require("sshd")
    key = tmp_path / "key"
    subprocess.run([require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    config = tmp_path / "sshd_config"
    config.write_text(
        f"HostKey {key}\nInclude {EXAMPLES}/sshd/key-and-code.conf\n"
        "Match User erin\n  ForceCommand /bin/true\n"
    )

    def real(name: str, arguments: Sequence[str]) -> Answer:
        assert name == "sshd"
        program, *options = in_own_run(sshd, "-f", str(config), *arguments)
        return run(Path(program).name, options)

    found = machine(tmp_path)
    settings = {
        user: settings_for(hosts.with_run(found, real), user) for user in ("alice", "root", "erin")
    }
    assert settings["alice"].ways == (("publickey", "keyboard-interactive"),)
    assert settings["alice"].grace_seconds == 600
    assert settings["root"].key_alone
    assert settings["erin"].get("forcecommand") == "/bin/true"
    assert set(parse(hosts.SSHD_T).values) <= set(settings["alice"].values)
