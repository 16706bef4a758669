"""The syslog copy sends each line unchanged and never delays a sign-in."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui import services
from cwtui.accounts import first_admin, organization
from cwtui.accounts.errors import TO_EVERYTHING
from cwtui.accounts.secret import Secret
from cwtui.config import AuditConfig, Config, KeyringConfig, StoreConfig
from cwtui.store.audit.syslog import SyslogCopy
from tests.accounts.world import OPERATOR, PASSWORD


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "log"))
        made.setblocking(False)
        yield made


def test_each_line_is_sent_as_written(receiver: socket.socket, tmp_path: Path) -> None:
    """Facility authpriv (10), severity info (6): RFC 5424 section 6.2.1."""
    config = Config(
        store=StoreConfig(str(tmp_path / "store")),
        keyring=KeyringConfig(str(tmp_path / "keys" / "keyring.json")),
        audit=AuditConfig(syslog=str(tmp_path / "log")),
    )
    ports = services.create(config)
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, OPERATOR)
    organization.update_settings(ports, OPERATOR, {"mfa": "required"}, TO_EVERYTHING)
    written = config.audit_file.read_bytes().splitlines()
    assert len(written) == 2
    got = [receiver.recv(65536) for _ in written]
    assert got == [b"<%d>cwtui[%d]: %b" % (10 * 8 + 6, os.getpid(), line) for line in written]
    assert PASSWORD.encode() not in b"".join(got)


def test_a_missing_receiver_is_ignored_silently(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "none", tmp_path, tmp_path / ("x" * 200)):
        SyslogCopy(str(path))(b"{}")
    assert capfd.readouterr() == ("", "")


def test_a_stuck_receiver_delays_nobody(receiver: socket.socket, tmp_path: Path) -> None:
    copy = SyslogCopy(str(tmp_path / "log"))
    began = time.monotonic()
    for _ in range(2000):
        copy(b"x" * 1000)
    assert time.monotonic() - began < 30
    received = 0
    while True:
        try:
            receiver.recv(2000)
        except BlockingIOError:
            break
        received += 1
    assert 0 < received < 2000


def test_a_receiver_that_returns_gets_the_next_line(tmp_path: Path) -> None:
    copy = SyslogCopy(str(tmp_path / "log"))
    copy(b"lost")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as late:
        late.bind(str(tmp_path / "log"))
        late.setblocking(False)
        copy(b"heard")
        assert late.recv(1000).endswith(b"]: heard")
