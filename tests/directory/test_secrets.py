"""Passwords stay out of logs, exceptions and reprs, even with full ldap3 logging."""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ldap3.utils import log as ldap3_log

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.secret import Secret
from cwtui.directory import bind_password
from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from tests.directory.people import (
    PASSWORD,
    READER,
    READER_PASSWORD,
    config,
    direct,
    steps,
)
from tests.servers import odd_servers
from tests.servers.ports import free_port
from tests.servers.slapd import Slapd


@pytest.fixture
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    ldap3_log.set_library_log_detail_level(ldap3_log.EXTENDED)
    yield
    ldap3_log.set_library_log_detail_level(ldap3_log.OFF)


@pytest.mark.usefixtures("_everything_is_logged")
def test_no_password_is_logged_or_shown(
    tmp_path: Path, slapd: Slapd, ca_file: Path, caplog: pytest.LogCaptureFixture, library: str
) -> None:
    """DESIGN 4.2."""
    wrong = Secret("Ketzin.9-Havel")
    written: list[str] = []
    with odd_servers.cut_in_search(slapd.port) as port:
        ways = [
            config(tmp_path, slapd.ldaps, ca_file=str(ca_file)),
            direct(slapd.ldap, starttls=True, ca_file=str(ca_file)),
            config(tmp_path, slapd.ldaps),
            config(tmp_path, f"ldaps://127.0.0.1:{free_port()}"),
            direct(f"ldap://127.0.0.1:{port}", unsafe_plain_ldap_on_loopback=True),
        ]
        for settings in ways:
            directory = LdapDirectory(settings)
            for name, password in (("alice", PASSWORD), ("alice", wrong), ("nobody", PASSWORD)):
                try:
                    written.append(repr(directory.check_password(name, password)))
                except AccountsError as error:
                    chain = traceback.TracebackException.from_exception(error)
                    written += [repr(error), repr(error.__context__), *chain.format()]
                written += map(repr, steps(directory, name, password))
            written += [repr(directory), repr(settings)]
    if library == "ldap3":  # libldap has no log here
        assert "simple" in caplog.text
        assert "stripped" in caplog.text
    for secret in (PASSWORD.reveal(), wrong.reveal(), READER_PASSWORD):
        assert secret not in caplog.text
        assert secret not in "".join(written)


def from_file(file: Path) -> DirectoryConfig:
    return config_with(bind_password_file=str(file))


def config_with(**more: Any) -> DirectoryConfig:
    return DirectoryConfig(
        servers=("ldaps://a",),
        base="dc=x",
        roles={"minimum-access": ("cn=a",)},
        bind_dn=READER,
        **more,
    )


@pytest.mark.parametrize("content", ["secret", "secret\n", "secret\r\n"])
def test_the_bind_password_is_read_from_a_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content.encode())
    file.chmod(0o640)
    assert bind_password.read(from_file(file)) == Secret("secret")


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o620, 0o601])
def test_a_password_file_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    file.chmod(mode)
    with pytest.raises(DirectoryMisconfigured, match="Other users can access"):
        bind_password.read(from_file(file))


def test_a_password_file_in_a_writable_folder_is_refused(tmp_path: Path) -> None:
    """Others could replace the file."""
    folder = tmp_path / "shared"
    folder.mkdir()
    file = folder / "password"
    file.write_text("secret")
    file.chmod(0o600)
    assert bind_password.read(from_file(file)) == Secret("secret")
    folder.chmod(0o777)
    with pytest.raises(DirectoryMisconfigured, match=r"Other users can write .*shared\."):
        bind_password.read(from_file(file))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        (b"", "one line"),
        (b"\n", "one line"),
        (b"a\nb\n", "one line"),
        (b"a\0b", "one line"),
        (b"\xff", "not UTF-8"),
        (b"x" * 9000, "larger than 8,192 bytes"),
    ],
)
def test_a_file_without_a_usable_password_is_refused(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(DirectoryMisconfigured, match=reason) as refused:
        bind_password.read(from_file(file))
    assert str(file) in str(refused.value)
    assert "xxxx" not in str(refused.value)


def test_the_bind_password_is_read_from_a_systemd_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config_with(bind_password_credential="ldap")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(DirectoryMisconfigured, match="LoadCredential"):
        bind_password.read(settings)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(DirectoryMisconfigured, match="no such file"):
        bind_password.read(settings)
    # systemd's own file mode; its folder is protected.
    (tmp_path / "ldap").write_text("secret")
    (tmp_path / "ldap").chmod(0o444)
    assert bind_password.read(settings) == Secret("secret")
