"""Active Directory: Samba's, and imitations on a slapd and a fake server.

See active_directory.py; test_real_servers.py has what Samba and 389 Directory Server share.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import (
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
from cwtui.directory.client import LdapDirectory
from tests.accounts.world import NOW
from tests.directory.active_directory import (
    GUID,
    NEVER,
    SCHEMA,
    FakeDirectory,
    ad_user,
    filetime,
)
from tests.directory.people import (
    ADMINS,
    GROUPS,
    PASSWORD,
    PEOPLE,
    config,
    group,
    plain,
    policy,
    reader,
    unit,
)
from tests.directory.real import Real, in_samba
from tests.servers import samba
from tests.servers import slapd as servers
from tests.servers.certificates import Certificate
from tests.servers.enclosed import Enclosed
from tests.servers.slapd import Slapd

HANS = f"cn=Müller\\, Hans (Ext)*,{PEOPLE}"
AD_PEOPLE = "".join(
    (
        *map(unit, ("people", "groups", "policies")),
        reader(),
        policy("usual"),
        ad_user(
            "hmueller",
            "userPrincipalName: hans@corp.example.com",
            f"objectGUID:: {base64.b64encode(GUID.bytes_le).decode()}",
            "userAccountControl: 512",
            f"accountExpires: {NEVER}",
            "displayName: Hans Müller (Ext)",
            dn=HANS,
        ),
        ad_user("off", "userAccountControl: 514"),
        ad_user("past", f"accountExpires: {filetime(NOW - 1)}"),
        ad_user("future", f"accountExpires: {filetime(NOW + 1)}"),
    )
)


@pytest.fixture(scope="module")
def dressed(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Slapd]:
    folder = tmp_path_factory.mktemp("dressed")
    with servers.start(folder, certificate, AD_PEOPLE, SCHEMA) as running:
        running.add(group("admins", HANS))
        yield running


def directory_of(folder: Path, slapd: Slapd, user_rdn: str, **more: object) -> LdapDirectory:
    settings = plain(folder, slapd, user_rdn=user_rdn, search_filter="(objectClass=adUser)", **more)
    return LdapDirectory(settings, now=lambda: NOW)


@pytest.mark.parametrize(
    ("user_rdn", "name"),
    [("sAMAccountName", "HMueller"), ("userPrincipalName", "hans@CORP.example.com")],
)
@pytest.mark.parametrize("nested", ["off", "memberOf"])
def test_names_and_groups_are_read(
    tmp_path: Path, dressed: Slapd, user_rdn: str, name: str, nested: str
) -> None:
    user = directory_of(tmp_path, dressed, user_rdn, nested=nested).check_password(name, PASSWORD)
    assert user.username == name.lower()
    assert user.display_name == "Hans Müller (Ext)"
    assert user.roles == ("connectware-admin",)
    assert user.ids["objectGUID"] == str(GUID)


@pytest.mark.parametrize(("name", "enabled"), [("off", False), ("past", False), ("future", True)])
def test_disabled_and_expired_accounts_are_refused(
    tmp_path: Path, dressed: Slapd, name: str, enabled: bool
) -> None:
    """slapd itself accepts the password; the attributes decide."""
    directory = directory_of(tmp_path, dressed, "sAMAccountName")
    found = directory.find(name)
    assert found is not None
    assert found.enabled is enabled
    if enabled:
        assert directory.check_password(name, PASSWORD) == found
    else:
        with pytest.raises(DirectoryAccountDisabled):
            directory.check_password(name, PASSWORD)


def fake(folder: Path, port: int) -> LdapDirectory:
    settings = config(
        folder,
        f"ldap://127.0.0.1:{port}",
        unsafe_plain_ldap_on_loopback=True,
        user_rdn="sAMAccountName",
        nested="matching-rule",
        bind_dn="reader@corp.example.com",
    )
    return LdapDirectory(settings)


def test_nested_groups_are_found_by_matching_rule(tmp_path: Path) -> None:
    ann = f"CN=ann,{PEOPLE}"
    groups = {
        ADMINS: [f"cn=inner,{GROUPS}"],
        f"cn=inner,{GROUPS}": [f"cn=innermost,{GROUPS}"],
        f"cn=innermost,{GROUPS}": [ann],
        f"cn=staff,{GROUPS}": [f"CN=ben,{PEOPLE}"],
    }
    with FakeDirectory(groups).running() as port:
        directory = fake(tmp_path, port)
        ann_found, ben = directory.check_password("ann", PASSWORD), directory.find("ben")
    assert (ann_found.dn, ann_found.roles) == (ann, ("connectware-admin",))
    assert ben is not None
    assert ben.roles == ("minimum-access",)
    assert ann_found.ids == {"objectGUID": str(GUID)}


def test_names_the_server_merely_treats_as_equal_are_refused(tmp_path: Path) -> None:
    """Active Directory ignores accents when comparing; jose must not get josé's account."""
    with FakeDirectory(spelled={"jose": "José"}).running() as port:
        directory = fake(tmp_path, port)
        with pytest.raises(NoDirectoryUser):
            directory.check_password("jose", PASSWORD)
        assert directory.find("jose") is None
        assert directory.find("josé") is not None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("52e", WrongDirectoryPassword),
        ("530", DirectoryAccountDisabled),
        ("531", DirectoryAccountDisabled),
        ("532", DirectoryPasswordExpired),
        ("533", DirectoryAccountDisabled),
        ("701", DirectoryAccountDisabled),
        ("773", DirectoryPasswordMustChange),
        ("775", DirectoryAccountLocked),
    ],
)
def test_sub_codes_of_error_49_are_understood(
    tmp_path: Path, code: str, kind: type[DirectoryRefused]
) -> None:
    with FakeDirectory(codes={f"CN=ann,{PEOPLE}": code}).running() as port:
        directory = fake(tmp_path, port)
        with pytest.raises(kind) as refused:
            directory.check_password("ann", PASSWORD)
        assert type(refused.value) is kind
        assert directory.check_password("ben", PASSWORD).username == "ben"
        with pytest.raises(WrongDirectoryPassword):
            directory.check_password("ben", Secret("wrong"))


