"""An LDAP user at a real terminal, with the directory running and stopped."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code
from tests.console.homes import CONFIG
from tests.console.terminal import Terminal
from tests.directory.people import ADMINS, LDIF, MEMBERSHIPS, PASSWORD, PEOPLE
from tests.servers import slapd as servers
from tests.servers.certificates import Authority
from tests.servers.slapd import Slapd

ADMIN_PASSWORD = "correct horse battery"


@dataclass
class Plant:
    """A host with users in a directory and one local admin."""

    home: Path
    slapd: Slapd

    def opened(self) -> Terminal:
        return cwtui.forked(self.home)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    authority = Authority(tmp_path / "authority")
    certificate = authority.certificate("good", "127.0.0.1")
    folder, home = tmp_path / "slapd", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    with servers.start(folder, certificate, LDIF) as slapd:
        slapd.add(MEMBERSHIPS)
        (home / "cwtui.toml").write_text(
            f'{CONFIG}\n[store]\nurl = "{home}/store"\n'
            f'[keyring]\nfile = "{home}/keys/keyring.json"\n'
            f'[directory]\nservers = ["{slapd.ldaps}"]\nca_file = "{authority.file}"\n'
            f'base = "{PEOPLE}"\nbind_seconds = 1.0\nconnect_seconds = 1.0\ntotal_seconds = 2.0\n'
            f'[directory.roles]\nconnectware-admin = ["{ADMINS}"]\n'
        )
        cwtui.run(home, "init", "--admin", "admin", "--password-stdin", typed=ADMIN_PASSWORD)
        cwtui.run(home, "settings", "set", "mfa_required_for_new_ldap_users", "yes")
        yield Plant(home, slapd)


def enrolled(terminal: Terminal) -> str:
    """Sign alice in for the first time, complete the required enrolment, return her secret."""
    cwtui.sign_in(terminal, "alice", PASSWORD.reveal())
    secret = cwtui.secret_of(cwtui.scanned(terminal))
    terminal.type(one_time_code(secret, time.time()))
    cwtui.keep_codes(terminal)
    terminal.wait_for("10 unused backup codes left")
    terminal.wait_until_still()
    return secret


def test_the_first_ldap_sign_in_enrols_the_next_asks_for_a_code(plant: Plant) -> None:
    with plant.opened() as terminal:
        secret = enrolled(terminal)
        assert "You are an LDAP user." in terminal.text
        assert "Change Password" not in terminal.text
        assert "User Management" in terminal.text  # the group's role
        cwtui.sign_out(terminal)
        cwtui.sign_in(terminal, "alice", PASSWORD.reveal())
        terminal.wait_for("Use backup code")
        terminal.wait_until_still()
        terminal.type(one_time_code(secret, time.time() + 30))
        terminal.wait_for("10 unused backup codes left")
        terminal.send("ctrl+q", "y")
        assert terminal.wait_exit() == 0
    for path in plant.home.rglob("*"):
        if path.is_file():
            assert PASSWORD.reveal().encode() not in path.read_bytes(), path


def test_an_outage_is_explained_and_local_users_can_sign_in(plant: Plant) -> None:
    with plant.opened() as terminal:
        secret = enrolled(terminal)
        cwtui.sign_out(terminal)
        plant.slapd.kill()
        cwtui.sign_in(terminal, "alice", PASSWORD.reveal())
        for _ in range(6):  # more than the limit, but none of them counts
            terminal.wait_for("The directory cannot be reached")
            terminal.wait_until_still()
            terminal.type(f"{PASSWORD.reveal()}\r")
        terminal.wait_for("The directory cannot be reached")
        terminal.wait_until_still()
        terminal.send("shift+tab")
        terminal.type("\x15")
        cwtui.sign_in(terminal, "admin", ADMIN_PASSWORD)
        terminal.wait_for("Enable Multi-Factor Authentication")
        terminal.wait_until_still()
        cwtui.sign_out(terminal)
        with plant.slapd.start_again():
            cwtui.sign_in(terminal, "alice", PASSWORD.reveal())
            terminal.wait_for("Use backup code")
            terminal.wait_until_still()
            terminal.type(one_time_code(secret, time.time() + 30))
            terminal.wait_for("10 unused backup codes left")
