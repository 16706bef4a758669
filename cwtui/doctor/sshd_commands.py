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
from cwtui.doctor.sshd_settings import SshdSettings
from cwtui.doctor.subject import Subject
from cwtui.host.trust import why_untrusted
from cwtui.host.untrusted_files import read_regular
from cwtui.language import N_, _

_found = partial(Finding, Area.SSHD)
_NONE: Final = ("", "none")


@dataclass(frozen=True)
class _What:
    """A command that sshd asks who may sign in."""

    setting: str
    missing: str
    """What it means that it does not exist."""
    not_run: str
    """What it means that it cannot be run."""
    asked: str
    """What sshd asks it for."""
    whose: str
    """Who should run it."""


_KEYS: Final = _What(
    "AuthorizedKeysCommand",
    N_("The {setting} {program} does not exist, so no key from it is accepted."),
    N_("The {setting} {program} cannot be run, so no key from it is accepted."),
    N_("sshd asks {program} for keys, as {user}."),
    N_("Set it to the Unix user that owns the store."),
)
_PRINCIPALS: Final = _What(
    "AuthorizedPrincipalsCommand",
    N_("The {setting} {program} does not exist, so no certificate is accepted."),
    N_("The {setting} {program} cannot be run, so no certificate is accepted."),
    N_("sshd asks {program} for principals of certificates, as {user}."),
    N_("Set it to a Unix user that owns nothing."),
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


def about_commands(
    asked: Sequence[Asked], for_root: SshdSettings, subject: Subject
) -> Iterator[Finding]:
    """Yield what is wrong with the commands of these people, and of root's connections."""
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
    command = for_root.get("authorizedkeyscommand")
    if command not in _NONE and _is_ours(subject.machine.path(command.split(maxsplit=1)[0])):
        yield _found(
            Level.WARNING,
            _(
                "sshd asks cwtui for root's keys too. Whoever can create an account called root "
                "could let a key in as root."
            ),
            _("Set AuthorizedKeysCommand in a Match block for a group without root."),
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
            _(
                "The ForceCommand of {name} is {program}, without its folder. Whether it is "
                "found depends on PATH.",
                name=kiosk.name,
                program=program,
            ),
            _("Write its whole path, such as /usr/bin/cwtui-host."),
        )
    elif not machine.path(program).exists():
        yield _found(
            Level.PROBLEM,
            _(
                "The ForceCommand of {name} does not exist: {program}.",
                name=kiosk.name,
                program=program,
            ),
            _("Correct the path."),
        )
    elif why := why_untrusted(machine.path(program)):
        yield _found(
            Level.PROBLEM,
            _("The ForceCommand of {name} is not safe. {why}", name=kiosk.name, why=why),
        )
    elif not _can_be_run(machine.path(program)):
        yield _found(
            Level.PROBLEM,
            _(
                "The ForceCommand of {name} cannot be run: {program}.",
                name=kiosk.name,
                program=program,
            ),
            f"chmod 755 {program}",
        )
    else:
        yield _found(
            Level.OK, _("Connections of {name} run {program}.", name=kiosk.name, program=program)
        )
    if isolation.is_open(words, machine):
        yield _found(
            Level.WARNING,
            _(
                "The ForceCommand of {name} lets environment variables change what Python runs.",
                name=kiosk.name,
            ),
            _("Start it as cwtui help ssh says: python -I -m cwtui --kiosk"),
        )
    if not settings.is_on("disableforwarding"):
        yield _found(
            Level.WARNING,
            _(
                "Whoever connects as {name} can forward ports, past {program}.",
                name=kiosk.name,
                program=program,
            ),
            _(
                "In Match User {name}, set DisableForwarding yes and PermitUserRC no.",
                name=kiosk.name,
            ),
        )
    if settings.get("clientaliveinterval") == "0":
        yield _found(
            Level.NOTE,
            _("Connections of {name} stay open when a client vanishes.", name=kiosk.name),
            _("Set ClientAliveInterval 60"),
        )


def _asked_command(what: _What, command: str, user: str, subject: Subject) -> Iterator[Finding]:
    program = Path(command.split(maxsplit=1)[0])
    if user in _NONE:
        yield _found(
            Level.PROBLEM,
            _("{setting} is set without {setting}User.", setting=what.setting),
            _(what.whose),
        )
        return
    there = subject.machine.path(str(program))
    if not program.is_absolute() or not there.exists():
        yield _found(
            Level.PROBLEM,
            _(what.missing, setting=what.setting, program=program),
            _("Write the whole path of the command."),
        )
        return
    if why := why_untrusted(there):
        yield _found(
            Level.PROBLEM,
            _(
                "sshd does not run the {setting} {program}. {why}",
                setting=what.setting,
                program=program,
                why=why,
            ),
        )
        return
    if not _can_be_run(there):
        yield _found(
            Level.PROBLEM,
            _(what.not_run, setting=what.setting, program=program),
            f"chmod 755 {program}",
        )
        return
    owner = subject.machine.name_of(subject.owner) if subject.owner is not None else user
    if user != owner and _is_ours(there):
        yield _found(
            Level.PROBLEM,
            _(
                "The {setting} {program} runs as {user}, who cannot read the store of {owner}.",
                setting=what.setting,
                program=program,
                user=user,
                owner=owner,
            ),
            _("Set {setting}User {owner}", setting=what.setting, owner=owner),
        )
        return
    yield _found(
        Level.OK,
        _(what.asked, program=program, user=user),
    )


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