@pytest.fixture(scope="session")
def domain(active_directory: Enclosed) -> Real:
    return in_samba(active_directory)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("over", "Your account has expired"),
        ("never-now", "at this time"),
        ("elsewhere", "from this host"),
    ],
)
def test_samba_explains_refused_accounts(
    tmp_path: Path, domain: Real, name: str, says: str
) -> None:
    with pytest.raises(DirectoryAccountDisabled, match=says):
        domain.directory(tmp_path).check_password(name, PASSWORD)


def test_samba_accepts_principal_names(tmp_path: Path, domain: Real) -> None:
    directory = domain.directory(tmp_path, user_rdn="userPrincipalName")
    user = directory.check_password("HANS@werk.example", PASSWORD)
    assert user.username == "hans@werk.example"
    with pytest.raises(NoDirectoryUser):
        directory.check_password("müller", PASSWORD)


@pytest.mark.parametrize("bind_dn", ["reader@werk.example", "WERK\\reader"])
def test_samba_accepts_other_forms_of_the_bind_account(
    tmp_path: Path, domain: Real, bind_dn: str
) -> None:
    assert domain.directory(tmp_path, bind_dn=bind_dn).find("direct")


def test_samba_requires_tls(tmp_path: Path, domain: Real) -> None:
    plainly = {"ca_file": "", "unsafe_plain_ldap_on_loopback": True}
    directory = domain.directory(tmp_path, servers=(domain.server.ldap,), **plainly)
    with pytest.raises(DirectoryMisconfigured, match="requires encryption"):
        directory.check_password("direct", PASSWORD)


def test_sambas_global_catalogue_works(tmp_path: Path, domain: Real) -> None:
    catalogue = f"ldap://127.0.0.1:{domain.server.ports[3268]}"
    directory = domain.directory(tmp_path, servers=(catalogue,), starttls=True)
    assert directory.check_password("direct", PASSWORD).roles == ("connectware-admin",)


def test_referrals_beside_search_results_are_ignored(tmp_path: Path, domain: Real) -> None:
    """References do not count as entries and are not followed."""
    with samba.administrator(domain.server) as admin:
        admin.search(domain.base, "(sAMAccountName=direct)")
        kinds = [found["type"] for found in admin.response]
    assert sorted(kinds) == ["searchResEntry", "searchResRef"]
    assert domain.directory(tmp_path).find("direct")


def test_samba_accepts_the_old_password_for_an_hour(tmp_path: Path, domain: Real) -> None:
    """The manual says so: to lock someone out, disable the account."""
    directory = domain.directory(tmp_path)
    with samba.administrator(domain.server) as admin:

        def change(**values: object) -> None:
            changes = {name: [("MODIFY_REPLACE", [value])] for name, value in values.items()}
            admin.modify(domain.dn("changes"), changes)

        change(unicodePwd=samba.quoted("Another.7-Havel"))
        for password in (PASSWORD, Secret("Another.7-Havel")):
            assert directory.check_password("changes", password).enabled
        change(userAccountControl=514)
        for password in (PASSWORD, Secret("Another.7-Havel")):
            with pytest.raises(DirectoryRefused):
                directory.check_password("changes", password)
