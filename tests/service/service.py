"""`cwtui serve` in a process of its own, on a store of the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyotp
from msgspec.structs import replace

from cwtui.accounts import enrolment, self_service
from cwtui.accounts.session import open_session
from tests.cli.accounts import put
from tests.cli.commands import PASSWORD, Host
from tests.new_store import quick

SERVE: Final = (sys.executable, "-I", "-m", "cwtui")


@dataclass
class Service:
    host: Host
    socket: Path
    process: subprocess.Popen[str]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send the signal, and return the exit status and what it wrote."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


def new_host(folder: Path, database: str = "") -> Host:
    """A host with the admin `admin` and the user `alice`, and with sockets in its folder.

    With a URL, its store is in that database.
    """
    folder.mkdir()
    host = Host(folder)
    if database:
        host.config.write_text(host.config.read_text().replace(str(host.store), database))
    with host.config.open("a") as file:
        file.write(f'[service]\nsocket = "{folder / "pam"}"\ngate_socket = "{folder / "gate"}"\n')
    made = host.run("init", "--admin", "admin", "--password-stdin", stdin=PASSWORD.encode())
    assert made.status == 0, made.err
    put(host, "alice")
    return host


def enrolled(host: Host, name: str) -> tuple[str, list[str]]:
    """Add an account with the password PASSWORD and a device; return its key and backup codes."""
    put(host, name)
    ports = quick(host.ports())
    account = ports.accounts.get(name)
    assert account is not None
    session = open_session(ports, account, "console", ports.now())
    offered = self_service.begin_enrolment(ports, session)
    code = pyotp.TOTP(offered.totp_secret.reveal()).now()
    after, codes = self_service.register_device(ports, session, offered, code)
    self_service.acknowledge_backup_codes(ports, after)
    return offered.totp_secret.reveal(), [code.reveal() for code in codes]


def more_backup_codes(host: Host, name: str) -> list[str]:
    """Replace the backup codes of an account that has a device."""
    ports = quick(host.ports())
    hashed, codes = enrolment.new_backup_codes(ports)
    account = ports.accounts.get(name)
    assert account is not None
    factor = replace(enrolment.second_factor(account), backup_codes=hashed)
    put(host, name, second_factor=factor)
    return [code.reveal() for code in codes]


@contextmanager
def serving(host: Host, env: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Start the service, wait until it listens, and end it."""
    socket = host.folder / "pam"
    process = subprocess.Popen(
        [*SERVE, "--config", str(host.config), "serve"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    service = Service(host, socket, process)
    try:
        assert process.stderr is not None
        assert any("Listening on" in line for line in process.stderr)
        yield service
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_gone(path: Path, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.02)
