"""The same tests on Samba as an Active Directory and on 389 Directory Server."""

import unicodedata
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import (
    CannotTrustDirectory,
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
    NoDirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.secret import Secret
from cwtui.directory.channel import Channel
from tests.directory.people import PASSWORD, WRONG, steps
from tests.directory.real import COMPOSED, DECOMPOSED, ODD, Real, in_389, in_samba
from tests.servers import ds389, samba
from tests.servers.certificates import Authority
from tests.servers.enclosed import Enclosed

with_each_library = pytest.mark.usefixtures("library")
"""For tests in which the LDAP libraries may behave differently."""


@pytest.fixture(scope="session", params=["samba", "389"])
def real(request: pytest.FixtureRequest, active_directory: Enclosed, dirsrv: Enclosed) -> Real:
    return in_samba(active_directory) if request.param == "samba" else in_389(dirsrv)


@with_each_library
def test_right_and_wrong_passwords_are_told_apart(tmp_path: Path, real: Real) -> None:
    directory = real.directory(tmp_path)
    user = directory.check_password("Direct", PASSWORD)
    assert (user.username, user.dn.lower()) == ("direct", real.dn("direct").lower())
    assert user.roles == ("connectware-admin",)
    assert user == directory.find("direct")
    for name, password, kind in (
        ("direct", WRONG, WrongDirectoryPassword),
        ("nobody", PASSWORD, NoDirectoryUser),
    ):
        with pytest.raises(WrongDirectoryPassword) as refused:
            directory.check_password(name, password)
        assert type(refused.value) is kind


@with_each_library
@pytest.mark.parametrize("name", ["müller", "MÜLLER", "mu\u0308ller"])
def test_umlauts_and_a_dn_with_odd_characters_work(tmp_path: Path, real: Real, name: str) -> None:
    user = real.directory(tmp_path).check_password(name, PASSWORD)
    assert (user.username, user.roles) == ("müller", ("minimum-access",))
    assert user.display_name == ODD.strip()


def test_a_name_without_its_accent_is_unknown(tmp_path: Path, real: Real) -> None:
    """Even if the server treats them as equal, jose must not get josé's account."""
    directory = real.directory(tmp_path)
    assert directory.check_password("josé", PASSWORD).username == "josé"
    with pytest.raises(NoDirectoryUser):
        directory.check_password("jose", PASSWORD)
    assert directory.find("jose") is None


@pytest.mark.parametrize("nested", ["off", "memberOf", "matching-rule"])
def test_nested_groups_are_followed_as_each_server_can(
    tmp_path: Path, real: Real, nested: str
) -> None:
    """Samba does it by matching rule, 389 Directory Server in memberOf."""
    directory = real.directory(tmp_path, nested=nested)
    if (real.kind, nested) == ("389", "matching-rule"):
        with pytest.raises(DirectoryMisconfigured, match='nested = "matching-rule"'):
            directory.find("direct")
        return
    follows = {"samba": "matching-rule", "389": "memberOf"}[real.kind] == nested
    direct, deep = directory.find("direct"), directory.find("deep")
    assert direct is not None
    assert direct.roles == ("connectware-admin",)
    assert deep is not None
    assert deep.roles == (("connectware-admin",) if follows else ())


def test_roles_can_come_from_an_attribute(tmp_path: Path, real: Real) -> None:
    by_attribute = {"mode": "attribute", "roles": {}, "roles_attribute": "employeeType"}
    user = real.directory(tmp_path, **by_attribute).check_password("attributed", PASSWORD)
    assert user.roles == ("minimum-access",)


@with_each_library
@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("disabled", DirectoryAccountDisabled, "is disabled"),
        ("expired", DirectoryPasswordExpired, "Your password has expired"),
        ("reset", DirectoryPasswordMustChange, "must change"),
    ],
)
def test_a_right_password_can_be_refused_with_a_reason(
    tmp_path: Path, real: Real, name: str, kind: type[DirectoryRefused], says: str
) -> None:
    with pytest.raises(kind, match=says):
        real.directory(tmp_path).check_password(name, PASSWORD)


def test_too_many_wrong_passwords_lock_the_account(
    tmp_path: Path, real: Real, library: str
) -> None:
    name = f"guessed-{library}"
    directory = real.directory(tmp_path)
    for _ in range(2):
        with pytest.raises(WrongDirectoryPassword):
            directory.check_password(name, WRONG)
    with pytest.raises(DirectoryAccountLocked):
        directory.check_password(name, PASSWORD)
    # A stranger's guesses do not end the owner's session.
    found = directory.find(name)
    assert found is not None
    assert found.enabled


