"""The service is missing, hangs, or is somebody else: denied."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.pam.cases import WRONG_ARGUMENTS
from tests.pam.scripted import (
    AUTH_ERR,
    PERM_DENIED,
    SESSION_ERR,
    SUCCESS,
    UNAVAILABLE,
    UNREACHABLE,
    Host,
    Outcome,
    Service,
)
from tests.programs import as_root

NOBODY = 65534


def is_denied(happened: Outcome) -> bool:
    return happened.result == UNAVAILABLE and happened.errors == [UNREACHABLE]


def test_without_a_service_every_phase_is_denied(host: Host) -> None:
    happened = host.sign_in("auth", "account", "open", "close")
    assert [code for _, code in happened.results] == [UNAVAILABLE] * 2 + [SESSION_ERR] * 2
    assert happened.errors == [UNREACHABLE] * 3  # nobody waits for the end of a session
    assert all(str(host.socket) in line for line in happened.log)


def test_a_socket_without_a_service_or_of_another_type_is_denied(host: Host) -> None:
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_UNIX, kind) as other:
            other.bind(str(host.socket))
            if kind == socket.SOCK_STREAM:
                other.listen()
            assert is_denied(host.sign_in("auth"))
        host.socket.unlink()
    host.socket.write_bytes(b"a file")
    assert is_denied(host.sign_in("auth"))


@pytest.mark.parametrize("interrupted", ["", "ticking"])
def test_a_hanging_service_is_denied_after_the_time(host: Host, interrupted: str) -> None:
    """Signals make it neither fail early nor wait longer."""
    host.arguments("timeout=1")
    options = [interrupted] if interrupted else []
    begun = time.monotonic()
    with Service(host.socket, [b"iWelcome", Service.HANG]):
        assert host.sign_in(*options, "auth").errors == [UNREACHABLE]
    assert 1 <= time.monotonic() - begun < 10


def test_a_service_that_takes_no_connections_is_denied_after_the_time(host: Host) -> None:
    host.arguments("timeout=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as full:
        full.bind(str(host.socket))
        full.listen(0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as waiting:
            waiting.connect(str(host.socket))
            begun = time.monotonic()
            assert is_denied(host.sign_in("ticking", "auth"))
            assert 1 <= time.monotonic() - begun < 10


def test_a_person_may_take_longer_than_the_service(host: Host) -> None:
    host.arguments("timeout=1")
    options = ["ticking", "pause", "answer=slow", "auth"]
    assert host.ask(b"hPassword:", b"A", options=options).result == SUCCESS


def test_a_service_that_dies_before_the_answer_kills_nobody(host: Host) -> None:
    """Writing to it would raise SIGPIPE."""
    service = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    service.bind(str(host.socket))
    service.listen()
    child = os.fork()
    if child == 0:
        connection, _ = service.accept()
        connection.recv(4096)
        connection.sendall(b"hPassword:")
        os._exit(0)
    service.close()
    happened = host.sign_in("pause", "answer=late", "auth")
    os.waitpid(child, 0)
    assert happened.result == UNAVAILABLE
    assert happened.seen == [("h", "Password:"), ("e", UNREACHABLE)]
    assert happened.wiped == 1


@contextmanager
def service_of(user: int, path: Path) -> Iterator[None]:
    """A service that accepts everybody, run by this user."""
    ready, is_ready = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        service = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        service.bind(str(path))
        os.setresuid(user, user, user)
        service.listen()
        os.write(is_ready, b".")
        while True:
            connection, _ = service.accept()
            with suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"A")
    os.read(ready, 1)
    os.close(ready)
    os.close(is_ready)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@as_root
def test_only_root_or_the_owner_of_the_socket_is_the_service(host: Host) -> None:
    with service_of(NOBODY, host.socket):
        assert is_denied(host.sign_in("auth"))
        os.chown(host.socket, NOBODY, -1)
        assert host.sign_in("auth").result == SUCCESS
        os.chown(host.socket, NOBODY - 1, -1)
        assert is_denied(host.sign_in("auth"))
    host.socket.unlink()
    with service_of(0, host.socket):
        os.chown(host.socket, NOBODY, -1)
        assert host.sign_in("auth").result == SUCCESS


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_write_to_is_denied(host: Host, mode: int) -> None:
    """Anybody could place a socket there while the service is away."""
    host.folder.chmod(mode)
    assert is_denied(host.ask(b"A"))


def test_an_argument_that_is_not_understood_denies_every_phase(host: Host) -> None:
    with Service(host.socket, [b"A"]) as service:
        for argument in WRONG_ARGUMENTS:
            host.arguments(f"[{argument}]")
            happened = host.sign_in("auth", "account", "open", "close")
            codes = [code for _, code in happened.results]
            assert codes == [AUTH_ERR, PERM_DENIED, SESSION_ERR, SESSION_ERR], argument
            assert all(f"argument {argument} is" in line for line in happened.log), argument
        assert not service.requests
        host.arguments("timeout=600")
        assert host.sign_in("auth").result == SUCCESS
