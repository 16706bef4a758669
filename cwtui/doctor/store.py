"""The store: whether it is there, private and readable, and how much room it has."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cwtui import installation
from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.accounts.upkeep import findings as upkeep
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import Config
from cwtui.config.errors import ConfigError
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.subject import Subject
from cwtui.hints import again
from cwtui.host.reasons import reason_of
from cwtui.language import _, decimal, ngettext
from cwtui.maintenance import Glance

_AREA: Final = Area.STORE
_LEVELS: Final = {
    Severity.WARNING: Level.WARNING,
    Severity.DAMAGE: Level.PROBLEM,
    Severity.UNREADABLE: Level.UNKNOWN,
}
_OF_OWNER: Final = (
    Area.STORE,
    Area.KEYRING,
    Area.AUDIT,
    Area.PEOPLE,
    Area.SESSIONS,
    Area.RADIUS,
)
"""What only the owner of the store can look at. RADIUS is last, because without clients there is
nothing to look at."""
_MEGABYTE: Final = 1_000_000
_ROOM: Final = 100 * _MEGABYTE
"""Free bytes below which a warning is due: ten full files of the audit log."""
_FILES: Final = 1000
"""Free inodes below which a warning is due."""


def findings(subject: Subject) -> Iterator[Finding]:
    if isinstance(subject.config, ConfigError):
        yield _unknown(
            _("The configuration cannot be used, so it is not known where the store is.")
        )
        return
    config, glance = subject.config, subject.glance
    if isinstance(glance, Glance):
        yield from _content(config, glance)
        yield from (of(_AREA, one) for one in glance.findings if not is_of_keyring(one, config))
        if not config.database:
            yield from room(config.folder)
    elif subject.is_others:
        yield of_others(_AREA, subject, _("The store {store}", store=config.store_name))
    elif isinstance(glance, StoreMissing):
        yield Finding(_AREA, Level.PROBLEM, str(glance))
    else:
        yield _unknown(str(glance))


def of(area: Area, found: upkeep.Finding) -> Finding:
    """Return a finding of a store check; its sentence says what to do."""
    return Finding(area, _LEVELS[found.severity], found.sentence)


def of_others(area: Area, subject: Subject, what: str) -> Finding:
    """Return the finding for what only the owner of the store can look at."""
    owner = subject.owner or 0
    name = subject.machine.name_of(owner)
    areas = [one for one in _OF_OWNER if one in subject.areas]
    return Finding(
        area,
        Level.UNKNOWN,
        _("{what} belongs to the Unix user {name}, so it was not looked at.", what=what, name=name),
        # The first of them says it for all.
        _("Run: {command}", command=subject.again(*areas, uid=owner)) if area is areas[0] else "",
    )


def without_store(area: Area, subject: Subject, what: str) -> Finding:
    """Return the finding for what cannot be looked at because the store could not be opened."""
    if subject.is_others:
        return of_others(area, subject, what)
    return Finding(
        area, Level.UNKNOWN, _("{what}: not looked at, as the store cannot be used.", what=what)
    )


def is_of_keyring(found: upkeep.Finding, config: Config) -> bool:
    """Whether it is about the keyring, and not about the rest of the store."""
    if config.keyring.credential:
        return found.where == "keyring"
    file = config.keyring_file
    of_store = set() if config.database else {str(config.folder)}
    places = {"keyring", str(file), str(file.parent)} - of_store
    return found.where in places


def _content(config: Config, glance: Glance) -> Iterator[Finding]:
    if glance.accounts is None:
        return
    try:
        empty = glance.accounts.is_empty()
    except CannotCheck as error:
        yield _unknown(str(error))
        return
    if empty:
        yield Finding(
            _AREA,
            Level.PROBLEM,
            _(
                "The store {store} has no account yet, so nobody can sign in.",
                store=config.store_name,
            ),
            _("Create the first admin: {command}", command=installation.begin(config)),
        )
        return
    if config.database:
        yield Finding(
            _AREA,
            Level.OK,
            _(
                "The database {store} can be read. Each account was not read; for that, "
                "run: {command}",
                store=config.store_name,
                command=again("store check"),
            ),
        )
        return
    size, journals = _sizes(config.folder)
    waiting = (
        _(", of which {size} are journals", size=_megabytes(journals))
        if journals > _MEGABYTE
        else ""
    )
    yield Finding(
        _AREA,
        Level.OK,
        _(
            "{folder} can be read and takes {size}{waiting}, with the reserved space. Each "
            "account was not read; for that, run: {command}",
            command=again("store check"),
            folder=config.folder,
            size=_megabytes(size),
            waiting=waiting,
        ),
    )


def _sizes(folder: Path) -> tuple[int, int]:
    """Return the bytes of all files, and of journals among them."""
    total = journals = 0
    for path in folder.rglob("*"):
        try:
            size = path.lstat().st_size if path.is_file() else 0
        except OSError:  # it was removed meanwhile
            continue
        total += size
        journals += size if path.suffix == ".journal" else 0
    return total, journals


def room(folder: Path) -> Iterator[Finding]:
    """Yield how much room the disk has, and whether anything can be written there."""
    if not os.access(folder, os.W_OK, effective_ids=True):
        yield Finding(
            _AREA,
            Level.PROBLEM,
            _(
                "{folder} is read-only, so nobody can sign in: attempts cannot be counted.",
                folder=folder,
            ),
            _("Mount the disk for writing."),
        )
        return
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        yield _unknown(
            _(
                "The free disk space of {folder} cannot be read: {reason}.",
                folder=folder,
                reason=reason_of(error),
            )
        )
        return
    free = disk.f_bavail * disk.f_frsize
    if free < _ROOM:
        yield Finding(
            _AREA,
            Level.WARNING,
            _(
                "Only {size} of disk space are free in {folder}. On a full disk, nobody can "
                "sign in once the reserve is used up.",
                size=_megabytes(free),
                folder=folder,
            ),
            _("Free some space."),
        )
    elif disk.f_files and disk.f_favail < _FILES:
        yield Finding(
            _AREA,
            Level.WARNING,
            _(
                "The file system of {folder} has room for only {files}.",
                folder=folder,
                files=ngettext("{number} file", "{number} files", disk.f_favail),
            ),
            _("Remove files that are not needed."),
        )
    else:
        yield Finding(_AREA, Level.OK, _("{size} of disk space are free.", size=_megabytes(free)))


def _megabytes(size: int) -> str:
    return f"{decimal(size / _MEGABYTE, 1)} MB"


def _unknown(sentence: str) -> Finding:
    return Finding(_AREA, Level.UNKNOWN, sentence)
