"""Samba as an Active Directory domain controller, by tests.servers.enclosed."""

import os
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from ldap3 import Connection

from tests.programs import require
from tests.servers.certificates import Certificate
from tests.servers.enclosed import Enclosed

DOMAIN: Final = "WERK"
REALM: Final = "werk.example"
BASE: Final = "DC=werk,DC=example"
ADMIN: Final = f"CN=Administrator,CN=Users,{BASE}"
ADMIN_PASSWORD: Final = "Only.of-this-test1"

PROGRAMS: Final = ("samba", "samba-tool", "winbindd")
PORTS: Final = (389, 636, 3268)
"""LDAP, LDAPS, and the global catalogue's LDAP."""

_LOOPBACK: Final[dict[str, object]] = {"interfaces": "lo", "bind interfaces only": "yes"}
_SETUP: Final = Path("/usr/share/samba/setup/provision.ldif")
_MODULES: Final = "usr/lib/*/samba/ldb/samldb.so"


def missing() -> str:
    if not _SETUP.exists():
        return "samba-ad-provision is not installed"
    if not any(Path("/").glob(_MODULES)):
        return "samba-dsdb-modules is not installed"
    return ""


def prepare(folder: Path, certificate: Certificate) -> list[str]:
    domain = folder / "ad"
    provision = [require("samba-tool"), "domain", "provision", "--quiet"]
    provision += [f"--targetdir={domain}", f"--realm={REALM}", f"--domain={DOMAIN}"]
    provision += ["--server-role=dc", "--dns-backend=NONE", f"--adminpass={ADMIN_PASSWORD}"]
    provision += ["--host-name=dc1", "--host-ip=127.0.0.1", *_options(_LOOPBACK)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(provision, check=True, env=clean)
    sockets = folder / "sockets"
    sockets.mkdir(mode=0o700)
    certificate.key.chmod(0o600)
    settings = _LOOPBACK | {
        "server services": "ldap",
        "disable netbios": "yes",
        "pid directory": sockets,
        "ncalrpc dir": sockets / "ncalrpc",
        "winbindd socket directory": sockets / "winbindd",
        "ntp signd socket directory": sockets / "ntp_signd",
        "tls certfile": certificate.certificate,
        "tls keyfile": certificate.key,
        "tls cafile": certificate.certificate.with_name("ca.pem"),
    }
    configuration = f"--configfile={domain}/etc/smb.conf"
    start = [require("samba"), "--foreground", "--model=single", "--debug-stdout", configuration]
    return start + _options(settings)


def administrator(server: Enclosed) -> AbstractContextManager[Connection]:
    return server.administrator(ADMIN, ADMIN_PASSWORD)


def quoted(password: str) -> bytes:
    """In the form that the attribute unicodePwd requires."""
    return f'"{password}"'.encode("utf-16-le")


def _options(settings: dict[str, object]) -> list[str]:
    return [f"--option={name}={value}" for name, value in settings.items()]
