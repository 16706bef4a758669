"""A house whose users have Connectware accounts, and the dialogues with its doors."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cli.accounts import put
from tests.cli.commands import PASSWORD, Host
from tests.pam.house import ROOT_PASSWORD, WHO, Door, House
from tests.service.service import enrolled, more_backup_codes, new_host

CODE: Final = "One-time code (or a backup code): "
USERS: Final = (
    "ada",
    "bob",
    "carol",
    "dora",
    "eve",
    "finn",
    "gina",
    "connectware",
    "hugo",
    "ines",
    "jan",
)
GROUPS: Final = {
    "connectware": ("ada", "bob", "carol", "dora", "gina"),
    "operators": ("ada",),
    "people": ("gina",),
}
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
    """Ada and bob have devices, carol is disabled, eve has no account, gina needs no device.

    Dora, finn, hugo, ines and jan need one, and have none.
    """

    house: House
    host: Host
    keys: Mapping[str, str]
    codes: Mapping[str, list[str]]
    _service: subprocess.Popen[str] | None = None

    def fresh(self, user: str) -> str:
        """A backup code, which works once. A code of the app works for one sign-in in 30 s."""
        if not self.codes[user]:
            self.codes[user].extend(more_backup_codes(self.host, user))
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


@dataclass(frozen=True)
class Way:
    """A way in: how to open it, and whether it asks for the password first."""

    open: Callable[[Town, str], Door]
    asks_password: bool

    def at_code(self, town: Town, user: str) -> Door:
        """A door that asks for the code next, or has said why it does not."""
        door = self.open(town, user)
        if self.asks_password:
            door.answer("Password: ", PASSWORD)
        return door


def _key_and_code(town: Town, user: str) -> Door:
    return town.house.ssh(town.house.sshd("key-and-code.conf"), user)


def _password_and_code(town: Town, user: str) -> Door:
    port = town.house.sshd("password-and-code.conf", name="sshd-password")
    return town.house.ssh(port, user, key=False)


def _group(town: Town, user: str) -> Door:
    return town.house.ssh(town.house.sshd("group.conf", name="sshd-group"), user)


def _sudo(town: Town, user: str) -> Door:
    return town.house.terminal_of(user, "sudo", "sh", "-c", 'echo "inside as $SUDO_USER"')


def _su(town: Town, user: str) -> Door:
    return town.house.terminal_of("eve", "su", user, *WHO[1:])


def _login(town: Town, user: str) -> Door:
    door = town.house.terminal("login")
    door.answer("login: ", user)
    return door


def _common_auth(town: Town, user: str) -> Door:
    """Debian's own file for su, which includes common-auth; after the Unix password."""
    house = town.house
    door = house.terminal_of("eve", "su", user, *WHO[1:], within=house.with_profile)
    door.answer("Password: ", ROOT_PASSWORD)
    return door


WAYS: Final = {
    "ssh with key and code": Way(_key_and_code, asks_password=False),
    "ssh with password and code": Way(_password_and_code, asks_password=True),
    "ssh of a group": Way(_group, asks_password=False),
    "sudo": Way(_sudo, asks_password=False),
    "su": Way(_su, asks_password=True),
    "login": Way(_login, asks_password=True),
    "pam-auth-update": Way(_common_auth, asks_password=False),
}


def shown_key(door: Door, user: str) -> tuple[str, list[str]]:
    """The secret key that the door shows, and what its QR code may contain."""
    shown = re.search(r"Key: ([A-Z2-7 ]+)", door.text)
    assert shown is not None
    key = shown[1].replace(" ", "")
    uri = f"otpauth://totp/Connectware:{user}?secret={key}"
    return key, [uri, f"{uri}&issuer=Connectware"]


@contextmanager
def founded(folder: Path, module: Path) -> Iterator[Town]:
    with House(folder, module, USERS, GROUPS, RECIPES) as house:
        host = new_host(folder / "run" / "cwtui")
        config = host.config.read_text()
        host.config.write_text(f"{config}fresh_minutes = {{ sudo = 10 }}\n")
        keys, codes = {}, {}
        for user in ("ada", "bob"):
            keys[user], codes[user] = enrolled(host, user)
        put(host, "gina")
        put(host, "carol", enabled=False)
        for user in ("dora", "finn", "hugo", "ines", "jan"):
            put(host, user, mfa_required=True)
        for user in (*USERS, "root"):
            house.allow_key(user)
        town = Town(house, host, keys, codes)
        try:
            yield town
        finally:
            town.end_service()
