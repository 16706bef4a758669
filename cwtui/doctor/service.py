"""`cwtui serve`: its socket, and whether it answers."""

import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from cwtui.accounts.errors import AccountsError, Refused, StoreMissing
from cwtui.accounts.text import visible
from cwtui.accounts.times import utc_minute
from cwtui.doctor import copies
from cwtui.doctor.doors import doors
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.subject import Subject
from cwtui.host import release
from cwtui.language import _, ngettext
from cwtui.service import client

_AREA: Final = Area.SERVICE
_found = partial(Finding, _AREA)
_SECONDS: Final = 5.0
"""How long the service may take to answer."""
_EVERYBODY: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

AskStatus = Callable[[Path], str]


class _Status(msgspec.Struct):
    """The parts of the answer that are told."""

    since: float
    conversations: dict[str, int]
    version: str = ""


def _ask(path: Path) -> str:
    return client.status(path, _SECONDS)


def findings(subject: Subject, ask: AskStatus = _ask) -> Iterator[Finding]:
    yield from copies.findings(subject)
    yield from _gate(Path(subject.settings.service.gate_socket))
    path = Path(subject.settings.service.socket)
    asking = [one.name for one in doors(subject) if str(path) in one.sockets]
    needed = bool(asking)
    try:
        found = path.lstat()
        folder = path.parent.stat()
    except FileNotFoundError:
        if needed:
            yield _found(
                Level.PROBLEM,
                _(
                    "There is no socket {path}, so nobody gets in at {doors}.",
                    path=path,
                    doors=", ".join(asking),
                ),
                _start(subject),
            )
        else:
            yield _found(
                Level.OK, _("The service is not running, and no door of the host asks it.")
            )
        return
    except OSError:
        yield _found(
            Level.UNKNOWN,
            _("The socket {path} cannot be looked at.", path=path),
            _("Run: {command}", command=subject.again(_AREA.value, uid=subject.owner or 0)),
        )
        return
    if not stat.S_ISSOCK(found.st_mode):
        yield _found(
            Level.PROBLEM, _("{path} is not a socket.", path=path), _("Find out who put it there.")
        )
        return
    yield from modes(path, found.st_uid, found.st_mode, folder.st_mode, subject.owner)
    yield _answer(path, subject, ask)


def _start(subject: Subject) -> str:
    return _(
        "Start it: systemctl start cwtui.socket, or by hand: {command}",
        command=subject.by_owner("serve"),
    )


def _gate(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with the socket of `cwtui gate`, if there is one."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode) or mode & _EVERYBODY != _EVERYBODY:
        yield _found(
            Level.PROBLEM,
            _("Not everybody can use {path}, so people cannot pass cwtui gate.", path=path),
            _("It must be a socket of mode 0666: set SocketMode=0666."),
        )


def modes(path: Path, owner: int, mode: int, folder: int, store: int | None) -> Iterator[Finding]:
    """Yield what is wrong with the owner and the modes of the socket and its folder."""
    if owner not in {0, store if store is not None else owner}:
        yield _found(
            Level.PROBLEM,
            _(
                "{path} belongs to the uid {owner}, which does not own the store.",
                path=path,
                owner=owner,
            ),
            _("Find out who listens there."),
        )
    if mode & _OTHERS:
        yield _found(
            Level.WARNING,
            _("Other Unix users than its owner may connect to {path}.", path=path),
            _("Its mode should be 0600: set SocketMode=0600 in cwtui.socket."),
        )
    if folder & (stat.S_IWGRP | stat.S_IWOTH):
        yield _found(
            Level.PROBLEM,
            _(
                "Others can write to {folder}, so the module refuses to use the socket.",
                folder=path.parent,
            ),
            _("Run: chmod go-w {folder}", folder=path.parent),
        )


def _answer(path: Path, subject: Subject, ask: AskStatus) -> Finding:
    try:
        status = msgspec.json.decode(ask(path), type=_Status)
    except Refused:
        owner = subject.owner or 0
        return _found(
            Level.UNKNOWN,
            _("Only root and the Unix user that owns the store may ask the service."),
            _("Run: {command}", command=subject.again(_AREA.value, uid=owner)),
        )
    except client.CannotUseStore as error:
        if isinstance(subject.glance, StoreMissing):
            return _found(Level.PROBLEM, str(subject.glance))
        areas = (Area.STORE.value, Area.KEYRING.value)
        command = subject.again(*areas, uid=subject.owner or 0)
        return _found(Level.PROBLEM, str(error), _("Run: {command}", command=command))
    except AccountsError as error:
        return _found(Level.PROBLEM, str(error), _start(subject))
    except msgspec.DecodeError:
        return _found(
            Level.PROBLEM, _("What listens on {path} is not cwtui.", path=path), _start(subject)
        )
    return _running(status)


def _running(status: _Status) -> Finding:
    if status.version not in {"", release.described()}:
        return _found(
            Level.NOTE,
            _(
                "The service answers, and is still version {version}.",
                version=visible(status.version),
            ),
            _("It ends when nobody is signing in. To end it now: systemctl restart cwtui.service"),
        )
    total = sum(status.conversations.values())
    return _found(
        Level.OK,
        ngettext(
            "The service answers. It has run since {time}, and was asked {number} time.",
            "The service answers. It has run since {time}, and was asked {number} times.",
            total,
            time=utc_minute(status.since),
        ),
    )
