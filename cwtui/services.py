"""The one place that puts the parts together: Config in, Ports out."""

import os
import time

from cwtui import reserve
from cwtui.accounts.errors import CannotCheck, KeyringMissing, Refused, StoreDamaged
from cwtui.accounts.ports import AccountStore, Directory, Ports
from cwtui.config import Config, ConfigError
from cwtui.files import check_private, exclusive, exists, lock_for, make_private_folder
from cwtui.keyring import FileKeyring
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit import MEGABYTE, FileAuditLog
from cwtui.store.records import TinyRecordStore


class NoStoreYet(CannotCheck):
    """Nothing was set up here."""


def create(config: Config) -> Ports:
    """Make what is missing of folders and keyring, then connect. Raises CannotCheck."""
    refuse_half_restored(config)
    make_private_folder(config.folder)
    if not config.keyring.credential:
        make_private_folder(config.keyring_file.parent)
        with exclusive(lock_for(config.keyring_file)):
            if not exists(config.keyring_file) and not exists(config.accounts_file):
                FileKeyring.create(config.keyring_file, time.time())
    return _connect(config)


def connect(config: Config) -> Ports:
    """The parts of a store that was set up before. Raises CannotCheck."""
    refuse_half_restored(config)
    check_is_there(config)
    return _connect(config)


def open_keyring(config: Config) -> FileKeyring:
    """The keyring, of whatever store. Raises CannotCheck."""
    is_credential = bool(config.keyring.credential)
    if not is_credential and exists(config.keyring_file.parent):
        check_private(config.keyring_file.parent)
    return FileKeyring.load(config.keyring_file, credential=is_credential)


def without_keyring(config: Config) -> AccountStore:
    """The accounts of a store whose keyring is lost. Raises Refused if it is not, CannotCheck."""
    refuse_half_restored(config)
    check_is_there(config)
    _check_no_credential(config)
    accounts = _accounts(config)
    try:
        _keyring(config, accounts)
    except (KeyringMissing, StoreDamaged):
        return accounts
    raise Refused(
        f"The keyring {config.keyring_file} holds every key that the store needs, so it stays."
    )


def with_new_keyring(config: Config) -> Ports:
    """The parts of a store whose keyring is lost, with a new one in its place.

    What was there is kept beside it. Nobody can sign in until the keys that the store needs are
    given up, as `recovery.recover_admin` does. Raises Refused and CannotCheck.
    """
    _check_no_credential(config)
    make_private_folder(config.keyring_file.parent)
    with exclusive(lock_for(config.keyring_file)):
        accounts = without_keyring(config)
        keyring = FileKeyring.replace(config.keyring_file, time.time())
    return _put_together(config, accounts, keyring)


def _check_no_credential(config: Config) -> None:
    if config.keyring.credential:
        raise Refused(
            "The keyring is a credential, which only systemd writes. Name a new file as "
            "keyring.file in the configuration, do this again, and give the unit that file."
        )


def directory(config: Config) -> Directory:
    """The directory, which needs no store. Raises ConfigError where none is configured."""
    if config.directory is None:
        raise ConfigError(
            "No directory is configured: there is no table [directory] in the configuration. "
            "cwtui --paths says where that is, and the README what to write."
        )
    # Late: most hosts have no directory.
    from cwtui.directory.client import LdapDirectory

    return LdapDirectory(config.directory)


def check_is_there(config: Config) -> None:
    """Raise NoStoreYet unless there are accounts."""
    if exists(config.accounts_file):
        return
    if exists(config.audit_file):
        raise NoStoreYet(
            f"The accounts are missing in {config.folder}, but not their audit log. Restore "
            "them with: cwtui store restore FILE, or begin anew with: cwtui init --admin NAME"
        )
    raise NoStoreYet(
        f"There is no account in {config.folder} yet. If there should be, this is another user, or "
        "--config is missing: see cwtui --paths. To begin: cwtui, or cwtui init --admin NAME"
    )


def refuse_half_restored(config: Config) -> None:
    """Raise CannotCheck while files are being replaced, or were not all replaced."""
    if exists(config.layout.marker):
        raise CannotCheck(
            f"A restore of {config.folder} was interrupted, so that it is partly old and partly "
            "new. Run it again: cwtui store restore FILE"
        )


def _connect(config: Config) -> Ports:
    accounts = _accounts(config)
    return _put_together(config, accounts, _keyring(config, accounts))


def _accounts(config: Config) -> TinyAccountStore:
    check_private(config.folder)
    make_private_folder(config.records_folder)
    accounts = TinyAccountStore(config.accounts_file)
    accounts.settings()  # a damaged or newer store is told now, not after a password
    reserve.keep_beside(config.accounts_file)
    reserve.keep(config.records_folder)
    return accounts


def _keyring(config: Config, accounts: AccountStore) -> FileKeyring:
    keyring = open_keyring(config)
    # It may be of another store, or hold no more keys that nothing is protected by now.
    lacking = accounts.needed_keys() - {key.id for key in keyring.all_keys()}
    if lacking:
        keyring.check_holds(lacking & _used_keys(accounts))
    return keyring


def _used_keys(accounts: AccountStore) -> set[str]:
    return {key for account in accounts.protected() for key in account.keys}


def _put_together(config: Config, accounts: AccountStore, keyring: FileKeyring) -> Ports:
    return Ports(
        accounts=accounts,
        records=TinyRecordStore(config.records_folder),
        keyring=keyring,
        audit=audit_log(config),
        now=time.time,
        random=os.urandom,
        bcrypt_cost=config.passwords.bcrypt_cost,
        session_limit=config.session.limit_hours * 3600.0,
        directory=directory(config) if config.directory is not None else None,
    )


def audit_log(config: Config) -> FileAuditLog:
    """The audit log alone, for what concerns the store as a whole."""
    copy = None
    if config.audit.syslog:
        # Late: most hosts have none.
        from cwtui.store.syslog import SyslogCopy

        copy = SyslogCopy(config.audit.syslog)
    max_bytes = config.audit.max_megabytes * MEGABYTE
    return FileAuditLog(config.audit_file, max_bytes, config.audit.keep_files, copy)
