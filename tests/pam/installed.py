"""A house in which cwtui is installed as the package does it, with the user connectware."""

import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cli.commands import PASSWORD
from tests.pam.house import House
from tests.programs import require

PACKAGING: Final = Path(__file__).parents[2] / "packaging"
SNIPPETS: Final = PACKAGING / "examples"
STORE: Final = "/var/lib/cwtui"


def install(house: House) -> None:
    """The programs, the configuration, the store with an admin, and the keys of the kiosk."""
    owner = ("-o", "connectware", "-g", "connectware", "-m")
    as_owner = (
        *(require("setpriv"), "--reuid", "connectware", "--regid", "connectware"),
        *("--init-groups", "--reset-env"),
    )
    if house.do(*as_owner, sys.executable, "-I", "-c", "import cwtui").returncode:
        pytest.skip("other users cannot run this Python")
    keys = "/run/keys/connectware.pub"
    for command in (
        ("install", "-m", "755", PACKAGING / "cwtui", PACKAGING / "cwtui-host", "/usr/bin"),
        ("install", "-d", "/opt/cwtui", "/etc/cwtui"),
        ("ln", "-s", sys.prefix, "/opt/cwtui/current"),
        ("install", "-m", "644", PACKAGING / "config.toml", "/etc/cwtui"),
        ("install", "-m", "644", keys, "/etc/cwtui/ssh_keys"),
        ("install", "-d", *owner, "700", STORE, "/etc/cwtui/keyring"),
        (*as_owner, "cwtui-host", "init", "--admin", "admin", "--password-stdin"),
    ):
        done = house.do(*command, stdin=PASSWORD)
        assert done.returncode == 0, done.stderr
