"""PAM: whether the module is in order, and whether the doors that ask cwtui heed its answer."""

import re
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from cwtui.accounts.text import listed
from cwtui.config import Config
from cwtui.doctor.doors import Door
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.machine import Machine, UnixUser
from cwtui.doctor.pam_files import Module
from cwtui.doctor.subject import CWTUI, Subject, asks_cwtui
from cwtui.language import N_, _

_AREA: Final = Area.PAM
_found = partial(Finding, _AREA)
_FOLDERS: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_ARGUMENT: Final = re.compile(
    rb"socket=/.{0,106}|mode=(full|code|key)|timeout=([1-9]\d?|[1-5]\d\d|600)|nullok|debug|verbose"
)
_USUAL_SOCKET: Final = "/run/cwtui/pam"
"""What the module asks if no argument names a socket."""
_TRIED: Final = 5
"""How many people's sign-ins are worked out."""
NAMED: Final = 5
"""How many people a sentence names."""
ROOT: Final = UnixUser("root", 0, 0, "/root", "/bin/sh")
_SOMEBODY: Final = UnixUser("somebody", 60_000, 60_000, "/home/somebody", "/bin/sh")
"""Tried if the host lists no people."""
_ALONE_IS_ENOUGH: Final = ("sshd", "sudo", "sudo-i")
"""Where something else was proved before: a key, which is looked at elsewhere, or a sign-in."""


def tried(subject: Subject) -> Sequence[UnixUser]:
    """Return the people whose sign-ins are worked out, without root."""
    return subject.people[:_TRIED] or [_SOMEBODY]


def door(subject: Subject, name: str) -> Door | None:
    """Return this door of the host if it asks cwtui for anything."""
    service = subject.pam.get(name)
    return Door(service, subject.machine) if service and asks_cwtui(service) else None


def doors(subject: Subject) -> list[Door]:
    """Return the doors that ask cwtui."""
    return [one for one in (door(subject, name) for name in subject.pam) if one is not None]


def findings(subject: Subject) -> Iterator[Finding]:
    yield from _misspelt(subject)
    asking = doors(subject)
    if not asking:
        yield _found(
            Level.NOTE,
            _(
                "No file in /etc/pam.d asks {module}, so cwtui protects no door of this host.",
                module=CWTUI,
            ),
            _("To change that, see: cwtui help doors"),
        )
        return
    yield from _module_files(asking, subject.machine)
    for one in asking:
        yield from _of_door(one, subject)


def _misspelt(subject: Subject) -> Iterator[Finding]:
    """Yield lines of all services that name a module which is not there, such as pam_cwtiu.so."""
    modules = {
        (module.path, module.file)
        for service in subject.pam.values()
        for kind in service.steps
        for module in service.modules(kind)
        if not module.may_be_missing and module.name != CWTUI
    }
    if _file_of("pam_permit.so", subject.machine) is None:  # the modules are somewhere else
        return
    for path, file in sorted(modules):
        if _file_of(path, subject.machine) is None:
            yield _found(
                Level.PROBLEM,
                _(
                    "/etc/pam.d/{file} asks the module {path}, which is not installed. PAM "
                    "refuses people there if it is required.",
                    file=file,
                    path=path,
                ),
                _("Correct its name in /etc/pam.d/{file}, or install it.", file=file),
            )


def _of_door(one: Door, subject: Subject) -> Iterator[Finding]:
    place = f"/etc/pam.d/{one.name}"
    for fault in one.service.faults:
        yield _found(
            Level.PROBLEM,
            _("PAM refuses everybody at {name}: {fault}.", name=one.name, fault=fault),
            _("Correct {place}.", place=place),
        )
    for file in one.service.unreadable:
        yield _found(Level.UNKNOWN, _("{file} cannot be read.", file=file), _again(subject))
    if one.service.faults or one.service.unreadable:
        return
    yield from _arguments(one, subject)
    yield from _auth(one, subject)
    yield from _account(one, subject)


def _again(subject: Subject) -> str:
    return _("Run: {command}", command=subject.again(_AREA.value))


