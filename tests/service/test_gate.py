"""`cwtui gate` on a real terminal."""

import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.cli.commands import PASSWORD, Host
from tests.console.terminal import Terminal
from tests.servers.postgres import Postgres
from tests.service.service import enrolled, new_host, serving

SHOW: Final = ("/bin/sh", "-c", "echo opened; grep SigIgn /proc/self/status; env; exit 7")
HERE: Final = {"SSH_CONNECTION": "203.0.113.7 5022 192.0.2.2 22"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return new_host(tmp_path_factory.mktemp("gate") / "host")


def gate(host: Host, *, env: dict[str, str] | None = None, isolated: bool = False) -> Terminal:
    """Isolated, as our files start it; otherwise forked, for tests of what comes after that."""
    python = (sys.executable, "-I", "-m") if isolated else (sys.executable, "-m")
    command = (*python, "cwtui", "--config", str(host.config), "gate", "--", *SHOW)
    return Terminal(command, host.folder, env=env, term="dumb", forked=not isolated)


def test_the_command_is_started_after_a_sign_in_only(host: Host) -> None:
    _, codes = enrolled(host, "carol")
    env = {"LC_TIME": "C", "LD_PRELOAD": "/nothing.so", "PYTHONPATH": "/tmp", "SECRET": "1"}
    env["PATH"] = f"{host.folder}:{os.defpath}"
    with gate(host, env=env, isolated=True) as terminal:
        terminal.wait_for("Username:")
        terminal.type("carol\n")
        terminal.wait_for("Password:")
        terminal.type("wrong\n")
        terminal.wait_for("Username or password is wrong.")
        terminal.type(f"{PASSWORD}\n")
        terminal.wait_for("backup code):")
        assert "opened" not in terminal.text
        terminal.type(f"{codes[0]}\n")
        assert terminal.wait_exit() == 7  # the command's own
        assert "opened" in terminal.text
        ignored = re.search(r"SigIgn:\s*([0-9a-f]{16})", terminal.raw.decode())
        assert ignored is not None
        # Python ignores these two for itself. Others may come from where the tests were started.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            assert not int(ignored[1], 16) >> (number - 1) & 1
        assert PASSWORD not in terminal.text
        assert "\x1b" not in terminal.raw.decode()
        kept = {line.partition("=")[0] for line in terminal.lines if "=" in line}
        assert {"LC_TIME", "HOME", "TERM"} <= kept
        assert "PATH=/usr/local/bin:/usr/bin:/bin" in terminal.lines
        assert not {"LD_PRELOAD", "PYTHONPATH", "SECRET"} & kept


@pytest.mark.parametrize(
    "keys", ["\x03", "\x04", "alice\n\x04", "alice\nx\nx\nx\n", "nobody\nx\nx\nx\n"]
)
def test_without_a_sign_in_the_status_is_not_0(host: Host, keys: str) -> None:
    with gate(host) as terminal:
        terminal.wait_for("Username:")
        terminal.type(keys)
        assert terminal.wait_exit() in {1, 130}
        assert "opened" not in terminal.text


def test_ctrl_c_leaves_a_service_that_hangs(host: Host) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as hanging:
        hanging.bind(str(host.folder / "gate"))
        hanging.listen()
        with gate(host) as terminal:
            connection, _ = hanging.accept()
            with connection:
                connection.recv(4096)
                connection.send(b"hPassword: ")
                terminal.wait_for("Password:")
                terminal.type("x\n")
                connection.recv(4096)
                terminal.type("\x03")
                assert terminal.wait_exit() == 130
        (host.folder / "gate").unlink()


def test_the_store_can_be_in_a_database(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres
) -> None:
    """A code that the gate has accepted is used up for everyone who shares it."""
    with postgres_server.database() as url:
        host = new_host(tmp_path_factory.mktemp("gate") / "host", url)
        _, codes = enrolled(host, "erin")
        with gate(host) as terminal:
            terminal.wait_for("Username:")
            terminal.type(f"erin\n{PASSWORD}\n{codes[0]}\n")
            assert terminal.wait_exit() == 7
            assert "opened" in terminal.text
        again = host.run("verify", "erin", stdin=f"{PASSWORD}\n{codes[0]}\n".encode())
        assert (again.status, again.out) == (1, "")
        assert "unused backup codes" in again.err
        assert host.run("verify", "erin", stdin=f"{PASSWORD}\n{codes[1]}\n".encode()).status == 0
        accepted = host.run("audit", "--filter", "event:sign_in.complete user:erin", "--json")
        assert len(accepted.out.splitlines()) == 2
        host.config.write_text(host.config.read_text().replace(url, f"{url}&port=1"))
        with gate(host) as terminal:
            terminal.wait_for("Cannot reach the database")
            assert terminal.wait_exit() == 3
            assert "opened" not in terminal.text


@pytest.fixture
def served(host: Host) -> Iterator[Host]:
    with serving(host):
        yield host


def test_the_service_remembers_a_proof_at_the_same_place(served: Host) -> None:
    _, codes = enrolled(served, "dave")
    with gate(served, env=HERE) as terminal:
        terminal.wait_for("Username:")
        terminal.type(f"dave\n{PASSWORD}\n{codes[0]}\n")
        assert terminal.wait_exit() == 7


def test_the_person_cannot_choose_who_decides(host: Host, tmp_path: Path) -> None:
    """Neither with variables, which a client may send, nor with files in the home folder."""
    own = new_host(tmp_path / "own")
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    (tmp_path / ".config").mkdir()
    shutil.copytree(own.folder, tmp_path / ".config" / "cwtui")
    (tmp_path / ".config" / "cwtui" / "config.toml").write_text(own.config.read_text())
    config = host.folder / "other.toml"
    config.write_text(
        f'[service]\ngate_socket = "{host.folder / "none"}"\n[keyring]\nfile = "{own.keyring}"\n'
    )
    chosen = {"CWTUI_CONFIG": str(own.config), "CWTUI_STORE": str(own.store), **HERE, **home}
    for options in ((), ("--config", str(config))):
        command = (sys.executable, "-I", "-m", "cwtui", *options, "gate", "--", *SHOW)
        with Terminal(command, tmp_path, env=chosen, term="dumb") as terminal:
            terminal.wait_for("No sign-in service")
            assert str(own.folder) not in terminal.text
            assert terminal.wait_exit() == 3
