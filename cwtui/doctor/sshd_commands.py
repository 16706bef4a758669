"""The commands that sshd runs for cwtui: forced ones, and those that print keys."""

import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.doctor import isolation
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine, UnixUser
from cwtui.doctor.sshd_settings import SshdSettings, settings_for
from cwtui.doctor.subject import Subject
from cwtui.host.trust import why_untrusted
from cwtui.host.untrusted_files import read_regular

_found = partial(Finding, Area.SSHD)
_NONE: Final = ("", "none")


@dataclass(frozen=True)
class _What:
    """A command that sshd asks who may sign in."""

    setting: str
    printed: str
    accepted: str
    """What sshd does not accept without it."""
    whose: str
    """Who should run it."""


_KEYS: Final = _What(
    "AuthorizedKeysCommand", "keys", "key from it", "Set it to the Unix user that owns the store."
)
_PRINCIPALS: Final = _What(
    "AuthorizedPrincipalsCommand",
    "principals of certificates",
    "certificate",
    "Set it to a Unix user that owns nothing.",
)


@dataclass(frozen=True)
class Asked:
    """A person, and the settings for their connections."""

    user: UnixUser
    settings: SshdSettings

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def forced(self) -> str:
        command = self.settings.get("forcecommand")
        return "" if command in _NONE else command

    @property
    def is_kiosk(self) -> bool:
        """Whether this user is shared, and cwtui asks only after the connection."""
        return "cwtui" in self.forced or "connectware" in self.forced


def about_commands(asked: Sequence[Asked], subject: Subject) -> Iterator[Finding]:
    for command in dict.fromkeys(person.forced for person in asked if person.is_kiosk):
        users = [person for person in asked if person.forced == command]
        yield from _forced(command, users[0], subject.machine)
    for what in (_KEYS, _PRINCIPALS):
        setting = what.setting.lower()
        commands = {
            (one.settings.get(setting), one.settings.get(f"{setting}user")) for one in asked
        }
        for command, user in sorted(commands):
            if command not in _NONE:
                yield from _asked_command(what, command, user, subject)
    for_root = settings_for(subject.machine, "root").get("authorizedkeyscommand")
    if for_root not in _NONE and _is_ours(subject.machine.path(for_root.split(maxsplit=1)[0])):
        yield _found(
            Level.WARNING,
            "sshd asks cwtui for root's keys too. Whoever can create an account called root could "
            "let a key in as root.",
            "Set AuthorizedKeysCommand in a Match block for a group without root.",
        )


def _forced(command: str, kiosk: Asked, machine: Machine) -> Iterator[Finding]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    program = words[0] if words else ""
    settings = kiosk.settings
    if not program.startswith("/"):
        yield _found(
            Level.PROBLEM,
            f"The ForceCommand of {kiosk.name} is {program}, without its folder. Whether it is "
            "found depends on PATH.",
            "Write its whole path, such as /usr/bin/cwtui-host.",
        )
    elif not machine.path(program).exists():
        yield _found(
            Level.PROBLEM,
            f"The ForceCommand of {kiosk.name} does not exist: {program}.",
            "Correct the path.",
        )
    elif why := why_untrusted(machine.path(program)):
        yield _found(Level.PROBLEM, f"The ForceCommand of {kiosk.name} is not safe. {why}")
    elif not _can_be_run(machine.path(program)):
        yield _found(
            Level.PROBLEM,
            f"The ForceCommand of {kiosk.name} cannot be run: {program}.",
            f"chmod 755 {program}",
        )
    else:
        yield _found(Level.OK, f"Connections of {kiosk.name} run {program}.")
    if isolation.is_open(words, machine):
        yield _found(
            Level.WARNING,
            f"The ForceCommand of {kiosk.name} lets environment variables change what Python runs.",
            "Start it as cwtui help ssh says: python -I -m cwtui --kiosk",
        )
    if not settings.is_on("disableforwarding"):
        yield _found(
            Level.WARNING,
            f"Whoever connects as {kiosk.name} can forward ports, past {program}.",
            f"In Match User {kiosk.name}, set DisableForwarding yes and PermitUserRC no.",
        )
    if settings.get("clientaliveinterval") == "0":
        yield _found(
            Level.NOTE,
            f"Connections of {kiosk.name} stay open when a client vanishes.",
            "Set ClientAliveInterval 60",
        )


def _asked_command(what: _What, command: str, user: str, subject: Subject) -> Iterator[Finding]:
    program = Path(command.split(maxsplit=1)[0])
    named = f"The {what.setting} {program}"
    if user in _NONE:
        yield _found(
            Level.PROBLEM, f"{what.setting} is set without {what.setting}User.", what.whose
        )
        return
    there = subject.machine.path(str(program))
    if not program.is_absolute() or not there.exists():
        yield _found(
            Level.PROBLEM,
            f"{named} does not exist, so no {what.accepted} is accepted.",
            "Write the whole path of the command.",
        )
        return
    if why := why_untrusted(there):
        yield _found(Level.PROBLEM, f"sshd does not run the {what.setting} {program}. {why}")
        return
    if not _can_be_run(there):
        yield _found(
            Level.PROBLEM,
            f"{named} cannot be run, so no {what.accepted} is accepted.",
            f"chmod 755 {program}",
        )
        return
    owner = subject.machine.name_of(subject.owner) if subject.owner is not None else user
    if user != owner and _is_ours(there):
        yield _found(
            Level.PROBLEM,
            f"{named} runs as {user}, who cannot read the store of {owner}.",
            f"Set {what.setting}User {owner}",
        )
        return
    yield _found(Level.OK, f"sshd asks {program} for {what.printed}, as {user}.")


def _can_be_run(program: Path) -> bool:
    try:
        return bool(program.stat().st_mode & stat.S_IXOTH)
    except OSError:
        return False


def _is_ours(program: Path) -> bool:
    """Whether the program is cwtui, or a script that runs it."""
    try:
        return program.name == "cwtui" or b"cwtui" in read_regular(program, 1 << 16)
    except OSError:
        return False
