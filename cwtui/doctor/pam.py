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
            f"No file in /etc/pam.d asks {CWTUI}, so cwtui protects no door of this host.",
            "To change that, see: cwtui help doors",
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
                f"/etc/pam.d/{file} asks the module {path}, which is not installed. PAM refuses "
                "people there if it is required.",
                f"Correct its name in /etc/pam.d/{file}, or install it.",
            )


def _of_door(one: Door, subject: Subject) -> Iterator[Finding]:
    place = f"/etc/pam.d/{one.name}"
    for fault in one.service.faults:
        yield _found(
            Level.PROBLEM,
            f"PAM refuses everybody at {one.name}: {fault}.",
            f"Correct {place}.",
        )
    for file in one.service.unreadable:
        yield _found(Level.UNKNOWN, f"{file} cannot be read.", _again(subject))
    if one.service.faults or one.service.unreadable:
        return
    yield from _arguments(one, subject)
    yield from _auth(one, subject)
    yield from _account(one, subject)


def _again(subject: Subject) -> str:
    return f"Run: {subject.again(_AREA.value)}"


def _arguments(one: Door, subject: Subject) -> Iterator[Finding]:
    modules = [module for kind in one.service.steps for module in one.cwtui_in(kind)]
    wrong = {word for module in modules for word in module.arguments if not _is_argument(word)}
    for word in sorted(wrong):
        yield _found(
            Level.PROBLEM,
            f"{CWTUI} does not understand the argument {word} at {one.name}, and refuses "
            "everybody.",
            f"Correct /etc/pam.d/{modules[0].file}.",
        )
    if isinstance(subject.config, Config):
        expected = subject.config.service.socket
        for path in sorted(sockets(modules) - {expected}):
            yield _other_socket(one, path, expected, subject.machine)


def _other_socket(one: Door, path: str, expected: str, machine: Machine) -> Finding:
    """Return what it means that a door does not ask at the socket of the configuration."""
    same = "Use the same path in both places."
    asks = f"{one.name} asks the service at {path}"
    try:
        if stat.S_ISSOCK(machine.path(path).stat().st_mode):
            return _found(
                Level.WARNING,
                f"{asks}, where one listens, but service.socket is {expected}: cwtui serve, gate "
                "and verify use that one.",
                same,
            )
        why = "which is not a socket"
    except (FileNotFoundError, NotADirectoryError):
        why = "where none listens"
    except OSError:
        return _found(
            Level.UNKNOWN,
            f"{asks}, but service.socket is {expected}, and {path} cannot be looked at.",
            same,
        )
    return _found(
        Level.PROBLEM,
        f"{asks}, {why}, so cwtui lets nobody in there: service.socket is {expected}.",
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
            f"{one.name} does not ask cwtui for a password or a code, only whether the account may "
            "enter.",
        )
        return
    people = tried(subject)
    pass_by = {user.name: one.if_refused("auth", user) for user in people}
    always = [name for name, found in pass_by.items() if found.always_accepts]
    maybe = [name for name, found in pass_by.items() if found.accepts and found.refuses]
    asks = "a one-time code" if one.asks_for_code_only else "password and one-time code"
    if len(always) == len(people):
        yield _found(
            Level.PROBLEM,
            f"{one.name} lets people in even if cwtui refuses them: another module is enough.",
            f"In /etc/pam.d/{one.name}, make {CWTUI} required, and let no module before it end the "
            "stack (sufficient, or success=done).",
        )
    else:
        yield _found(Level.OK, f"{one.name} asks cwtui for {asks}.")
        if always:
            yield _found(
                Level.NOTE,
                f"{one.name} does not need cwtui's consent for {listed(always, NAMED)}.",
                "Check that this is what you want.",
            )
        if maybe:
            yield _found(
                Level.WARNING,
                f"{one.name} may let {listed(maybe, NAMED)} in even if cwtui refuses; it depends "
                "on modules that this check does not know.",
                "Try it, with a second connection open.",
            )
    if one.needs_key and one.name != "sshd":
        yield _found(
            Level.PROBLEM,
            f"{one.name} refuses everybody: mode=key is for sshd, which has checked a key before.",
            f"In /etc/pam.d/{one.name}, write mode=code or mode=full.",
        )
    if one.null_ok:
        yield _found(
            Level.NOTE,
            f"{one.name} lets people in without a code if they have no second factor and need none "
            "(nullok).",
        )
    if (
        one.asks_for_code_only
        and not one.needs_key
        and one.name not in _ALONE_IS_ENOUGH
        and any(one.accepts_cwtui_alone(user) for user in people)
    ):
        yield _found(
            Level.PROBLEM,
            f"At {one.name}, a one-time code alone is enough, without a password.",
            f"In /etc/pam.d/{one.name}, write mode=full, or check a password first.",
        )


def _account(one: Door, subject: Subject) -> Iterator[Finding]:
    if not one.cwtui_in("account"):
        by_key = one.name == "sshd"
        yield _found(
            Level.PROBLEM if by_key else Level.WARNING,
            f"{one.name} has no account line for {CWTUI}, so "
            + (
                "disabled people still get in by key."
                if by_key
                else "disabled people are stopped only when they are asked for a code."
            ),
            f"Add to /etc/pam.d/{one.name}, before other account lines: account required {CWTUI}",
        )
        return
    heedless = [
        user.name for user in tried(subject) if one.if_refused("account", user).always_accepts
    ]
    if len(heedless) == len(tried(subject)):
        yield _found(
            Level.PROBLEM,
            f"{one.name} lets people in even if cwtui says that the account may not enter.",
            f"In /etc/pam.d/{one.name}, write: account required {CWTUI}",
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
                f"The module {path} is not installed, so PAM refuses everybody where it is "
                "required.",
                "Install it: cwtui help doors says how.",
            )
            continue
        why = _why_unsafe(found, machine.system_uid)
        if why:
            yield _found(
                Level.PROBLEM,
                f"{found} {why}, so somebody else could decide who gets in.",
                f"Check it, then run: chown root:root {found} && chmod 644 {found}",
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
        return "cannot be read"
    if found.st_uid != owner:
        return "does not belong to root"
    return "can be written by others" if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""
