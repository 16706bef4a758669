"""Versions of cwtui, of what it uses, and of the programs that ask it."""

import platform
import ssl
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from typing import Final

from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.programs import CannotRun
from cwtui.doctor.subject import Subject
from cwtui.host import release, upgrade
from cwtui.language import _

_AREA: Final = Area.VERSIONS
_found = partial(Finding, _AREA)
_LIBRARIES: Final = (
    "textual", "tinydb", "bcrypt", "cryptography", "pyotp", "qrcode", "ldap3", "python-ldap",
    "click", "msgspec", "zxcvbn",
)  # fmt: skip


def findings(subject: Subject) -> Iterator[Finding]:
    yield _found(
        Level.OK,
        _(
            "cwtui {version}, Python {python}, {openssl}, Linux {release}.",
            version=release.described(),
            python=platform.python_version(),
            openssl=ssl.OPENSSL_VERSION,
            release=platform.release(),
        ),
    )
    if upgrade.is_there():
        yield _found(
            Level.NOTE, _("cwtui was upgraded while this command ran."), _("Run it again.")
        )
    yield _found(Level.OK, _("Libraries: {libraries}.", libraries=", ".join(_libraries())))
    programs = [*_programs(subject.machine)]
    if programs:
        yield _found(Level.OK, _("On this host: {programs}.", programs=", ".join(programs)))


def _libraries() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue


def _programs(machine: Machine) -> Iterator[str]:
    for program, begins in (("sshd", "OpenSSH"), ("sudo", "Sudo version")):
        try:
            answer = machine.ask(program, "-V")
        except CannotRun:
            continue
        line = next(
            (one for one in f"{answer.err}\n{answer.out}".splitlines() if begins in one), ""
        )
        if line:
            yield line.strip().replace("Sudo version", "sudo").split(",")[0].replace("_", " ")
    pam = _pam(machine)
    if pam:
        yield f"PAM {pam}"


def _pam(machine: Machine) -> str:
    """Return the version of Linux-PAM that the package manager knows; empty if it knows none."""
    queries = (
        ("dpkg-query", "--show", "--showformat=${Version}\n", "libpam0g"),
        ("rpm", "--query", "--queryformat=%{VERSION}\n", "pam"),
    )
    for program, *arguments in queries:
        try:
            answer = machine.ask(program, *arguments)
        except CannotRun:
            continue
        if answer.status == 0 and answer.out.strip():
            return answer.out.split()[0]
    return ""
