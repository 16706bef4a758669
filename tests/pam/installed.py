"""A house in which cwtui is installed as the package does it, with the user connectware."""

import sys
from pathlib import Path
from typing import Final

from tests.cli.commands import PASSWORD
from tests.pam.house import House
from tests.programs import cannot_run

PACKAGING: Final = Path(__file__).parents[2] / "packaging"
SNIPPETS: Final = PACKAGING / "examples"
STORE: Final = "/var/lib/cwtui"
_AS_OWNER: Final = (
    *("setpriv", "--reuid", "connectware", "--regid", "connectware"),
    *("--init-groups", "--reset-env"),
)


def install(house: House) -> None:
    """The programs, the configuration, the store with an admin, and the keys of the kiosk."""
    owner = ("-o", "connectware", "-g", "connectware", "-m")
    why = "" if house.is_layered else "overlay file systems cannot be mounted"
    # By a shell, as setpriv itself still reaches what only root may.
    runs = 'exec "$0" -I -c "import cwtui"'
    if house.do(*_AS_OWNER, "sh", "-c", runs, sys.executable).returncode:
        why = "other users cannot run this Python"
    if why:
        cannot_run(why)
    keys = "/run/keys/connectware.pub"
    for command in (
        ("install", "-m", "755", PACKAGING / "cwtui", PACKAGING / "cwtui-host", "/usr/bin"),
        ("install", "-d", "/opt/cwtui", "/etc/cwtui"),
        ("ln", "-s", sys.prefix, "/opt/cwtui/current"),
        ("install", "-m", "644", PACKAGING / "config.toml", "/etc/cwtui"),
        ("install", "-m", "644", keys, "/etc/cwtui/ssh_keys"),
        ("install", "-d", *owner, "700", STORE, "/etc/cwtui/keyring"),
    ):
        done = house.do(*command)
        assert done.returncode == 0, done.stderr
    operate(house, "init", "--admin", "admin", "--password-stdin", stdin=PASSWORD)


def operate(house: House, *words: str, stdin: str = "") -> str:
    """What a command of cwtui prints, run by the owner of the store."""
    done = house.do(*_AS_OWNER, "cwtui-host", *words, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout
