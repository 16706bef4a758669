"""Hosts made of a few files, and of programs that print what they are told to."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cwtui.config import Config
from cwtui.doctor import sshd as sshd_area
from cwtui.doctor.findings import Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.programs import Answer, NotInstalled
from cwtui.doctor.subject import Subject

EXAMPLES = Path(__file__).parents[2] / "cwtui" / "pam" / "examples"
SSHD = (EXAMPLES / "pam.d" / "sshd-code").read_text().replace("mode=key", "mode=code")
SUDO = (EXAMPLES / "pam.d" / "sudo").read_text()
ASKS_CODE = "auth required pam_cwtui.so mode=code\naccount required pam_cwtui.so\n"

Programs = Mapping[str, Answer | Callable[[Sequence[str]], Answer]]

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
connectware:x:998:998::/var/lib/connectware:/usr/sbin/nologin
alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash
bob:x:1001:1001::/home/bob:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
GROUP = """\
root:x:0:
sudo:x:27:alice,carl
users:x:100:
"""
COMMON = {
    "common-auth": """\
auth\t[success=1 default=ignore]\tpam_unix.so nullok
auth\trequisite\t\t\tpam_deny.so
auth\trequired\t\t\tpam_permit.so
auth\toptional\t\t\tpam_cap.so
""",
    "common-account": """\
account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so
account\trequisite\t\t\tpam_deny.so
account\trequired\t\t\tpam_permit.so
""",
    **{
        name: f"{name.split('-')[1]} required pam_permit.so\n"
        for name in ("common-password", "common-session", "common-session-noninteractive")
    },
    "other": "@include common-auth\n@include common-account\n",
    "sshd": "@include common-auth\naccount required pam_nologin.so\n@include common-account\n",
    "sudo": "#%PAM-1.0\n@include common-auth\n@include common-account\n",
}
"""What Debian 12 has in /etc/pam.d, without what concerns sessions."""

SSHD_T = """\
port 22
listenaddress [::]:22
listenaddress 0.0.0.0:22
usepam yes
logingracetime 120
permitrootlogin without-password
pubkeyauthentication yes
gssapiauthentication no
hostbasedauthentication no
passwordauthentication yes
kbdinteractiveauthentication no
clientaliveinterval 0
disableforwarding no
forcecommand none
authorizedkeyscommand none
authorizedkeyscommanduser none
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
authenticationmethods any
pidfile none
"""
"""What `sshd -T` of OpenSSH 9.2 prints, shortened."""
CODE = {
    "kbdinteractiveauthentication": "yes",
    "passwordauthentication": "no",
    "authenticationmethods": "publickey,keyboard-interactive:pam",
    "logingracetime": "600",
}
"""A key, then a code."""


def printed(**settings: str) -> str:
    """The output of `sshd -T` with other values for some settings."""
    lines = (line.partition(" ") for line in SSHD_T.splitlines())
    return "\n".join(f"{name} {settings.get(name, value)}" for name, _, value in lines)


def sshd(default: str, **others: str) -> Callable[[Sequence[str]], Answer]:
    """An sshd that prints this for everybody, and something else for some users."""

    def answer(arguments: Sequence[str]) -> Answer:
        if "-T" not in arguments:
            return Answer(1, "", "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025\n")
        user = arguments[-1].partition(",")[0].removeprefix("user=")
        return Answer(0, others.get(user, default), "")

    return answer


def getent(passwd: str = PASSWD) -> Callable[[Sequence[str]], Answer]:
    def answer(arguments: Sequence[str]) -> Answer:
        names = arguments[1:]
        lines = [
            line
            for line in (GROUP if arguments[0] == "group" else passwd).splitlines()
            if not names or not {line.split(":")[0], line.split(":")[2]}.isdisjoint(names)
        ]
        return Answer(0 if len(lines) >= len(names) else 2, "\n".join(lines), "")

    return answer


def machine(
    root: Path,
    files: Mapping[str, str] | None = None,
    programs: Programs | None = None,
    *,
    euid: int = 0,
    environ: Mapping[str, str] | None = None,
) -> Machine:
    for name, content in (files or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if content.startswith("#!") else 0o644)
    known: Programs = {"getent": getent(), **(programs or {})}

    def run(name: str, arguments: Sequence[str]) -> Answer:
        if name not in known:
            raise NotInstalled(f"{name} is not installed")
        answer = known[name]
        return answer if isinstance(answer, Answer) else answer(arguments)

    return Machine(root, environ or {}, euid, run, lambda: 1_800_000_000.0, os.geteuid())


def with_pam(files: Mapping[str, str], *, module: bool = True) -> dict[str, str]:
    """Files of /etc/pam.d besides Debian's, and the module."""
    pam = {f"/etc/pam.d/{name}": content for name, content in {**COMMON, **files}.items()}
    return {**pam, "/usr/lib/x86_64-linux-gnu/security/pam_cwtui.so": ""} if module else pam


def subject(machine: Machine, config: Config | None = None) -> Subject:
    """A host with this configuration, or with no store."""
    there = config or Config()
    return Subject(machine, lambda: there, "/etc/cwtui/config.toml", "cwtui doctor")


def said(findings: Iterator[Finding], level: Level) -> list[str]:
    return [one.sentence for one in findings if one.level is level]


def sshd_says(
    root: Path, level: Level, default: str, *, file: str = SSHD, **others: str
) -> list[str]:
    """What is found of an sshd that prints this, with this file in /etc/pam.d."""
    found = machine(root, with_pam({"sshd": file}), {"sshd": sshd(default, **others)})
    return said(sshd_area.findings(subject(found)), level)


def with_run(machine: Machine, run: Callable[[str, Sequence[str]], Answer]) -> Machine:
    """The same host with other programs."""
    return replace(machine, run=run)
