"""389 Directory Server, by tests.servers.enclosed.

Its installer writes to /etc, /var and /run of the host; here the server is given the same
template of its configuration, filled in with a folder of its own.
"""

import base64
import hashlib
import shutil
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from ldap3 import Connection

from tests.programs import require
from tests.servers.certificates import Certificate
from tests.servers.enclosed import Enclosed

BASE: Final = "dc=example,dc=com"
ADMIN: Final = "cn=Directory Manager"
ADMIN_PASSWORD: Final = "only-of-this-test"

PROGRAMS: Final = ("ns-slapd", "certutil", "pk12util")
PORTS: Final = (389, 636)

_TEMPLATE: Final = Path("/usr/share/dirsrv/data/template-dse.ldif")
_SCHEMA: Final = Path("/etc/dirsrv/schema")
_FOLDERS: Final = ("schema", "lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log", "db")
_DATABASE: Final = "cn=userroot,cn=ldbm database,cn=plugins,cn=config"


def missing() -> str:
    return "" if _TEMPLATE.exists() and _SCHEMA.is_dir() else "389-ds-base is not installed"


def prepare(folder: Path, certificate: Certificate) -> list[str]:
    configuration = folder / "config"
    configuration.mkdir()
    values = {f"{name}_dir": str(folder / name) for name in _FOLDERS}
    values["schema_dir"] = str(configuration / "schema")
    for path in values.values():
        Path(path).mkdir()
    shutil.copytree(_SCHEMA, values["schema_dir"], dirs_exist_ok=True)
    shutil.copy(_SCHEMA.parent / "config" / "slapd-collations.conf", configuration)
    shutil.copy(_SCHEMA.parent / "config" / "certmap.conf", configuration)
    values |= {
        "config_dir": str(configuration),
        "db_home_dir": values["db_dir"],
        "db_lib": "bdb",
        "ds_passwd": _hashed(ADMIN_PASSWORD),
        "ds_port": "389",
        "ds_suffix": BASE,
        "ds_user": "root",
        "fqdn": "localhost",
        "ldapi": str(folder / "run" / "ldapi"),
        "ldapi_autobind": "off",
        "ldapi_enabled": "off",
        "rootdn": ADMIN,
    }
    written = _TEMPLATE.read_text()
    for name, value in values.items():
        written = written.replace(f"%{name}%", value)
    entries = [_changed(entry) for entry in written.strip().split("\n\n")]
    (configuration / "dse.ldif").write_text("\n\n".join([*entries, *_ENTRY_UUID, _SUFFIX]))
    _keep_keys(folder / "cert", certificate)
    return [require("ns-slapd"), "-D", str(configuration), "-i", str(folder / "run/pid"), "-d0"]


_CHANGES: Final = {
    "cn=config": {
        "nsslapd-security": "on",
        "nsslapd-securePort": "636",
        # Policies of single users and subtrees.
        "nsslapd-pwpolicy-local": "on",
    },
    "cn=MemberOf Plugin,cn=plugins,cn=config": {
        "nsslapd-pluginenabled": "on",
        "memberOfAutoAddOC": "nsMemberOf",
    },
    # Otherwise no name may contain an umlaut.
    "cn=7-bit check,cn=plugins,cn=config": {"nsslapd-pluginEnabled": "off"},
    # For accounts with an inactivity limit.
    "cn=Account Policy Plugin,cn=plugins,cn=config": {"nsslapd-pluginEnabled": "on"},
    "cn=config,cn=Account Policy Plugin,cn=plugins,cn=config": {
        "stateattrname": "lastLoginTime",
        "altstateattrname": "createTimestamp",
        "specattrname": "acctPolicySubentry",
        "limitattrname": "accountInactivityLimit",
    },
}
_ENTRY_UUID: Final = [
    f"""\
dn: cn={name},cn=plugins,cn=config
objectclass: top
objectclass: nsSlapdPlugin
cn: {name}
nsslapd-pluginpath: lib{name.replace("_", "-")}-plugin
nsslapd-plugininitfunc: {name}_plugin_init
nsslapd-plugintype: {kind}
nsslapd-pluginenabled: on
nsslapd-pluginId: {name}
nsslapd-pluginVersion: none
nsslapd-pluginVendor: 389 Project
nsslapd-pluginDescription: {name}"""
    for name, kind in (("entryuuid_syntax", "syntax"), ("entryuuid", "betxnpreoperation"))
]
"""What the server itself adds to its configuration, and uses from its second start on."""
_SUFFIX: Final = f"""\
dn: {_DATABASE}
objectclass: top
objectclass: extensibleObject
objectclass: nsBackendInstance
nsslapd-suffix: {BASE}
cn: userroot

dn: cn="{BASE}",cn=mapping tree,cn=config
objectclass: top
objectclass: extensibleObject
objectclass: nsMappingTree
cn: {BASE}
cn: "{BASE}"
nsslapd-state: backend
nsslapd-backend: userroot

"""


def administrator(server: Enclosed) -> AbstractContextManager[Connection]:
    return server.administrator(ADMIN, ADMIN_PASSWORD)


def _changed(entry: str) -> str:
    first, *lines = entry.splitlines()
    changes = _CHANGES.get(first.removeprefix("dn: "), {})
    names = {name.lower() for name in changes}
    kept = [line for line in lines if line.partition(":")[0].lower() not in names]
    return "\n".join([first, *kept, *(f"{name}: {value}" for name, value in changes.items())])


def _hashed(password: str) -> str:
    salt = b"any salt"
    digest = hashlib.sha512(password.encode() + salt).digest()
    return f"{{SSHA512}}{base64.b64encode(digest + salt).decode()}"


def _keep_keys(folder: Path, certificate: Certificate) -> None:
    """Store them in the NSS database, where it looks for them."""
    bundle = folder / "server.p12"
    key = serialization.load_pem_private_key(certificate.key.read_bytes(), None)
    shown = x509.load_pem_x509_certificate(certificate.certificate.read_bytes())
    bundle.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"Server-Cert",
            key,  # type: ignore[arg-type]  # a private key of any kind
            shown,
            None,
            serialization.BestAvailableEncryption(b"any"),
        )
    )
    ca_file = certificate.certificate.with_name("ca.pem")
    for command in (
        ["certutil", "-N", "-d", folder, "--empty-password"],
        ["certutil", "-A", "-d", folder, "-n", "authority", "-t", "CT,,", "-a", "-i", ca_file],
        ["pk12util", "-i", bundle, "-d", folder, "-W", "any", "-K", ""],
    ):
        subprocess.run([require(str(command[0])), *map(str, command[1:])], check=True)
