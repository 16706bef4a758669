"""Samba and 389 Directory Server filled with users, once for a whole run.

A test that changes a user needs one of its own.
"""

import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ldap3 import MODIFY_REPLACE, Connection
from ldap3.core.exceptions import LDAPEntryAlreadyExistsResult

from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.escaping import escaped
from tests.directory.people import LIBRARIES, PASSWORD, by_library
from tests.servers import ds389, samba
from tests.servers.enclosed import Enclosed

ODD: Final = 'Müller, "Hans" (Ext); #1+2<3>\\4 '
"""A name with characters to escape in DNs and filters."""

COMPOSED: Final = "Kästle.7-Havel"
DECOMPOSED: Final = "Ka\u0308stle.8-Havel"
"""Passwords with "ä" as one character and as two."""

_BELOW: Final = f"ou=works,{ds389.BASE}"
"""The users' subtree in 389 Directory Server; read access is granted only there."""

LONG_AGO: Final = "20200101000000Z"
_LONG_AGO_IN_AD: Final = "125911584000000000"
_DAY: Final = 86400


@dataclass(frozen=True)
class Real:
    """One server with its users; `kind` is "samba" or "389"."""

    kind: str
    server: Enclosed
    base: str
    user_rdn: str
    reader: str

    def dn(self, name: str) -> str:
        """The DN of a user."""
        first = "CN" if self.kind == "samba" else "uid"
        return f"{first}={name},ou=people,{self.base}"

    def group(self, name: str) -> str:
        return f"cn={name},ou=groups,{self.base}"

    def config(self, folder: Path, **more: Any) -> DirectoryConfig:
        """ldaps:// with the bind account, unless `more` says otherwise."""
        secret = folder / "reader-password"
        secret.write_text(f"{PASSWORD.reveal()}\n")
        secret.chmod(0o600)
        usual = {
            **by_library(),
            "servers": (self.server.ldaps,),
            "ca_file": str(self.server.ca_file),
            "base": self.base,
            "user_rdn": self.user_rdn,
            "bind_dn": self.reader,
            "bind_password_file": str(secret),
            "roles": {
                "connectware-admin": (self.group("admins"),),
                "minimum-access": (self.group("staff"),),
            },
        }
        return DirectoryConfig(**{**usual, **more})

    def directory(self, folder: Path, **more: Any) -> LdapDirectory:
        return LdapDirectory(self.config(folder, **more))


def in_samba(server: Enclosed) -> Real:
    real = Real("samba", server, samba.BASE, "sAMAccountName", f"CN=reader,OU=people,{samba.BASE}")
    server.once("works", lambda: _fill_samba(real))
    return real


def in_389(server: Enclosed) -> Real:
    real = Real("389", server, _BELOW, "uid", f"cn=reader,{_BELOW}")
    server.once("works", lambda: _fill_389(real))
    return real


def ad_user(admin: Connection, name: str, password: str = "", **more: object) -> str:
    """The DN of a new user of Samba."""
    dn = f"CN={escaped(name)},OU=people,{samba.BASE}"
    usual = {
        "sAMAccountName": name,
        "userAccountControl": 512,
        "unicodePwd": samba.quoted(password or PASSWORD.reveal()),
    }
    admin.add(dn, "user", usual | more)
    return dn


def _fill_samba(real: Real) -> None:
    with samba.administrator(real.server) as admin:
        for unit in ("people", "groups", "elsewhere"):
            admin.add(f"OU={unit},{samba.BASE}", "organizationalUnit")
        for name in ("reader", "direct", "deep", "moves", "josé", "changes", "expired"):
            ad_user(admin, name)
        ad_user(admin, "attributed", employeeType="minimum-access")
        ad_user(admin, "composed", COMPOSED)
        ad_user(admin, "decomposed", DECOMPOSED)
        odd = ad_user(admin, ODD, sAMAccountName="müller", userPrincipalName=f"Hans@{samba.REALM}")
        ad_user(admin, "disabled", userAccountControl=514)
        ad_user(admin, "over", accountExpires=_LONG_AGO_IN_AD)
        ad_user(admin, "never-now", logonHours=bytes(21))
        ad_user(admin, "elsewhere", userWorkstations="other-host")
        ad_user(admin, "reset", pwdLastSet=0)
        guessed = [
            ad_user(admin, f"{name}-{library}")
            for name in ("guessed", "locked-off")
            for library in LIBRARIES
        ]
        ad_user(admin, "soon")
        for name, members in {
            "innermost": [real.dn("deep")],
            "inner": [real.group("innermost")],
            "admins": [real.group("inner"), real.dn("direct")],
            "staff": [odd, real.dn("composed")],
        }.items():
            admin.add(real.group(name), "group", {"sAMAccountName": name, "member": members})
        # A loop, which directories allow.
        admin.modify(
            real.group("innermost"), _replaced(member=[real.dn("deep"), real.group("admins")])
        )
        _password_settings(admin, "strict", 1, guessed, {"msDS-LockoutThreshold": 2})
        days = {"msDS-MaximumPasswordAge": -3 * _DAY * 10_000_000}
        _password_settings(admin, "short", 2, [real.dn("soon")], days)
    _age_password(real, "expired")


