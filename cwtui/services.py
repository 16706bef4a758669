"""The one place that puts the parts together: Config in, Ports out."""

import os
import time

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.ports import Directory, Ports
from cwtui.config import Config, ConfigError
from cwtui.files import check_private, exclusive, exists, lock_for, make_private_folder
from cwtui.keyring import FileKeyring
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit import FileAuditLog
from cwtui.store.records import TinyRecordStore


class NoStoreYet(CannotCheck):
    """Nothing was set up here."""


def create(config: Config) -> Ports:
    """Make what is missing of folders and keyring, then connect. Raises CannotCheck."""
    make_private_folder(config.folder)
    make_private_folder(config.keyring_file.parent)
    with exclusive(lock_for(config.keyring_file)):
        if not exists(config.keyring_file) and not exists(config.accounts_file):
            FileKeyring.create(config.keyring_file, time.time())
    return _connect(config)


def connect(config: Config) -> Ports:
    """The parts of a store that was set up before. Raises CannotCheck."""
    if not exists(config.accounts_file):
        if exists(config.audit_file):
            raise NoStoreYet(
                f"The accounts are missing in {config.folder}, but not their audit log. Restore "
                "accounts.json, or begin anew with: cwtui init --admin NAME"
            )
        raise NoStoreYet(
            f"There is no account in {config.folder} yet. Run cwtui, or: cwtui init --admin NAME"
        )
    return _connect(config)


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


def _connect(config: Config) -> Ports:
    check_private(config.folder)
    check_private(config.keyring_file.parent)
    make_private_folder(config.records_folder)
    accounts = TinyAccountStore(config.accounts_file)
    accounts.settings()  # a damaged or newer store is told now, not after a password
    return Ports(
        accounts=accounts,
        records=TinyRecordStore(config.records_folder),
        keyring=FileKeyring.load(config.keyring_file),
        audit=FileAuditLog(config.audit_file),
        now=time.time,
        random=os.urandom,
        bcrypt_cost=config.passwords.bcrypt_cost,
        session_limit=config.session.limit_hours * 3600.0,
        directory=directory(config) if config.directory is not None else None,
    )
