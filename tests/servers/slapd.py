"""A real OpenLDAP server for tests: on loopback, in a folder, ending with its process."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.programs import require
from tests.servers.certificates import Certificate
from tests.servers.ports import free_port

BASE: Final = "dc=example,dc=com"
ADMIN: Final = f"cn=admin,{BASE}"
ADMIN_PASSWORD: Final = "only-of-this-test"
_SCHEMAS: Final = ("core", "cosine", "inetorgperson", "nis")
_MODULES: Final = ("back_mdb", "memberof", "ppolicy")
_ATTEMPTS: Final = 5
_START_SECONDS: Final = 20


@dataclass
class Slapd:
    """A running server; `port` is for ldap://, `tls_port` for ldaps://."""

    folder: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes]

    @property
    def ldap(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def ldaps(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def add(self, ldif: str) -> None:
        """Add or change entries over LDAP, so that overlays take effect."""
        self._tool("ldapmodify", "-a", stdin=ldif)

    def password_of(self, dn: str, password: str) -> bool:
        """Whether OpenLDAP's own client can bind with this."""
        return self._run("ldapwhoami", "-D", dn, "-w", password).returncode == 0

    def start_again(self) -> "Slapd":
        """Restart the same server after it was killed."""
        started = _started(self.folder, self.port, self.tls_port)
        assert started is not None, (self.folder / "log").read_text()
        return started

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def _tool(self, *args: str, stdin: str = "") -> None:
        done = self._run(*args, "-D", ADMIN, "-w", ADMIN_PASSWORD, stdin=stdin)
        assert done.returncode == 0, f"{done.stderr}\n{(self.folder / 'log').read_text()}"

    def _run(self, tool: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [require(tool), "-x", "-H", self.ldap, *args],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


def start(
    folder: Path,
    certificate: Certificate,
    ldif: str = "",
    schema: Iterable[str] = (),
    database: str = "",
    verify_client: str = "TLSVerifyClient never",
) -> Slapd:
    """A server with the root and these entries; the other arguments are for slapd.conf(5)."""
    slapd = _copied(folder)
    (folder / "data").mkdir()
    configuration = folder / "slapd.conf"
    lines = _configuration(folder, certificate, schema, database, verify_client)
    configuration.write_text("\n".join(lines))
    root = f"dn: {BASE}\nobjectClass: domain\ndc: example\n\n"
    loaded = subprocess.run(
        [slapd, "-Tadd", "-q", "-f", configuration],
        input=root + ldif,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert loaded.returncode == 0, loaded.stderr
    for _ in range(_ATTEMPTS):
        started = _started(folder, free_port(), free_port())
        if started is not None:
            return started
    raise AssertionError((folder / "log").read_text())


def _started(folder: Path, port: int, tls_port: int) -> Slapd | None:
    urls = f"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}"
    # It ends with the tests, whatever ends them.
    with_us = [require("setpriv"), "--pdeathsig", "TERM"]
    with (folder / "log").open("wb") as log:
        # With a debug level, even 0, it stays in the foreground.
        process = subprocess.Popen(
            [*with_us, folder / "slapd", "-f", folder / "slapd.conf", "-h", urls, "-d", "0"],
            stdout=log,
            stderr=log,
        )
    server = Slapd(folder, port, tls_port, process)
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if _answers(port) and _answers(tls_port):
            return server
        time.sleep(0.01)
    # Another process took one of the ports, or the machine is very slow.
    server.kill()
    return None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _copied(folder: Path) -> Path:
    # AppArmor's profile of /usr/sbin/slapd allows only system folders.
    copied = folder / "slapd"
    shutil.copy(require("slapd"), copied)
    return copied


def _configuration(
    folder: Path,
    certificate: Certificate,
    schema: Iterable[str],
    database: str,
    verify_client: str,
) -> Iterable[str]:
    yield from (f"include /etc/ldap/schema/{name}.schema" for name in _SCHEMAS)
    yield from schema
    yield "modulepath /usr/lib/ldap"
    yield from (f"moduleload {module}" for module in _MODULES)
    yield f"""
TLSCertificateFile {certificate.certificate}
TLSCertificateKeyFile {certificate.key}
{verify_client}
sizelimit 500
database mdb
suffix {BASE}
rootdn {ADMIN}
rootpw {ADMIN_PASSWORD}
directory {folder / "data"}
maxsize 268435456
dbnosync
index objectClass,uid,member,memberUid eq
{database}
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
overlay memberof
memberof-group-oc groupOfNames
overlay ppolicy
ppolicy_default cn=usual,ou=policies,{BASE}
ppolicy_use_lockout
"""
