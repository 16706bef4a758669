"""Connections: TLS before any password, to the right host, within the time limits."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from cwtui.accounts.directory_port import CannotReachDirectory, DirectoryMisconfigured
from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.servers import Server
from cwtui.directory.transport import Deadline
from tests.accounts.world import Clock
from tests.directory.people import LDIF, PASSWORD, config, steps
from tests.servers import ber, odd_servers
from tests.servers import slapd as servers
from tests.servers.certificates import Authority, Certificate
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.usefixtures("library")

QUICK = {"connect_seconds": 0.3, "bind_seconds": 0.3, "search_seconds": 0.3, "total_seconds": 0.6}


def reasons(directory: LdapDirectory) -> tuple[str, ...]:
    """The reasons why no server was reached."""
    with pytest.raises(CannotReachDirectory) as unreachable:
        directory.check_password("alice", PASSWORD)
    assert "does not count as a failed attempt" in str(unreachable.value)
    return unreachable.value.reasons


@contextmanager
def with_certificate(folder: Path, certificate: Certificate) -> Iterator[Slapd]:
    with servers.start(folder, certificate, LDIF) as running:
        yield running


@pytest.mark.parametrize("way", ["ldaps", "starttls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_valid_certificate_is_accepted(
    tmp_path: Path, slapd: Slapd, ca_file: Path, way: str, host: str
) -> None:
    settings = secured(tmp_path, slapd, ca_file, way, host)
    assert LdapDirectory(settings).check_password("alice", PASSWORD).username == "alice"
    told = {step.what: step for step in steps(LdapDirectory(settings), "alice")}
    assert told["tls"].ok
    assert "TLSv1.3; the certificate is for CN=good and valid until " in told["tls"].sentence


def secured(
    folder: Path, slapd: Slapd, ca_file: Path | str, way: str, host: str = "127.0.0.1"
) -> DirectoryConfig:
    if way == "ldaps":
        return config(folder, f"ldaps://{host}:{slapd.tls_port}", ca_file=str(ca_file))
    return config(folder, f"ldap://{host}:{slapd.port}", starttls=True, ca_file=str(ca_file))


@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_an_untrusted_authority_is_refused(
    tmp_path: Path, slapd: Slapd, ca_file: Path, way: str
) -> None:
    other = Authority(tmp_path / "other").file
    # An authority of the same name with another key; and only those of this host.
    for trusted in (other, ""):
        (reason,) = reasons(LdapDirectory(secured(tmp_path, slapd, trusted, way)))
        assert "not trusted here: set ca_file" in reason
    assert LdapDirectory(secured(tmp_path, slapd, ca_file, way)).find("alice")


@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_an_expired_certificate_is_refused(
    tmp_path: Path, authority: Authority, ca_file: Path, way: str
) -> None:
    old = authority.certificate("old", "127.0.0.1", days=-1)
    with with_certificate(tmp_path, old) as running:
        (reason,) = reasons(LdapDirectory(secured(tmp_path, running, ca_file, way)))
    assert "has expired" in reason


@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_a_certificate_for_another_host_is_refused(
    tmp_path: Path, authority: Authority, ca_file: Path, way: str
) -> None:
    other = authority.certificate("other", "ldap.example.com", "10.0.0.1")
    with with_certificate(tmp_path, other) as running:
        for host in ("127.0.0.1", "localhost"):
            directory = LdapDirectory(secured(tmp_path, running, ca_file, way, host))
            (reason,) = reasons(directory)
            assert f"a certificate that is not for {host}" in reason


def test_no_password_travels_before_tls(tmp_path: Path, ca_file: Path) -> None:
    """A server without StartTLS, or an attacker in between, sees only the StartTLS request."""
    seen: list[ber.Request] = []

    def refuse(connection: socket.socket) -> None:
        while request := ber.received(connection):
            seen.append(request)
            connection.sendall(ber.result(request.id, ber.EXTENDED_DONE, 2))

    with odd_servers.answering(refuse) as port:
        settings = config(tmp_path, f"ldap://127.0.0.1:{port}", starttls=True, ca_file=str(ca_file))
        (reason,) = reasons(LdapDirectory(settings))
    assert "does not offer StartTLS" in reason
    (operation,) = (request.operation for request in seen)
    assert (operation.tag, operation.parts[0].content) == (ber.EXTENDED, b"1.3.6.1.4.1.1466.20037")


def test_plain_ldap_stays_on_this_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name such as localhost may lead elsewhere."""

    def elsewhere(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 389))]

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    settings = config(tmp_path, "ldap://localhost", unsafe_plain_ldap_on_loopback=True)
    (reason,) = reasons(LdapDirectory(settings))
    assert "is not on this host" in reason


@pytest.mark.parametrize(
    ("server", "more", "key"),
    [
        ("ldaps", {}, "connect_seconds"),
        ("ldap", {"starttls": True}, "connect_seconds"),
        ("ldap", {"unsafe_plain_ldap_on_loopback": True}, "bind_seconds"),
    ],
    ids=["tls-handshake", "starttls", "bind"],
)
def test_a_silent_server_times_out(
    tmp_path: Path, server: str, more: dict[str, object], key: str
) -> None:
    with odd_servers.silent() as port:
        settings = config(tmp_path, f"{server}://127.0.0.1:{port}", **more, **QUICK)
        assert reasons(LdapDirectory(settings)) == (
            f"{server}://127.0.0.1:{port} did not answer within 0.3 seconds ({key})",
        )