def test_a_locked_and_disabled_account_counts_as_disabled(
    tmp_path: Path, real: Real, library: str
) -> None:
    """Waiting would not help."""
    name = f"locked-off-{library}"
    directory = real.directory(tmp_path)
    for _ in range(2):
        with pytest.raises(WrongDirectoryPassword):
            directory.check_password(name, WRONG)
    kind = samba if real.kind == "samba" else ds389
    changed = {"userAccountControl": 514} if real.kind == "samba" else {"nsAccountLock": "true"}
    with kind.administrator(real.server) as admin:
        dn = real.dn(name)
        admin.modify(dn, {key: [("MODIFY_REPLACE", [value])] for key, value in changed.items()})
    with pytest.raises(DirectoryAccountDisabled, match="is disabled"):
        directory.check_password(name, PASSWORD)


@with_each_library
def test_a_password_that_expires_soon_is_announced(tmp_path: Path, real: Real) -> None:
    notice = real.directory(tmp_path).check_password("soon", PASSWORD).password_notice
    assert notice is not None
    assert notice.sentence().startswith("Your directory password expires on 20")
    assert real.directory(tmp_path).check_password("direct", PASSWORD).password_notice is None


def test_composed_and_decomposed_passwords_both_work(
    tmp_path: Path, real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The composed form is tried first, then the typed one; if they are equal, only once."""
    directory = real.directory(tmp_path)
    typed = unicodedata.normalize("NFD", COMPOSED)
    assert typed != COMPOSED
    for password in (COMPOSED, typed):
        assert directory.check_password("composed", Secret(password)).username == "composed"
    assert directory.check_password("decomposed", Secret(DECOMPOSED)).username == "decomposed"
    binds: list[str] = []
    bind = Channel.bind

    def counted(channel: Channel, dn: str, password: Secret) -> object:
        binds.append(dn)
        return bind(channel, dn, password)

    monkeypatch.setattr(Channel, "bind", counted)
    for name in ("composed", "nobody"):
        for password, tries in ((COMPOSED + "x", 1), (typed + "x", 2)):
            binds.clear()
            with pytest.raises(WrongDirectoryPassword):
                directory.check_password(name, Secret(password))
            assert binds.count(real.reader) == 1
            assert len(binds) == 1 + tries


def test_a_moved_user_keeps_the_ids(tmp_path: Path, real: Real) -> None:
    """A new DN is still the same person."""
    directory = real.directory(tmp_path)
    before = directory.check_password("moves", PASSWORD)
    kind = samba if real.kind == "samba" else ds389
    with kind.administrator(real.server) as admin:
        first, _ = before.dn.split(",", 1)
        admin.modify_dn(before.dn, first, new_superior=f"ou=elsewhere,{real.base}")
    after = directory.check_password("moves", PASSWORD)
    assert after.dn != before.dn
    assert after.ids == before.ids


@with_each_library
def test_many_users_are_found_at_once(tmp_path: Path, real: Real) -> None:
    directory = real.directory(tmp_path)
    names = ["direct", "nobody", "disabled", "müller"]
    found = directory.find_all(names, lambda _done, _of: None)
    assert found == {name: directory.find(name) for name in names}


@with_each_library
@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_ldaps_and_starttls_check_the_certificate(tmp_path: Path, real: Real, way: str) -> None:
    by = {} if way == "ldaps" else {"servers": (real.server.ldap,), "starttls": True}
    assert real.directory(tmp_path, **by).check_password("direct", PASSWORD).enabled
    other = str(Authority(tmp_path / "other").file)
    for wrong in (by | {"ca_file": other}, by | {"servers": _by_another_name(real, way)}):
        with pytest.raises(CannotTrustDirectory, match="Ask an admin"):
            real.directory(tmp_path, **wrong).check_password("direct", PASSWORD)


def _by_another_name(real: Real, way: str) -> tuple[str]:
    url = real.server.ldaps if way == "ldaps" else real.server.ldap
    return (url.replace("127.0.0.1", "localhost"),)


@with_each_library
@pytest.mark.parametrize("name", ["reset", "disabled", "expired"])
def test_a_refused_bind_account_is_explained(tmp_path: Path, real: Real, name: str) -> None:
    directory = real.directory(tmp_path, bind_dn=real.dn(name))
    says = {
        "reset": "its password must be changed first",
        "disabled": "it is disabled",
        "expired": "its password has expired",
    }
    with pytest.raises(DirectoryMisconfigured, match=says[name]) as refused:
        directory.find("direct")
    assert "success" not in str(refused.value)


def test_a_missing_group_and_a_missing_base_are_reported(tmp_path: Path, real: Real) -> None:
    gone = real.group("gone")
    told = steps(real.directory(tmp_path, roles={"minimum-access": (gone,)}), "direct")
    assert [step.what for step in told if not step.ok] == ["roles", "group"]
    assert gone in told[-1].sentence
    with pytest.raises(DirectoryMisconfigured, match="base"):
        real.directory(tmp_path, base=f"ou=none,{real.base}").find("direct")