def _arguments(one: Door, subject: Subject) -> Iterator[Finding]:
    modules = [module for kind in one.service.steps for module in one.cwtui_in(kind)]
    wrong = {word for module in modules for word in module.arguments if not _is_argument(word)}
    for word in sorted(wrong):
        yield _found(
            Level.PROBLEM,
            _(
                "{module} does not understand the argument {word} at {name}, and refuses "
                "everybody.",
                module=CWTUI,
                word=word,
                name=one.name,
            ),
            _("Correct /etc/pam.d/{file}.", file=modules[0].file),
        )
    if isinstance(subject.config, Config):
        expected = subject.config.service.socket
        for path in sorted(sockets(modules) - {expected}):
            yield _other_socket(one, path, expected, subject.machine)


def _other_socket(one: Door, path: str, expected: str, machine: Machine) -> Finding:
    """Return what it means that a door does not ask at the socket of the configuration."""
    same = _("Use the same path in both places.")
    try:
        if stat.S_ISSOCK(machine.path(path).stat().st_mode):
            return _found(
                Level.WARNING,
                _(
                    "{name} asks the service at {path}, where one listens, but service.socket is "
                    "{expected}: cwtui serve, gate and verify use that one.",
                    name=one.name,
                    path=path,
                    expected=expected,
                ),
                same,
            )
        sentence = N_(
            "{name} asks the service at {path}, which is not a socket, so cwtui lets nobody in "
            "there: service.socket is {expected}."
        )
    except (FileNotFoundError, NotADirectoryError):
        sentence = N_(
            "{name} asks the service at {path}, where none listens, so cwtui lets nobody in "
            "there: service.socket is {expected}."
        )
    except OSError:
        return _found(
            Level.UNKNOWN,
            _(
                "{name} asks the service at {path}, but service.socket is {expected}, and {path} "
                "cannot be looked at.",
                name=one.name,
                path=path,
                expected=expected,
            ),
            same,
        )
    return _found(
        Level.PROBLEM,
        _(sentence, name=one.name, path=path, expected=expected),
        same,
    )


def asked_at(one: Door) -> set[str]:
    """Return the sockets of the service that this door asks."""
    return sockets([module for kind in one.service.steps for module in one.cwtui_in(kind)])


def sockets(modules: Sequence[Module]) -> set[str]:
    """Return the sockets of the service that these lines ask."""
    return {
        next(
            (word.partition("=")[2] for word in module.arguments if word.startswith("socket=")),
            _USUAL_SOCKET,
        )
        for module in modules
    }


def _is_argument(word: str) -> bool:
    return _ARGUMENT.fullmatch(word.encode(errors="surrogateescape")) is not None