def test_the_expired_time_limit_is_named() -> None:
    """The configured limit, not what remained of it at the last request."""
    clock = Clock(1000.0)
    total = Deadline(clock, 8)
    clock.forward(7.38)
    assert str(total.within(4, "search_seconds").missed()).endswith("8 seconds (total_seconds)")
    assert str(total.within(0.5, "bind_seconds").missed()).endswith("0.5 seconds (bind_seconds)")
    share = Deadline(clock, 8).share(2)
    assert str(share.missed()).endswith("4 seconds (its share of total_seconds)")


@pytest.mark.parametrize(
    ("way", "head"), [("ldap", odd_servers.LONG_MESSAGE), ("ldaps", odd_servers.LONG_RECORD)]
)
def test_a_server_that_answers_byte_by_byte_times_out(
    tmp_path: Path, way: str, head: bytes
) -> None:
    """A time-out per read would never expire."""
    more = {"unsafe_plain_ldap_on_loopback": True} if way == "ldap" else {}
    with odd_servers.dripping(head) as port:
        settings = config(tmp_path, f"{way}://127.0.0.1:{port}", **more, **QUICK)
        (reason,) = reasons(LdapDirectory(settings))
    key = "bind_seconds" if way == "ldap" else "connect_seconds"
    assert reason.endswith(f"did not answer within 0.3 seconds ({key})")


def test_a_silent_name_server_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """getaddrinfo has no time-out of its own."""
    over = Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait()
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    try:
        (reason,) = reasons(LdapDirectory(config(tmp_path, "ldaps://ldap.example.com", **QUICK)))
    finally:
        over.set()
    assert "not resolved in time" in reason
    assert time.monotonic() - began < 10


def test_hanging_servers_share_the_total_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default of 8 seconds keeps a sign-in under 10 for any number of servers."""
    clock, shares = Clock(1000.0), []

    def hang(_server: Server, _config: DirectoryConfig, deadline: Deadline) -> None:
        shares.append(deadline.left())
        clock.forward(shares[-1])
        raise deadline.missed()

    monkeypatch.setattr("cwtui.directory.channel.Channel", hang)
    urls = [f"ldaps://{name}.example.com" for name in "abc"]
    directory = LdapDirectory(config(tmp_path, *urls), clock=clock)
    assert len(reasons(directory)) == 3
    assert shares == pytest.approx([8 / 3] * 3)
    assert clock() == pytest.approx(1008)
    # All are skipped now, so all are asked again.
    assert len(reasons(directory)) == 3


def test_no_server_is_asked_after_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = Clock(1000.0), []

    def late(server: Server, _config: DirectoryConfig, deadline: Deadline) -> None:
        asked.append(server.host)
        clock.forward(9)
        raise deadline.missed()

    monkeypatch.setattr("cwtui.directory.channel.Channel", late)
    directory = LdapDirectory(config(tmp_path, "ldaps://a", "ldaps://b"), clock=clock)
    assert len(reasons(directory)) == 1
    # b was not asked, so it does not count as dead.
    reasons(directory)
    assert asked == ["a", "b"]


def test_each_really_hanging_server_is_reported(tmp_path: Path) -> None:
    with odd_servers.silent() as a, odd_servers.silent() as b, odd_servers.silent() as c:
        urls = [f"ldaps://127.0.0.1:{port}" for port in (a, b, c)]
        said = reasons(LdapDirectory(config(tmp_path, *urls, **QUICK | {"total_seconds": 3.0})))
    assert [reason.split()[0] for reason in said] == urls


def test_the_environment_cannot_weaken_tls(
    tmp_path: Path, slapd: Slapd, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN 4.5: neither the trusted authorities nor a log of the session keys."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    (reason,) = reasons(LdapDirectory(config(tmp_path, slapd.ldaps)))
    assert "not trusted here" in reason
    assert LdapDirectory(config(tmp_path, slapd.ldaps, ca_file=str(ca_file))).find("alice")
    assert not (tmp_path / "keys").exists()


def test_without_ca_file_the_hosts_authorities_are_trusted(
    tmp_path: Path, slapd: Slapd, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that OpenSSL was built to trust."""
    usual = ssl.get_default_verify_paths()
    monkeypatch.setattr(
        ssl,
        "get_default_verify_paths",
        lambda: usual._replace(openssl_cafile=str(ca_file), openssl_capath="/none"),
    )
    assert LdapDirectory(config(tmp_path, slapd.ldaps)).find("alice")


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_unusable_ca_file_is_reported(tmp_path: Path, slapd: Slapd, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    directory = LdapDirectory(config(tmp_path, slapd.ldaps, ca_file=str(file)))
    with pytest.raises(DirectoryMisconfigured, match="ca_file"):
        directory.find("alice")


def test_a_ca_file_others_can_write_is_refused(tmp_path: Path, slapd: Slapd, ca_file: Path) -> None:
    """Whoever can write it decides which servers check passwords."""
    file = tmp_path / "ca.pem"
    file.write_bytes(ca_file.read_bytes())
    directory = LdapDirectory(secured(tmp_path, slapd, file, "ldaps"))
    assert directory.find("alice") is not None
    file.chmod(0o666)
    with pytest.raises(DirectoryMisconfigured, match=r"Other users can write .*ca\.pem\."):
        directory.check_password("alice", PASSWORD)


def test_old_tls_is_refused(tmp_path: Path, certificate: Certificate, ca_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    def old(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with odd_servers.answering(old) as port:
        settings = config(tmp_path, f"ldaps://127.0.0.1:{port}", ca_file=str(ca_file))
        (reason,) = reasons(LdapDirectory(settings))
    assert "TLS 1.2 or newer" in reason
