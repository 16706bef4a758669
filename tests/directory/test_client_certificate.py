"""A server that demands a client certificate: presenting it, and errors when it is missing."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotTrustDirectory,
    DirectoryMisconfigured,
)
from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from tests.directory.people import LDIF, MEMBERSHIPS, PASSWORD, config
from tests.servers import odd_servers
from tests.servers import slapd as servers
from tests.servers.certificates import Authority, Certificate
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture(scope="module")
def demanding(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate, authority: Authority
) -> Iterator[Slapd]:
    demand = f"TLSVerifyClient demand\nTLSCACertificateFile {authority.file}"
    folder = tmp_path_factory.mktemp("demanding")
    with servers.start(folder, certificate, LDIF, verify_client=demand) as running:
        running.add(MEMBERSHIPS)
        yield running


def pem(folder: Path, shown: Certificate) -> Path:
    file = folder / "client.pem"
    file.write_bytes(shown.certificate.read_bytes() + shown.key.read_bytes())
    file.chmod(0o600)
    return file


def settings(
    folder: Path, server: Slapd, ca_file: Path, way: str = "ldaps", **more: object
) -> DirectoryConfig:
    url = server.ldaps if way == "ldaps" else server.ldap
    return config(folder, url, starttls=way == "starttls", ca_file=str(ca_file), **more)


@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_the_client_certificate_comes_from_a_file(
    tmp_path: Path, demanding: Slapd, authority: Authority, ca_file: Path, way: str
) -> None:
    file = str(pem(tmp_path, authority.certificate("client", "client")))
    found = settings(tmp_path, demanding, ca_file, way, client_certificate_file=file)
    assert LdapDirectory(found).check_password("alice", PASSWORD).username == "alice"


def test_the_client_certificate_comes_from_a_credential(
    tmp_path: Path,
    demanding: Slapd,
    authority: Authority,
    ca_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = pem(tmp_path, authority.certificate("client", "client"))
    file.chmod(0o444)
    found = settings(tmp_path, demanding, ca_file, client_certificate_credential="client.pem")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(DirectoryMisconfigured, match="LoadCredential=, or set client_certificate"):
        LdapDirectory(found).find("alice")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert LdapDirectory(found).find("alice")


@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_a_missing_or_wrong_certificate_is_explained(
    tmp_path: Path, demanding: Slapd, ca_file: Path, way: str
) -> None:
    """GnuTLS, which Debian's slapd uses, only drops the connection."""
    with pytest.raises(CannotReachDirectory) as unreachable:
        LdapDirectory(settings(tmp_path, demanding, ca_file, way)).find("alice")
    (reason,) = unreachable.value.reasons
    assert "may require a client certificate (client_certificate_file)" in reason
    stranger = Authority(tmp_path / "stranger", "Stranger")
    file = str(pem(tmp_path, stranger.certificate("client", "client")))
    wrong = settings(tmp_path, demanding, ca_file, way, client_certificate_file=file)
    with pytest.raises(CannotReachDirectory) as unreachable:
        LdapDirectory(wrong).find("alice")
    (reason,) = unreachable.value.reasons
    assert "may refuse the client certificate" in reason


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_tls_alert_about_the_certificate_is_explained(
    tmp_path: Path, certificate: Certificate, ca_file: Path, version: ssl.TLSVersion
) -> None:
    """OpenSSL sends an alert; waiting does not help, so users are told to inform an admin."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    context.load_verify_locations(ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version

    def demand(connection: socket.socket) -> None:
        with context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ) as protected:
            with suppress(ssl.SSLError):
                protected.do_handshake()
            # Otherwise unread data would cause a reset, which overtakes the alert.
            while socket.socket.recv(protected, 65536):
                pass

    stranger = Authority(tmp_path / "stranger", "Stranger").certificate("client", "client")
    with odd_servers.answering(demand) as port:
        url = f"ldaps://127.0.0.1:{port}"
        for more, says in (
            ({}, "client certificate"),
            ({"client_certificate_file": str(pem(tmp_path, stranger))}, "refuses the client"),
        ):
            found = config(tmp_path, url, ca_file=str(ca_file), **more)
            with pytest.raises(CannotTrustDirectory, match="Ask an admin") as refused:
                LdapDirectory(found).find("alice")
            (reason,) = refused.value.reasons
            assert says in reason


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("no file", 0o600, "no such file"),
        ("nothing", 0o600, "the certificate and its unencrypted key in PEM format"),
        ("certificate", 0o600, "the certificate and its unencrypted key in PEM format"),
        ("encrypted", 0o600, "unencrypted key"),
        ("both", 0o644, "Other users can access the client certificate"),
    ],
)
def test_an_unusable_client_certificate_file_is_explained(
    tmp_path: Path,
    demanding: Slapd,
    authority: Authority,
    ca_file: Path,
    content: str,
    mode: int,
    says: str,
) -> None:
    """With an encrypted key, OpenSSL would ask for its password on the terminal."""
    file = pem(tmp_path, authority.certificate("client", "client"))
    whole = file.read_text()
    contents = {
        "nothing": "",
        "certificate": whole.partition("-----BEGIN PRIVATE")[0],
        "encrypted": _encrypted(whole),
        "both": whole,
    }
    file.unlink()
    if content in contents:
        file.write_text(contents[content])
        file.chmod(mode)
    found = settings(tmp_path, demanding, ca_file, client_certificate_file=str(file))
    with pytest.raises(DirectoryMisconfigured, match=says) as refused:
        LdapDirectory(found).find("alice")
    assert str(file) in str(refused.value)


def _encrypted(whole: str) -> str:
    shown, begin, key = whole.partition("-----BEGIN PRIVATE")
    loaded = serialization.load_pem_private_key((begin + key).encode(), None)
    hidden = loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    return shown + hidden.decode()
