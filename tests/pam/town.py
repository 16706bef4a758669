"""A house whose users have Connectware accounts, and the dialogues with its doors."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cli.accounts import put
from tests.cli.commands import Host
from tests.pam.house import House
from tests.service.service import enrolled, new_host

CODE: Final = "One-time code (or a backup code): "
USERS: Final = ("ada", "bob", "carol", "dora", "eve", "finn")
RECIPES: Final = {
    "pam.d/sshd": "pam.d/sshd-code",
    "pam.d/sshd-password": "pam.d/sshd-password",
    "pam.d/sshd-group": "pam.d/sshd-group",
    "pam.d/sudo": "pam.d/sudo",
    "pam.d/login": "pam.d/login",
    "pam.d/su": "pam.d/su",
    "sudoers.d/cwtui": "sudoers.d/cwtui",
}


@dataclass
class Town:
    """Ada and bob have devices, carol is disabled, eve has no account. Dora and finn need a device.

    Ada is in the Unix group connectware.
    """

    house: House
    host: Host
    keys: Mapping[str, str]
    codes: Mapping[str, list[str]]
    _service: subprocess.Popen[str] | None = None

    def fresh(self, user: str) -> str:
        """A backup code, which works once. A code of the app works for one sign-in in 30 s."""
        return self.codes[user].pop()

    def served(self) -> subprocess.Popen[str]:
        """`cwtui serve`, which tests share until one of them kills it."""
        if self._service is None or self._service.poll() is not None:
            self._service = self.house.serve(self.host.config)
        return self._service

    def end_service(self) -> None:
        """Kill the service, if it runs."""
        if self._service is not None:
            self._service.kill()
            self._service.communicate()
            self._service = None


@contextmanager
def founded(folder: Path, module: Path) -> Iterator[Town]:
    with House(folder, module, USERS, RECIPES) as house:
        host = new_host(folder / "run" / "cwtui")
        config = host.config.read_text()
        host.config.write_text(f"{config}fresh_minutes = {{ sudo = 10 }}\n")
        keys, codes = {}, {}
        for user in ("ada", "bob"):
            keys[user], codes[user] = enrolled(host, user)
        put(host, "carol", enabled=False)
        for user in ("dora", "finn"):
            put(host, user, mfa_required=True)
        for user in (*USERS, "root"):
            house.allow_key(user)
        town = Town(house, host, keys, codes)
        try:
            yield town
        finally:
            town.end_service()