def _password_settings(
    admin: Connection, name: str, precedence: int, people: list[str], more: Mapping[str, object]
) -> None:
    """A separate policy for some users. Times are negative, in units of 100 ns."""
    container = f"CN=Password Settings Container,CN=System,{samba.BASE}"
    usual: dict[str, object] = {
        "msDS-PasswordSettingsPrecedence": precedence,
        "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
        "msDS-PasswordHistoryLength": 24,
        "msDS-PasswordComplexityEnabled": "FALSE",
        "msDS-MinimumPasswordLength": 7,
        "msDS-MinimumPasswordAge": 0,
        "msDS-MaximumPasswordAge": -42 * _DAY * 10_000_000,
        "msDS-LockoutThreshold": 0,
        "msDS-LockoutObservationWindow": -1800 * 10_000_000,
        "msDS-LockoutDuration": -1800 * 10_000_000,
        "msDS-PSOAppliesTo": people,
    }
    admin.add(f"CN={name},{container}", "msDS-PasswordSettings", {**usual, **more})


_AGE_PASSWORD: Final = """
import sys
import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

folder, dn, value = sys.argv[1:]
parameters = LoadParm()
parameters.load(f"{folder}/etc/smb.conf")
users = SamDB(f"{folder}/private/sam.ldb", session_info=system_session(), lp=parameters)
message = ldb.Message(ldb.Dn(users, dn))
message["pwdLastSet"] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, "pwdLastSet")
users.modify(message, controls=["local_oid:1.3.6.1.4.1.7165.4.3.12:0"])
"""
"""LDAP does not allow setting the time of the last password change."""


def _age_password(real: Real, name: str) -> None:
    command = ["/usr/bin/python3", "-I", "-c", _AGE_PASSWORD, str(real.server.folder / "ad")]
    subprocess.run([*command, real.dn(name), _LONG_AGO_IN_AD], check=True)


def person_389(admin: Connection, name: str, password: str = "", **more: object) -> str:
    """The DN of a new person of 389 Directory Server. `more` holds operational attributes too."""
    dn = f"uid={escaped(name)},ou=people,{_BELOW}"
    usual = {"uid": name, "cn": name, "sn": name, "userPassword": password or PASSWORD.reveal()}
    admin.add(dn, "inetOrgPerson", usual)
    if more:
        admin.modify(dn, _replaced(**more))
    return dn


def _replaced(**values: object) -> dict[str, list[tuple[str, list[object]]]]:
    return {
        name: [(MODIFY_REPLACE, value if isinstance(value, list) else [value])]
        for name, value in values.items()
    }


def _fill_389(real: Real) -> None:
    with ds389.administrator(real.server) as admin:
        readable = '(targetattr!="userPassword")(version 3.0; acl "all"; '
        readable += 'allow (read,search,compare) userdn="ldap:///all";)'
        with suppress(LDAPEntryAlreadyExistsResult):
            admin.add(ds389.BASE, "domain")
        admin.add(_BELOW, "organizationalUnit", {"aci": readable})
        for unit in ("people", "groups", "policies", "elsewhere"):
            admin.add(f"ou={unit},{_BELOW}", "organizationalUnit")
        simple = ["organizationalRole", "simpleSecurityObject"]
        for name in ("reader", "narrow"):
            password = {"cn": name, "userPassword": PASSWORD.reveal()}
            admin.add(f"cn={name},{_BELOW}", simple, password)
        admin.modify(f"cn=narrow,{_BELOW}", _replaced(nsSizeLimit="1"))
        policies = {
            "strict": {"passwordLockout": "on", "passwordMaxFailure": "2"},
            "must": {"passwordMustChange": "on"},
            "aging": {"passwordExp": "on", "passwordMaxAge": "8640000"},
            "grace": {"passwordExp": "on", "passwordMaxAge": "86400", "passwordGraceLimit": "2"},
        }
        for name, settings in policies.items():
            classes = ["ldapsubentry", "passwordpolicy"]
            admin.add(_policy(name), classes, {"cn": name} | settings)
        limit = {"cn": "unused", "accountInactivityLimit": "60"}
        admin.add(_policy("unused"), ["ldapsubentry", "accountpolicy"], limit)
        for name in ("direct", "deep", "moves", "josé", "two"):
            person_389(admin, name)
        other = {"uid": "two", "cn": "two", "sn": "two"}
        admin.add(f"cn=two,ou=people,{_BELOW}", "inetOrgPerson", other)
        attributed = person_389(admin, "attributed")
        admin.modify(attributed, _replaced(employeeType="minimum-access"))
        person_389(admin, "composed", COMPOSED)
        person_389(admin, "decomposed", DECOMPOSED)
        odd = f"cn={escaped(ODD)},ou=people,{_BELOW}"
        admin.add(
            odd,
            "inetOrgPerson",
            {"cn": ODD, "sn": "x", "uid": "müller", "userPassword": PASSWORD.reveal()},
        )
        person_389(admin, "disabled", nsAccountLock="true")
        for library in LIBRARIES:
            for name in ("guessed", "locked-off"):
                person_389(admin, f"{name}-{library}", pwdpolicysubentry=_policy("strict"))
        person_389(admin, "unused", acctPolicySubentry=_policy("unused"), lastLoginTime=LONG_AGO)
        tomorrow = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + _DAY / 2))
        for name, policy, at in (
            ("expired", "aging", LONG_AGO),
            ("soon", "aging", tomorrow),
            *((f"grace-{library}", "grace", LONG_AGO) for library in LIBRARIES),
        ):
            person_389(admin, name, pwdpolicysubentry=_policy(policy), passwordExpirationTime=at)
        reset = person_389(admin, "reset", pwdpolicysubentry=_policy("must"))
        admin.modify(reset, _replaced(userPassword=PASSWORD.reveal()))
        for name, members in {
            "innermost": [real.dn("deep")],
            "inner": [real.group("innermost")],
            "admins": [real.group("inner"), real.dn("direct")],
            "staff": [odd, real.dn("composed")],
        }.items():
            admin.add(real.group(name), "groupOfNames", {"cn": name, "member": members})


def _policy(name: str) -> str:
    return f"cn={name},ou=policies,{_BELOW}"
