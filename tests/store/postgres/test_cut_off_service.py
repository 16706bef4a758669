"""`cwtui serve` while PostgreSQL is stopped: what PAM shows, the status, and the doctor."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cwtui.config.loading import load
from cwtui.service import client
from cwtui.service.packets import Phase, Request, Verdict
from tests.accounts.world import PASSWORD, Device
from tests.cli.commands import Host
from tests.dialogue.scripted import Scripted
from tests.servers.own_postgres import OwnPostgres, own_server
from tests.servers.postgres import Postgres
from tests.service.service import Service, serving
from tests.store.postgres import people

SECONDS = 30


@pytest.fixture
def server(postgres_server: Postgres) -> Iterator[OwnPostgres]:
    with own_server(postgres_server, {}) as server:
        yield server


@pytest.fixture
def host(server: OwnPostgres, tmp_path: Path) -> Host:
    folder = tmp_path / "host"
    folder.mkdir()
    host = Host(folder)
    host.config.write_text(
        f'store.url = "{server.url}"\nkeyring.file = "{host.keyring}"\n'
        f'[service]\nsocket = "{folder / "pam"}"\ngate_socket = "{folder / "gate"}"\n'
        f'[cut_off]\ndays = 7\nfolder = "{folder / "copies"}"\n'
    )
    return host


def sign_in(service: Service, *answers: str) -> tuple[Verdict, list[str]]:
    """The verdict, and what PAM's module shows."""
    person = Scripted([*answers])
    fields = {"user": "alice", "service": "sshd", "mode": "full", "rhost": "203.0.113.7"}
    verdict = client.converse(service.socket, Request(Phase.AUTH, fields), person)
    return verdict, [text for _, text in person.heard]


def status(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(client.status(service.socket))
    return found


def with_a_copy(service: Service, device: Device, now: float) -> None:
    assert sign_in(service, PASSWORD, device.code(now))[0] is Verdict.ACCEPTED
    until = time.monotonic() + SECONDS
    while not status(service)["cut_off"]["copies"]:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_service_lets_its_people_in_while_postgresql_is_stopped(
    host: Host, server: OwnPostgres
) -> None:
    """Also after it was killed meanwhile. Without the setting, it does not."""
    database = people.made(load(str(host.config)))
    device = people.add(database, ["alice"])
    now, codes = database.now(), [code.reveal() for code in device.codes]
    with serving(host) as service:
        with_a_copy(service, device, now)
        server.stop_slowly(signal.SIGINT)
        verdict, shown = sign_in(service, PASSWORD, codes[0])
        assert verdict is Verdict.ACCEPTED
        assert shown[0].startswith("This host cannot reach the account database. Only people who")
        assert shown[-1].startswith("Your sign-in was checked with a copy from 20")
        service.end(signal.SIGKILL)
    with serving(host) as service:
        assert "not one of your unused" in " ".join(sign_in(service, PASSWORD, codes[0], "", "")[1])
        assert sign_in(service, PASSWORD, codes[1])[0] is Verdict.ACCEPTED
        told = host.run("serve", "--status")
        assert told.status == 0
        assert "Cut off from the database since 20" in told.out
        assert "8 events to be sent\nLocal copies: 1 person, up to date at 20" in told.out
        doctor = host.run("doctor", "service")
        assert "This host is cut off from the database since" in doctor.out
        assert doctor.status == 1
        service.end()
    off = host.config.read_text().replace("days = 7", "days = 0")
    on, _ = host.config.read_text(), host.config.write_text(off)
    assert "Cannot reach the database" in host.run("serve").err
    host.config.write_text(on)
    server.start()
    with serving(host) as service:
        assert status(service)["cut_off"]["since"] is None
        service.end()
    account = database.accounts.get("alice")
    assert account is not None
    assert account.second_factor is not None
    assert len(account.second_factor.backup_codes.hashes) == 8
    found = host.run("audit", "--filter", "while_cut_off event:sign_in.complete", "--json")
    assert len(found.out.splitlines()) == 2
    assert host.run("audit", "verify").status == 0
    # Switched off, with the database there, the service deletes the copies.
    host.config.write_text(off)
    assert (host.folder / "copies").exists()
    with serving(host) as service:
        assert sign_in(service, PASSWORD, codes[2])[0] is Verdict.ACCEPTED
    assert not (host.folder / "copies").exists()
