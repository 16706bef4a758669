"""The users in the test directory, and configurations for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from cwtui.accounts.directory_port import Step
from cwtui.accounts.errors import AccountsError
from cwtui.accounts.secret import Secret
from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from tests.servers.slapd import BASE, Slapd

PEOPLE: Final = f"ou=people,{BASE}"
GROUPS: Final = f"ou=groups,{BASE}"
ANY_CHARACTERS: Final = Secret("\U0001f511ª\u05d05\u00a0x")
"""SASLprep of Unicode 3.2 would refuse or change this; servers compare the bytes."""

READER: Final = f"cn=reader,{BASE}"
READER_PASSWORD: Final = "reads-what-is-there"
PASSWORD: Final = Secret("Ketzin.7-Havel")
WRONG: Final = Secret("Ketzin.8-Havel")
ADMINS: Final = f"cn=admins,{GROUPS}"


LIBRARIES: Final = ("ldap3", "libldap")
"""People that a test changes exist once for each library, as NAME-LIBRARY."""

_usual: dict[str, str] = {}
"""Settings that all configurations below get."""


@contextmanager
def speaking(library: str) -> Iterator[None]:
    """Use this library in all configurations."""
    _usual["library"] = library
    try:
        yield
    finally:
        _usual.clear()


def by_library() -> dict[str, str]:
    return dict(_usual)


def unit(name: str) -> str:
    return f"dn: ou={name},{BASE}\nobjectClass: organizationalUnit\nou: {name}\n\n"


def person(uid: str, *lines: str, dn: str = "", password: str = PASSWORD.reveal()) -> str:
    """An entry; `lines` are more of its attributes."""
    more = "".join(f"{line}\n" for line in lines)
    return (
        f"dn: {dn or f'uid={uid},{PEOPLE}'}\nobjectClass: inetOrgPerson\nuid: {uid}\n"
        f"cn: {uid}\nsn: {uid}\nuserPassword: {password}\n{more}\n"
    )


def group(cn: str, *members: str) -> str:
    lines = "".join(f"member: {member}\n" for member in members)
    return f"dn: cn={cn},{GROUPS}\nobjectClass: groupOfNames\ncn: {cn}\n{lines}\n"


def posix_group(cn: str, *uids: str) -> str:
    lines = "".join(f"memberUid: {uid}\n" for uid in uids)
    return f"dn: cn={cn},{GROUPS}\nobjectClass: posixGroup\ncn: {cn}\ngidNumber: 100\n{lines}\n"


def policy(cn: str, *lines: str) -> str:
    more = "".join(f"{line}\n" for line in lines)
    return (
        f"dn: cn={cn},ou=policies,{BASE}\nobjectClass: person\nobjectClass: pwdPolicy\n"
        f"cn: {cn}\nsn: {cn}\npwdAttribute: userPassword\n{more}\n"
    )


def reader() -> str:
    return (
        f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        f"cn: reader\nuserPassword: {READER_PASSWORD}\n\n"
    )


OLD: Final = f"pwdPolicySubentry: cn=old,ou=policies,{BASE}"
LDIF: Final = "".join(
    (
        *map(unit, ("people", "groups", "policies")),
        reader(),
        policy("usual", "pwdMustChange: TRUE", "pwdLockout: TRUE"),
        policy("strict", "pwdMaxFailure: 3", "pwdLockout: TRUE"),
        policy("old", "pwdMaxAge: 60", "pwdGraceAuthnLimit: 0"),
        policy("grace", "pwdMaxAge: 60", "pwdGraceAuthnLimit: 9"),
        policy("warning", "pwdMaxAge: 864000", "pwdExpireWarning: 863999"),
        person("alice", "displayName: Alice Ärmel", "employeeType: connectware-admin"),
        person("bob", "employeeType: operators", "employeeType: minimum-access"),
        person("carol"),
        person("expired", OLD, "pwdChangedTime: 20200101000000Z"),
        *(
            person(
                f"graced-{library}",
                f"pwdPolicySubentry: cn=grace,ou=policies,{BASE}",
                "pwdChangedTime: 20200101000000Z",
            )
            for library in LIBRARIES
        ),
        person(
            "warned",
            f"pwdPolicySubentry: cn=warning,ou=policies,{BASE}",
            f"pwdChangedTime: {time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() - 3600))}",
        ),
        person("reset", "pwdReset: TRUE"),
        person("locked", "pwdAccountLockedTime: 000001010000Z"),
        *(
            person(f"guessed-{library}", f"pwdPolicySubentry: cn=strict,ou=policies,{BASE}")
            for library in LIBRARIES
        ),
        person("ruled-out", "employeeType: guest"),
        person("two", dn=f"cn=first,{PEOPLE}"),
        person("two", dn=f"cn=second,{PEOPLE}"),
        person("any-characters", password=ANY_CHARACTERS.reveal()),
        person("müller"),
        person("ىوسف"),
    )
)
"""Loaded before the server starts."""

MEMBERSHIPS: Final = "".join(
    (
        group("admins", f"uid=alice,{PEOPLE}", f"uid=carol,{PEOPLE}"),
        group("staff", f"uid=alice,{PEOPLE}", f"uid=bob,{PEOPLE}", f"uid=müller,{PEOPLE}"),
        group("hidden", f"uid=alice,{PEOPLE}"),
        posix_group("by-uid", "bob"),
    )
)
"""Added to the running server, so that its memberOf overlay sees it."""

HIDDEN: Final = f'access to dn.base="cn=hidden,{GROUPS}" by dn.exact="{READER}" read by * none'
"""A group that its members cannot see."""

ROLES: Final[dict[str, tuple[str, ...]]] = {
    "connectware-admin": (ADMINS,),
    "minimum-access": (f"cn=staff,{GROUPS}",),
}


def config(folder: Path, *servers: str, **more: Any) -> DirectoryConfig:
    """Search with the bind account and find groups by DN, unless `more` says otherwise."""
    secret = folder / "reader-password"
    secret.write_text(f"{READER_PASSWORD}\n")
    secret.chmod(0o600)
    usual = {
        **_usual,
        "servers": servers,
        "base": PEOPLE,
        "bind_dn": READER,
        "bind_password_file": str(secret),
        "roles": ROLES,
    }
    return DirectoryConfig(**{**usual, **more})


def direct(*servers: str, **more: Any) -> DirectoryConfig:
    """No bind account."""
    usual = {**_usual, "servers": servers, "base": PEOPLE, "roles": ROLES}
    return DirectoryConfig(**{**usual, **more})


def plain(folder: Path, slapd: Slapd, **more: Any) -> DirectoryConfig:
    """Like `config` without TLS, which is faster; the transport has its own tests."""
    return config(folder, slapd.ldap, **{"unsafe_plain_ldap_on_loopback": True, **more})


def steps(directory: LdapDirectory, username: str, password: Secret | None = None) -> list[Step]:
    """The steps reported by `explain`, whatever it finally raises."""
    told: list[Step] = []
    with suppress(AccountsError):
        directory.explain(username, password, told.append)
    return told
