"""Each area that is looked at says something, also if all is well or nothing can be read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from cwtui.config import Config, ServiceConfig, StoreConfig
from cwtui.config.errors import ConfigError
from cwtui.doctor import examination
from cwtui.doctor.findings import Area
from cwtui.doctor.programs import Answer
from cwtui.doctor.subject import Subject
from tests.doctor import hosts
from tests.doctor.hosts import CODE, SSHD, SUDO, machine, printed, sshd, with_pam

WELL: Final = with_pam({"sshd": SSHD, "sudo": SUDO, "sudo-i": SUDO}) | {
    "/etc/sudoers": "Defaults timestamp_timeout=0\n@includedir /etc/sudoers.d\n"
}
IGNORED: Final = "auth optional pam_cwtui.so\nauth required pam_permit.so\n"
PROGRAMS: Final = {
    "sshd": sshd(printed(**CODE), root=printed(permitrootlogin="yes")),
    "sudo": Answer(0, "Sudo version 1.9.13p3", ""),
}


def broken() -> Config:
    raise ConfigError("It cannot be read.")


@pytest.mark.parametrize(
    ("files", "programs"),
    [
        (WELL, PROGRAMS),
        (with_pam({}), PROGRAMS),
        (WELL, PROGRAMS | {"getent": hosts.getent("root:x:0:0:root:/root:/bin/bash\n")}),
        (WELL | {"/etc/pam.d/sshd": IGNORED}, PROGRAMS),
        ({}, {}),
    ],
    ids=["all well", "no door", "no people", "cwtui does not count", "nothing installed"],
)
@pytest.mark.parametrize("euid", [0, 1000])
@pytest.mark.parametrize("readable", [True, False])
def test_no_area_is_silent(
    tmp_path: Path,
    files: Mapping[str, str],
    programs: hosts.Programs,
    euid: int,
    readable: bool,
) -> None:
    sockets = ServiceConfig(socket=str(tmp_path / "pam"), gate_socket=str(tmp_path / "gate"))
    config = Config(StoreConfig(str(tmp_path / "store")), service=sockets)
    host = machine(tmp_path, files, programs, euid=euid)
    load = (lambda: config) if readable else broken
    subject = Subject(host, load, str(tmp_path / "config.toml"), "cwtui doctor")
    said = {one.area for one in examination.findings(subject)}
    assert [area for area in Area if area not in said] == []
