"""The service in its own process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from cwtui import __version__
from cwtui.accounts.errors import CannotCheck
from cwtui.service import client, packets
from cwtui.service.packets import Phase, Request, Verdict
from tests.cli.commands import PASSWORD, Host
from tests.dialogue.scripted import Scripted
from tests.service.service import SERVE, Service, new_host, serving


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return new_host(tmp_path_factory.mktemp("served") / "host")


@pytest.fixture(scope="module")
def service(host: Host) -> Iterator[Service]:
    with serving(host) as started:
        yield started


FULL = {"mode": "full", "nullok": "1"}  # alice has no device


def sign_in(path: Path, password: str = PASSWORD) -> tuple[Verdict, Scripted]:
    person = Scripted([password])
    fields = {"user": "alice", "service": "sshd", "rhost": "203.0.113.7", **FULL}
    return client.converse(path, Request(Phase.AUTH, fields), person), person


def test_people_sign_in_and_the_status_counts_them(service: Service) -> None:
    verdict, person = sign_in(service.socket)
    assert verdict is Verdict.ACCEPTED
    assert person.heard[0] == ("secret", "Password: ")
    status = service.host.run("serve", "--status").out
    assert status.startswith(f"cwtui {__version__}, running since ")
    assert "auth accepted: 1" in status
    assert service.host.run("serve", "--status", "--json").json["conversations"]
    assert oct(service.socket.stat().st_mode & 0o777) == "0o600"


def test_the_operator_is_told_that_the_store_is_missing(service: Service) -> None:
    store = service.host.store
    away = store.rename(store.with_name("away"))
    try:
        told = service.host.run("serve", "--status")
    finally:
        away.rename(store)
    assert told.status == 3
    assert told.err.startswith(f"There is no store in {store}")


def test_the_operator_is_told_that_the_keyring_is_missing(service: Service) -> None:
    keyring = service.host.keyring
    away = keyring.rename(keyring.with_name("away"))
    try:
        told = service.host.run("serve", "--status")
    finally:
        away.rename(keyring)
    assert told.status == 3
    assert told.err.endswith("doctor store keyring\n")


def test_a_session_at_a_door_is_listed_while_the_service_runs(tmp_path: Path) -> None:
    """The service speaks the language of its host to people, and English in its log."""
    host = new_host(tmp_path / "host")

    def listed() -> list[str]:
        return [one["door"] for one in host.run("session", "list", "--json").json]

    with serving(host, {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": ""}) as service:
        _, person = sign_in(service.socket)
        assert person.heard[0] == ("secret", "Passwort: ")
        fields = {"user": "alice", "service": "sshd", "rhost": "203.0.113.7"}
        opened = client.converse(service.socket, Request(Phase.OPEN, fields), Scripted())
        assert opened is Verdict.ACCEPTED
        until = time.monotonic() + 20
        while listed() != ["sshd"]:
            assert time.monotonic() < until
        assert service.end() == (0, "The service ends: it got SIGTERM.\n")
    assert listed() == []


def test_hostile_clients_disturb_nobody(service: Service) -> None:
    rude = [
        b"",
        b"x" * 9000,
        Request(Phase.AUTH, {"user": "alice"}).encoded()[:-1],
        b"cwtui1\0auth\0user=\xff\0",
    ]
    for packet in rude:
        with connected(service.socket) as one:
            one.send(packet)
            one.settimeout(5)
            assert one.recv(100) == b"", packet
    silent = [connected(service.socket) for _ in range(20)]
    answering = connected(service.socket)
    answering.send(Request(Phase.AUTH, {"user": "alice", **FULL}).encoded())
    assert packets.from_service(answering.recv(100))
    answering.send(b"a" * 2000)  # too long an answer ends it
    assert answering.recv(100) == b""
    assert sign_in(service.socket)[0] is Verdict.ACCEPTED
    for one in (*silent, answering):
        one.close()


def connected(path: Path) -> socket.socket:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.connect(str(path))
    return one


def test_a_crowd_is_answered(service: Service) -> None:
    """Checks of codes and entries are quick, so that this costs little."""
    request = Request(Phase.ACCOUNT, {"user": "alice"})

    def ask(_: int) -> Verdict:
        return client.converse(service.socket, request, Scripted())

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(200))) == {Verdict.ACCEPTED}


def test_a_local_user_cannot_take_all_conversations_of_root(service: Service) -> None:
    """Anybody may start su as often as they like, and leave it waiting for an answer."""
    fields = {"user": "alice", "service": "su", **FULL, "ruser": "eve"}
    waiting = [connected(service.socket) for _ in range(8)]
    for one in waiting:
        one.send(Request(Phase.AUTH, fields).encoded())
        assert packets.from_service(one.recv(100)) == (packets.Shown.SECRET, "Password: ")
    person = Scripted()
    assert client.converse(service.socket, Request(Phase.AUTH, fields), person) is Verdict.TOO_MANY
    assert person.last == ("warn", "Too many sign-ins are open. End one first.")
    assert sign_in(service.socket)[0] is Verdict.ACCEPTED
    for one in waiting:
        one.close()


def test_a_second_service_is_refused(service: Service) -> None:
    refused = service.host.run("serve")
    assert refused.status == 1
    assert "A service is running already" in refused.err
    assert sign_in(service.socket)[0] is Verdict.ACCEPTED


def sockets(path: Path) -> tuple[str, ...]:
    return ("--socket", str(path), "--gate-socket", f"{path}-gate")


def test_it_lets_a_conversation_end_and_removes_its_socket(host: Host) -> None:
    path = host.folder / "other"
    process = subprocess.Popen(
        [*SERVE, "--config", str(host.config), "serve", *sockets(path)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    with connected(path) as one:
        one.send(Request(Phase.AUTH, {"user": "alice", **FULL}).encoded())
        one.recv(100)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        assert not path.exists()  # another service may put its own there from now on
        one.send(packets.answer(PASSWORD))
        assert packets.from_service(one.recv(1000)) is Verdict.ACCEPTED
    assert process.wait(30) == 0
    process.stderr.close()
    assert not path.exists()
    with pytest.raises(CannotCheck, match="No sign-in service"):
        sign_in(path)


def test_a_killed_service_can_be_started_again(host: Host) -> None:
    stale = host.folder / "stale"
    left = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    left.bind(str(stale))
    left.close()  # as after kill -9: the file stays
    assert stale.is_socket()
    # Something else there is kept.
    file = host.folder / "file"
    file.write_text("kept")
    assert "not a socket" in host.run("serve", "--socket", str(file)).err
    assert file.read_text() == "kept"
    with activated(host, stale) as (process, told):
        assert told.recv(100) == b"READY=1"
        assert sign_in(stale)[0] is Verdict.ACCEPTED
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert told.recv(100) == b"STOPPING=1"
    assert stale.exists()  # it is systemd's


@contextmanager
def activated(host: Host, path: Path) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """The service with a socket from systemd, as LISTEN_FDS and NOTIFY_SOCKET say."""
    path.unlink()
    start = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = "
        "str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])"
    )
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told,
    ):
        listening.bind(str(path))
        listening.listen()
        notify = host.folder / "notify"
        told.bind(str(notify))
        told.settimeout(30)
        given = listening.fileno()
        serve = (*SERVE, "--config", str(host.config), "serve")
        process = subprocess.Popen(
            [sys.executable, "-c", start, str(given), *serve],
            pass_fds=[given],
            env={**os.environ, "LISTEN_FDS": "1", "NOTIFY_SOCKET": str(notify)},
        )
        try:
            yield process, told
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def test_a_client_waits_while_the_queue_is_full(tmp_path: Path) -> None:
    path = tmp_path / "busy"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as busy:
        busy.bind(str(path))
        busy.listen(0)
        busy.settimeout(5)
        waiting = [connected(path)]

        def take() -> None:
            time.sleep(0.3)
            for _ in range(2):
                one, _ = busy.accept()
                with one:
                    one.settimeout(5)
                    if one.recv(4096):
                        one.send(packets.verdict(Verdict.ACCEPTED))

        with ThreadPoolExecutor(1) as pool:
            taking = pool.submit(take)
            waiting[0].send(Request(Phase.STATUS, {}).encoded())
            assert client.converse(path, Request(Phase.STATUS, {}), Scripted()) is Verdict.ACCEPTED
            taking.result()
        waiting[0].close()