def _auth(one: Door, subject: Subject) -> Iterator[Finding]:
    if not one.cwtui_in("auth"):
        yield _found(
            Level.NOTE,
            _(
                "{name} does not ask cwtui for a password or a code, only whether the account "
                "may enter.",
                name=one.name,
            ),
        )
        return
    people = tried(subject)
    pass_by = {user.name: one.if_refused("auth", user) for user in people}
    always = [name for name, found in pass_by.items() if found.always_accepts]
    maybe = [name for name, found in pass_by.items() if found.accepts and found.refuses]
    if len(always) == len(people):
        yield _found(
            Level.PROBLEM,
            _(
                "{name} lets people in even if cwtui refuses them: another module is enough.",
                name=one.name,
            ),
            _(
                "In /etc/pam.d/{name}, make {module} required, and let no module before it end "
                "the stack (sufficient, or success=done).",
                name=one.name,
                module=CWTUI,
            ),
        )
    else:
        asks = (
            _("{name} asks cwtui for a one-time code.", name=one.name)
            if one.asks_for_code_only
            else _("{name} asks cwtui for password and one-time code.", name=one.name)
        )
        yield _found(Level.OK, asks)
        if always:
            yield _found(
                Level.NOTE,
                _(
                    "{name} does not need cwtui's consent for {always}.",
                    name=one.name,
                    always=listed(always, NAMED),
                ),
                _("Check that this is what you want."),
            )
        if maybe:
            yield _found(
                Level.WARNING,
                _(
                    "{name} may let {maybe} in even if cwtui refuses; it depends on modules that "
                    "this check does not know.",
                    name=one.name,
                    maybe=listed(maybe, NAMED),
                ),
                _("Try it, with a second connection open."),
            )
    if one.needs_key and one.name != "sshd":
        yield _found(
            Level.PROBLEM,
            _(
                "{name} refuses everybody: mode=key is for sshd, which has checked a key before.",
                name=one.name,
            ),
            _("In /etc/pam.d/{name}, write mode=code or mode=full.", name=one.name),
        )
    if one.null_ok:
        yield _found(
            Level.NOTE,
            _(
                "{name} lets people in without a code if they have no second factor and need "
                "none (nullok).",
                name=one.name,
            ),
        )
    if (
        one.asks_for_code_only
        and not one.needs_key
        and one.name not in _ALONE_IS_ENOUGH
        and any(one.accepts_cwtui_alone(user) for user in people)
    ):
        yield _found(
            Level.PROBLEM,
            _("At {name}, a one-time code alone is enough, without a password.", name=one.name),
            _("In /etc/pam.d/{name}, write mode=full, or check a password first.", name=one.name),
        )


def _account(one: Door, subject: Subject) -> Iterator[Finding]:
    if not one.cwtui_in("account"):
        by_key = one.name == "sshd"
        yield _found(
            Level.PROBLEM if by_key else Level.WARNING,
            _(
                "{name} has no account line for {module}, so disabled people still get in by key.",
                name=one.name,
                module=CWTUI,
            )
            if by_key
            else _(
                "{name} has no account line for {module}, so disabled people are stopped only "
                "when they are asked for a code.",
                name=one.name,
                module=CWTUI,
            ),
            _(
                "Add to /etc/pam.d/{name}, before other account lines: account required {module}",
                name=one.name,
                module=CWTUI,
            ),
        )
        return
    heedless = [
        user.name for user in tried(subject) if one.if_refused("account", user).always_accepts
    ]
    if len(heedless) == len(tried(subject)):
        yield _found(
            Level.PROBLEM,
            _(
                "{name} lets people in even if cwtui says that the account may not enter.",
                name=one.name,
            ),
            _(
                "In /etc/pam.d/{name}, write: account required {module}",
                name=one.name,
                module=CWTUI,
            ),
        )


def _module_files(asking: Sequence[Door], machine: Machine) -> Iterator[Finding]:
    paths = sorted(
        {
            module.path
            for one in asking
            for kind in one.service.steps
            for module in one.cwtui_in(kind)
        }
    )
    for path in paths:
        found = _file_of(path, machine)
        if found is None:
            yield _found(
                Level.PROBLEM,
                _(
                    "The module {path} is not installed, so PAM refuses everybody where it is "
                    "required.",
                    path=path,
                ),
                _("Install it: cwtui help doors says how."),
            )
            continue
        why = _why_unsafe(found, machine.system_uid)
        if why:
            yield _found(
                Level.PROBLEM,
                _(why, file=found),
                _("Check it, then run: chown root:root {found} && chmod 644 {found}", found=found),
            )


def _file_of(path: str, machine: Machine) -> Path | None:
    if path.startswith("/"):
        file = machine.path(path)
        return file if file.exists() else None
    for folder in _FOLDERS:
        base = machine.path(folder)
        for place in (base / "security" / path, *sorted(base.glob(f"*/security/{path}"))):
            if place.exists():
                return place
    return None


def _why_unsafe(file: Path, owner: int) -> str:
    try:
        found = file.stat()
    except OSError:
        return N_("{file} cannot be read, so somebody else could decide who gets in.")
    if found.st_uid != owner:
        return N_("{file} does not belong to root, so somebody else could decide who gets in.")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return N_("{file} can be written by others, so somebody else could decide who gets in.")
    return ""
