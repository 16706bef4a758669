"""PAM: whether the doors that ask cwtui ask rightly, and heed its answer."""

import re
import stat
from collections.abc import Iterator
from functools import partial
from typing import Final

from cwtui.accounts.text import listed
from cwtui.config import Config
from cwtui.doctor import pam_modules
from cwtui.doctor.doors import Door, doors
from cwtui.doctor.findings import NAMED, Area, Finding, Level
from cwtui.doctor.machine import Machine
from cwtui.doctor.subject import CWTUI, Subject
from cwtui.language import N_, _

_AREA: Final = Area.PAM
_found = partial(Finding, _AREA)
_ARGUMENT: Final = re.compile(
    rb"socket=/.{0,106}|mode=(full|code|key)|timeout=([1-9]\d?|[1-5]\d\d|600)|nullok|debug|verbose"
)
_ALONE_IS_ENOUGH: Final = ("sshd", "sudo", "sudo-i")
"""Where something else was proved before: a key, which is looked at elsewhere, or a sign-in."""


def findings(subject: Subject) -> Iterator[Finding]:
    yield from pam_modules.misspelt(subject)
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
    yield from pam_modules.of_cwtui(asking, subject.machine)
    for one in asking:
        yield from _of_door(one, subject)


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
    wrong = {word for module in one.modules for word in module.arguments if not _is_argument(word)}
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
            _("Correct /etc/pam.d/{file}.", file=one.modules[0].file),
        )
    if isinstance(subject.config, Config):
        expected = subject.config.service.socket
        for path in sorted(one.sockets - {expected}):
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
    people = subject.tried
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
        user.name for user in subject.tried if one.if_refused("account", user).always_accepts
    ]
    if len(heedless) == len(subject.tried):
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
