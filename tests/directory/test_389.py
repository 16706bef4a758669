"""Answers specific to 389 Directory Server."""

import os
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import (
    DirectoryAccountDisabled,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
    PasswordNotice,
)
from tests.directory.people import PASSWORD, steps
from tests.directory.real import Real, in_389
from tests.servers import ds389, enclosed
from tests.servers.enclosed import Enclosed


@pytest.fixture(scope="session")
def real(dirsrv: Enclosed) -> Real:
    return in_389(dirsrv)


def test_an_inactive_account_is_refused(tmp_path: Path, real: Real) -> None:
    """Error 19 as for too many wrong passwords, but with another text; waiting does not help."""
    with pytest.raises(DirectoryAccountDisabled, match="was unused for too long"):
        real.directory(tmp_path).check_password("unused", PASSWORD)


def test_grace_sign_ins_after_expiry_are_counted_down(
    tmp_path: Path, real: Real, library: str
) -> None:
    directory = real.directory(tmp_path)
    for left in (1, 0):
        user = directory.check_password(f"grace-{library}", PASSWORD)
        assert user.password_notice == PasswordNotice(grace_left=left)
    with pytest.raises(DirectoryPasswordExpired):
        directory.check_password(f"grace-{library}", PASSWORD)


@pytest.mark.usefixtures("library")
def test_a_size_limit_of_one_lets_nobody_in(tmp_path: Path, real: Real) -> None:
    """A second entry with the same name would go unnoticed."""
    narrow = real.directory(tmp_path, bind_dn=f"cn=narrow,{real.base}")
    for directory, says in (
        (narrow, "fewer than two"),
        (real.directory(tmp_path), "more than one entry"),
    ):
        with pytest.raises(DirectoryMisconfigured, match=says):
            directory.check_password("two", PASSWORD)
    assert narrow.check_password("direct", PASSWORD).username == "direct"


def test_an_unsupported_matching_rule_names_the_setting(tmp_path: Path, real: Real) -> None:
    with pytest.raises(DirectoryMisconfigured, match=r'In \[directory\], nested = "matching-rule"'):
        real.directory(tmp_path, nested="matching-rule").check_password("direct", PASSWORD)


def test_a_server_that_refuses_binds_without_tls_is_explained(tmp_path: Path, real: Real) -> None:
    folder = tmp_path / "server"
    enclosed.begin("ds389", folder, os.getpid())
    strict = in_389(enclosed.wait("ds389", folder))
    with ds389.administrator(strict.server) as admin:
        secure = {"nsslapd-require-secure-binds": [("MODIFY_REPLACE", ["on"])]}
        admin.modify("cn=config", secure)
    plainly = {
        "servers": (strict.server.ldap,),
        "ca_file": "",
        "unsafe_plain_ldap_on_loopback": True,
    }
    with pytest.raises(DirectoryMisconfigured, match="requires encryption"):
        strict.directory(tmp_path, **plainly).check_password("direct", PASSWORD)
    starttls = {"servers": (strict.server.ldap,), "starttls": True}
    assert strict.directory(tmp_path, **starttls).check_password("direct", PASSWORD).enabled
    assert real.directory(tmp_path, **plainly | {"servers": (real.server.ldap,)}).find("direct")


def test_the_steps_mention_a_password_that_expires_soon(tmp_path: Path, real: Real) -> None:
    told = steps(real.directory(tmp_path), "soon", PASSWORD)
    sentences = [step.sentence for step in told if step.what == "password"]
    assert "Your directory password expires on" in sentences[-1]
