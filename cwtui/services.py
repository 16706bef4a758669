"""Put the parts together: turn a Config into Ports."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cwtui import installation, joining
from cwtui.accounts.directory_port import Directory
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    StoreDamaged,
    StoreMissing,
)
from cwtui.accounts.ports import (
    AccountStore,
    AuditLog,
    Clock,
    Keyring,
    OpenSessions,
    Ports,
    RecordStore,
)
from cwtui.accounts.unix_users import UnixUser
from cwtui.config import Config
from cwtui.config.errors import ConfigError
from cwtui.hints import again
from cwtui.host import files, reserve
from cwtui.host.files import check_private, exists, make_private_folder
from cwtui.keyring.file_keyring import FileKeyring, locked
from cwtui.keyring.opened import OpenKeyring
from cwtui.keyring.sealed_keyring import Row
from cwtui.language import _
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import MEGABYTE, FileAuditLog
from cwtui.store.open_sessions import FileOpenSessions
from cwtui.store.records import TinyRecordStore


def create(config: Config) -> Ports:
    """Set up what is missing, then connect. The store may have no account yet.

    Raises CannotCheck.
    """
    refuse_half_restored(config)
    installation.set_up(config)
    return _connect(config)


def load_rest() -> None:
    """Load what opening the store does not need, but a sign-in does: encryption, in some 15 ms."""
    from cwtui.keyring import sealing  # noqa: F401  loaded now, used later


def connect(config: Config) -> Ports:
    """Connect to an existing store, with all keys that it needs. Raises CannotCheck."""
    refuse_half_restored(config)
    installation.check_is_there(config)
    return _with_accounts(config, _connect(config))


def connect_for_operator(config: Config) -> Ports:
    """Connect even if some keys are missing, to list keys and reset accounts.

    A keyring belongs to another store, and is still refused, if it has none of the store's keys or
    if the store does not know its active key. Raises CannotCheck.
    """
    refuse_half_restored(config)
    installation.check_is_there(config)
    return _with_accounts(config, _connect(config, all_keys=False))


class ToRead(NamedTuple):
    """What is needed to find out about an account: the port Reading."""

    accounts: AccountStore
    records: RecordStore
    keyring: Keyring
    now: Clock


def to_read(config: Config) -> ToRead:
    """Open an existing store only to read it, checked as in `connect`. Raises CannotCheck."""
    refuse_half_restored(config)
    installation.check_is_there(config)
    opened = _open(config)
    keyring = open_keyring(config, opened.keyring)
    joining.join(opened.accounts, keyring, all_keys=True, any_active=False)
    return ToRead(opened.accounts, opened.records, keyring, opened.now)


def connect_for_key_commands(config: Config) -> Ports:
    """Connect even if the store does not know the active key; a rotation makes it known.

    Raises CannotCheck.
    """
    refuse_half_restored(config)
    installation.check_is_there(config)
    return _with_accounts(config, _connect(config, all_keys=False, any_active=True))


def _with_accounts(config: Config, ports: Ports) -> Ports:
    if ports.accounts.is_empty():
        raise StoreMissing(
            _(
                "Setup is not finished: there is no account yet. Continue with: {command}",
                command=installation.begin(config),
            )
        )
    return ports


def open_keyring(config: Config, row: Row | None = None) -> OpenKeyring:
    """Open the keyring without comparing it with the store. Raises CannotCheck.

    `row` is where the open database has it, if it may be there.
    """
    kept = open_keyring_file(config)
    if not config.keyring.in_database:
        return kept
    # Imported here, because most hosts have no keyring in a database.
    from cwtui import database
    from cwtui.keyring.sealed_keyring import SealedKeyring

    return SealedKeyring(row or database.parts(config).keyring, kept)


def open_keyring_file(config: Config) -> FileKeyring:
    """Open what keyring.file or keyring.credential name. Raises CannotCheck."""
    is_credential = bool(config.keyring.credential)
    if not is_credential and exists(config.keyring_file.parent):
        check_private(config.keyring_file.parent)
    return FileKeyring.load(config.keyring_file, credential=is_credential)


def without_keyring(config: Config) -> AccountStore:
    """Return the accounts of a store whose keyring is lost.

    Raises Refused if the keyring has all needed keys, and CannotCheck.
    """
    return _without_keyring(config).accounts


def _without_keyring(config: Config) -> "Opened":
    refuse_half_restored(config)
    installation.check_is_there(config)
    _check_no_credential(config)
    opened = _open(config)
    try:
        keyring = open_keyring(config, opened.keyring)
        joining.join(opened.accounts, keyring, all_keys=True, any_active=True)
    except (KeyringMissing, StoreDamaged):
        opened.accounts.check_with(None)
        return opened
    raise Refused(
        _(
            "The keyring {keyring} has every key that the store needs, so it was kept.",
            keyring=config.keyring_file,
        )
    )


def with_new_keyring(config: Config) -> Ports:
    """Replace the lost keyring of a store with a new one, and connect.

    The old file is kept beside it. Nobody can sign in until `recovery.recover_admin` gives up the
    lost keys. Raises Refused and CannotCheck.
    """
    _check_no_credential(config)
    installation.check_is_there(config)
    make_private_folder(config.keyring_file.parent)
    with locked(config.keyring_file):
        opened = _without_keyring(config)
        keyring = FileKeyring.replace(config.keyring_file, opened.now())
    return put_together(config, opened, keyring)


def _check_no_credential(config: Config) -> None:
    if config.keyring.in_database:
        raise Refused(
            _(
                "The keyring is in the database. If it is lost, set keyring.in_database to false "
                "and keyring.file to a new file, and run this again."
            )
        )
    if config.keyring.credential:
        raise Refused(
            _(
                "The keyring is a credential, which only systemd can write. Set keyring.file in "
                "the configuration to a new file, run this again, and give the unit that file."
            )
        )


def directory(config: Config) -> Directory:
    """Return the directory, which needs no store. Raises ConfigError if none is configured."""
    if config.directory is None:
        raise ConfigError(
            _(
                "No directory is configured: the configuration has no [directory] section. "
                "cwtui --paths shows the file, and cwtui help ldap explains the section."
            )
        )
    # Imported here, because most hosts have no directory.
    from cwtui.directory.client import LdapDirectory

    return LdapDirectory(config.directory)


def refuse_half_restored(config: Config) -> None:
    """Raise CannotCheck while a restore or copy is running, or if one was interrupted."""
    unfinished = None if config.database else config.layout.unfinished()
    if unfinished is not None:
        raise CannotCheck(unfinished)


def _connect(config: Config, *, all_keys: bool = True, any_active: bool = False) -> Ports:
    opened = _open(config)
    keyring = open_keyring(config, opened.keyring)
    joining.join(opened.accounts, keyring, all_keys=all_keys, any_active=any_active)
    return put_together(config, opened, keyring)


class Opened(NamedTuple):
    """An open store, wherever it is kept."""

    accounts: joining.Accounts
    records: RecordStore
    audit: AuditLog
    sessions: OpenSessions
    now: Clock
    keyring: Row | None = None
    """Where a database has the keyring, if it is there."""


def _open(config: Config) -> Opened:
    if config.database:
        # Imported here, because most hosts have no database.
        from cwtui import database

        parts = database.parts(config, _copy(config))
        ports = parts.accounts, parts.records, parts.audit, parts.sessions
        return Opened(*ports, parts.clock.now, parts.keyring)
    accounts = _accounts(config)
    check_store = accounts.is_empty  # reads the accounts if they changed, which checks them
    records = TinyRecordStore(config.records_folder, check_store)
    sessions = FileOpenSessions(config.layout.sessions)
    audit = _file_audit_log(config, check_store)
    return Opened(accounts, records, audit, sessions, time.time)


def _accounts(config: Config) -> TinyAccountStore:
    check_private(config.folder)
    if not exists(config.records_folder):
        raise StoreMissing(
            _(
                "The folder {folder} is missing. It records used codes and failed "
                "attempts. Restore the store: {command}. To continue without it: "
                "mkdir -m 700 {folder}",
                folder=config.records_folder,
                command=again("store restore FILE"),
            )
        )
    check_private(config.records_folder)
    accounts = TinyAccountStore(config.accounts_file)
    accounts.settings()  # report a damaged or newer store now, not after a password
    reserve.keep(config.folder)
    reserve.keep(config.records_folder)
    return accounts


def put_together(config: Config, opened: Opened, keyring: OpenKeyring) -> Ports:
    """Return the ports of an open store."""
    return Ports(
        accounts=opened.accounts,
        records=opened.records,
        keyring=keyring,
        audit=opened.audit,
        sessions=opened.sessions,
        now=opened.now,
        random=os.urandom,
        bcrypt_cost=config.passwords.bcrypt_cost,
        session_limit=config.session.limit_hours * 3600.0,
        directory=directory(config) if config.directory is not None else None,
        local_time=_local_time,
        unix_user=lambda name: _unix_user(name, config),
        unix_names=_unix_names,
        ask_directory_at_doors=config.service.ask_directory,
    )


def _unix_names() -> frozenset[str] | None:
    from cwtui.host import unix_users

    return unix_users.all_names()


def _unix_user(name: str, config: Config) -> UnixUser | None:
    # Imported here, because only those who create users need it.
    from cwtui.host import unix_users

    def own() -> Path:
        # Who owns the keys can do all that the owner of the store can.
        return config.keyring_file.parent if config.database else config.folder

    return unix_users.find(name, own)


def _local_time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone()


def audit_log(config: Config) -> AuditLog:
    """Return the audit log without the other parts, for events about the whole store."""
    return _open(config).audit if config.database else _file_audit_log(config)


def open_sessions(config: Config) -> OpenSessions:
    """Return the open sessions without the other parts. Raises CannotCheck."""
    return _open(config).sessions if config.database else FileOpenSessions(config.layout.sessions)


def clock_of(config: Config) -> Clock:
    """Return the clock that counts for this store, for events about the whole store.

    Raises CannotCheck.
    """
    if not config.database:
        return time.time
    from cwtui import database

    return database.clock(config)


def is_read_only(config: Config) -> bool:
    """Whether this process cannot write to the store: read-only media, or a replica.

    Raises CannotCheck.
    """
    if not config.database:
        return files.is_read_only(config.folder)
    from cwtui import database

    return database.is_read_only(config)


def _file_audit_log(
    config: Config, check_store: Callable[[], object] | None = None
) -> FileAuditLog:
    max_bytes = config.audit.max_megabytes * MEGABYTE
    return FileAuditLog(
        config.audit_file, max_bytes, config.audit.keep_files, _copy(config), check_store
    )


def _copy(config: Config) -> Callable[[bytes], None] | None:
    """Return what copies each line of the audit log to syslog, if that is configured."""
    if not config.audit.syslog:
        return None
    # Imported here, because most hosts do not use it.
    from cwtui.store.audit.syslog import SyslogCopy

    return SyslogCopy(config.audit.syslog)
