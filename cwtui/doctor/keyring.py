"""The keyring: whether it fits the store, where it is, and what is known about copies of it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.accounts.times import day
from cwtui.config import CREDENTIALS_VARIABLE, Config
from cwtui.config.errors import ConfigError
from cwtui.doctor.configuration import keyring_place
from cwtui.doctor.findings import Area, Finding, Level
from cwtui.doctor.store import is_of_keyring, of, without_store
from cwtui.doctor.subject import Subject
from cwtui.hints import again
from cwtui.language import N_, _, ngettext
from cwtui.maintenance import Glance

_AREA: Final = Area.KEYRING
_SEARCHED: Final = 8_000_000
"""Bytes of the audit log that are searched for the last backup: about 30,000 events."""
_BACKUP: Final = "store backup FILE"
_DAY: Final = 86_400.0
_OLD: Final = 31
"""Days after which a backup is old."""
_COPY: Final = N_("Copy the keyring to a safe place, apart from the store and its backups.")
_NOT_SEEN: Final = N_("cwtui does not see whether the keyring is copied.")


class Backup(NamedTuple):
    """When the last backup was made; None if none was found. `searched_all`: in the whole log."""

    at: float | None
    searched_all: bool


def findings(subject: Subject) -> Iterator[Finding]:
    config, glance = subject.config, subject.glance
    if isinstance(config, ConfigError) or not isinstance(glance, Glance):
        yield without_store(_AREA, subject, _("The keyring of that store"))
        return
    about_keyring = [one for one in glance.findings if is_of_keyring(one, config)]
    yield from (
        Finding(_AREA, Level.UNKNOWN, one.sentence) if _is_out_of_reach(subject) else of(_AREA, one)
        for one in about_keyring
    )
    if glance.keyring is None:
        return
    try:
        keys = glance.keyring.all_keys()
        active = glance.keyring.active
    except AccountsError as error:
        yield Finding(_AREA, Level.UNKNOWN, str(error))
        return
    if not about_keyring:
        place = keyring_place(config)
        said = ngettext(
            "{place} has {number} key, and all that the store needs.",
            "{place} has {number} keys, and all that the store needs.",
            len(keys),
            place=place,
        )
        yield Finding(_AREA, Level.OK, said)
    yield from _inside(config)
    if config.database:
        return  # its backups are made with its own tools, which the log does not record
    made = next((key.created_at for key in keys if key.id == active), 0.0)
    yield from copies(active, made, last_backup(glance), subject.machine.now())


def _is_out_of_reach(subject: Subject) -> bool:
    """Whether the keyring is a credential, which systemd gives to the unit but not to this."""
    is_credential = bool(subject.settings.keyring.credential)
    return is_credential and not subject.machine.environ.get(CREDENTIALS_VARIABLE)


def _inside(config: Config) -> Iterator[Finding]:
    if not config.keyring.credential and config.keyring_is_in_store():
        yield Finding(
            _AREA,
            Level.WARNING,
            _(
                "{keyring_file} is in the store's folder, so anyone who copies the store also "
                "copies the keys.",
                keyring_file=config.keyring_file,
            ),
            _("Move it to a folder of its own, and set keyring.file in the configuration."),
        )


def last_backup(glance: Glance) -> Backup:
    """Search the newest events of the audit log for the last `cwtui store backup`."""
    left = _SEARCHED
    event = EventType.STORE_BACKUP.value
    try:
        for line in glance.audit.lines_before(None):
            if event.encode() in line.content:
                record = decode(line.content)
                if record is not None and record.event == event:
                    return Backup(record.at.timestamp(), searched_all=False)
            left -= len(line.content)
            if left < 0:
                return Backup(None, searched_all=False)
    except CannotCheck:
        return Backup(None, searched_all=False)
    return Backup(None, searched_all=True)


def copies(active: str, made: float, backup: Backup, now: float) -> Iterator[Finding]:
    """Yield what can be said about copies: only when the key and the last backup were made."""
    copy, not_seen = _(_COPY), _(_NOT_SEEN)
    if backup.at is None:
        yield Finding(
            _AREA,
            Level.WARNING,
            _(
                "The active key {key} was made on {day}, and the audit log has no backup of the "
                "store. {not_seen}",
                key=active,
                day=day(made),
                not_seen=not_seen,
            )
            if backup.searched_all
            else _(
                "The active key {key} was made on {day}, and the newest events of the audit log "
                "have no backup of the store. {not_seen}",
                key=active,
                day=day(made),
                not_seen=not_seen,
            ),
            _("{copy} To back up the store: {command}", copy=copy, command=again(_BACKUP)),
        )
    elif backup.at < made:
        yield Finding(
            _AREA,
            Level.WARNING,
            _(
                "The active key {key} was made on {day}, after the last backup of the store on "
                "{backup}. An older copy of the keyring lacks this key. {not_seen}",
                key=active,
                day=day(made),
                backup=day(backup.at),
                not_seen=not_seen,
            ),
            _("{copy} Then back up the store: {command}", copy=copy, command=again(_BACKUP)),
        )
    else:
        age = int((now - backup.at) / _DAY)
        old = age > _OLD
        yield Finding(
            _AREA,
            Level.WARNING if old else Level.NOTE,
            _(
                "The active key {key} was made on {day}. The last backup of the store was made on "
                "{backup}, {age} days ago. {not_seen}",
                key=active,
                day=day(made),
                backup=day(backup.at),
                age=age,
                not_seen=not_seen,
            )
            if old
            else _(
                "The active key {key} was made on {day}. The last backup of the store was made on "
                "{backup}. {not_seen}",
                key=active,
                day=day(made),
                backup=day(backup.at),
                not_seen=not_seen,
            ),
            _("Back up the store: {command}", command=again(_BACKUP))
            if old
            else _("Make sure that your copy of the keyring has the key {key}.", key=active),
        )
