"""Right passwords that OpenLDAP's ppolicy refuses, and the messages for it."""

import time
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import (
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
    WrongDirectoryPassword,
)
from cwtui.directory.client import LdapDirectory
from tests.directory.people import PASSWORD, PEOPLE, WRONG, direct, plain
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture(params=["search", "direct"])
def directory(request: pytest.FixtureRequest, tmp_path: Path, slapd: Slapd) -> LdapDirectory:
    if request.param == "search":
        return LdapDirectory(plain(tmp_path, slapd))
    return LdapDirectory(direct(slapd.ldap, unsafe_plain_ldap_on_loopback=True))


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("expired", DirectoryPasswordExpired, "Your password has expired in the directory."),
        ("reset", DirectoryPasswordMustChange, "You must change your password in the directory"),
    ],
)
def test_a_right_password_can_be_refused_with_a_reason(
    directory: LdapDirectory, name: str, kind: type[DirectoryRefused], sentence: str
) -> None:
    with pytest.raises(kind) as refused:
        directory.check_password(name, PASSWORD)
    assert str(refused.value).startswith(sentence)


def test_an_expiring_password_is_announced(directory: LdapDirectory, library: str) -> None:
    """After a sign-in with a password that has expired or soon will."""
    graced = directory.check_password(f"graced-{library}", PASSWORD).password_notice
    assert graced is not None
    assert graced.grace_left in {7, 8}
    before = time.time()
    warned = directory.check_password("warned", PASSWORD).password_notice
    assert warned is not None
    assert warned.expires_at is not None
    assert 0 < warned.expires_at - before <= 864000
    assert directory.check_password("bob", PASSWORD).password_notice is None


def test_an_administrators_lock_differs_from_failed_attempts(tmp_path: Path, slapd: Slapd) -> None:
    """Waiting does not help. The server's answer is the same; the entry tells them apart."""
    with pytest.raises(DirectoryAccountDisabled):
        LdapDirectory(plain(tmp_path, slapd)).check_password("locked", PASSWORD)
    alone = LdapDirectory(direct(slapd.ldap, unsafe_plain_ldap_on_loopback=True))
    with pytest.raises(DirectoryAccountLocked):
        alone.check_password("locked", PASSWORD)


@pytest.mark.parametrize("name", ["expired", "reset"])
def test_a_wrong_password_reveals_no_reason(directory: LdapDirectory, name: str) -> None:
    with pytest.raises(WrongDirectoryPassword) as refused:
        directory.check_password(name, WRONG)
    assert str(refused.value) == "Username or password is wrong."


def test_too_many_wrong_passwords_lock_the_account(
    tmp_path: Path, slapd: Slapd, library: str
) -> None:
    """The server counts to three, then refuses even the right password."""
    name = f"guessed-{library}"
    directory = LdapDirectory(plain(tmp_path, slapd))
    for _ in range(3):
        with pytest.raises(WrongDirectoryPassword):
            directory.check_password(name, WRONG)
    with pytest.raises(DirectoryAccountLocked):
        directory.check_password(name, PASSWORD)
    assert not slapd.password_of(f"uid={name},{PEOPLE}", PASSWORD.reveal())
    # A stranger's guesses must not end the owner's session; an administrator's lock does.
    guessed, locked = directory.find(name), directory.find("locked")
    assert guessed is not None
    assert guessed.enabled
    assert locked is not None
    assert not locked.enabled
