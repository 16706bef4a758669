"""The one place that puts the parts together: Config in, Ports out."""

import os
import time
from collections.abc import Callable

from cwtui import installation
from cwtui.accounts.errors import (
    CannotCheck,
    KeyringMissing,
    Refused,
    StoreDamaged,
    StoreMissing,
)
from cwtui.accounts.ports import AccountStore, Directory, Ports
from cwtui.config import Config, ConfigError
from cwtui.host import reserve
from cwtui.host.files import check_private, exclusive, exists, lock_for, make_private_folder
from cwtui.keyring.file_keyring import FileKeyring, Held
from cwtui.store.accounts import Contents, TinyAccountStore
from cwtui.store.audit.log import MEGABYTE, FileAuditLog
from cwtui.store.records import TinyRecordStore


def create(config: Config) -> Ports:
    """Set up what is missing, then connect: to a store that may have no account yet.

    Raises CannotCheck.
    """
    refuse_half_restored(config)
    installation.set_up(config)
    return _connect(config)


def connect(config: Config) -> Ports:
    """The parts of a store that was set up, with all keys that it needs. Raises CannotCheck."""
    refuse_half_restored(config)
    installation.check_is_there(config)
    return _with_accounts(_connect(config))


def connect_for_operator(config: Config) -> Ports:
    """The same, though some of the keys are missing: accounts can be reset, and keys looked at.

    A keyring that holds none of the store's keys, or an active key that the store does not know,
    is that of another store, and refused here too.
    Raises CannotCheck.
    """
    refuse_half_restored(config)
    installation.check_is_there(config)
    return _with_accounts(_connect(config, all_keys=False))


def connect_for_key_commands(config: Config) -> Ports:
    """The same, also where the store does not know the active key: by rotating it learns of it.

    Raises CannotCheck.
    """
    refuse_half_restored(config)
    installation.check_is_there(config)
    return _with_accounts(_connect(config, all_keys=False, any_active=True))


def _with_accounts(ports: Ports) -> Ports:
    if ports.accounts.is_empty():
        raise StoreMissing(
            f"Setting up was not finished: there is no account yet. Go on: {installation.BEGIN}"
        )
    return ports


def open_keyring(config: Config) -> FileKeyring:
    """The keyring, of whatever store. Raises CannotCheck."""
    is_credential = bool(config.keyring.credential)
    if not is_credential and exists(config.keyring_file.parent):
        check_private(config.keyring_file.parent)
    return FileKeyring.load(config.keyring_file, credential=is_credential)


def without_keyring(config: Config) -> AccountStore:
    """The accounts of a store whose keyring is lost. Raises Refused if it is not, CannotCheck."""
    refuse_half_restored(config)
    installation.check_is_there(config)
    _check_no_credential(config)
    accounts = _accounts(config)
    try:
        _join(accounts, open_keyring(config), all_keys=True, any_active=True)
    except (KeyringMissing, StoreDamaged):
        accounts.check = None
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
    installation.check_is_there(config)
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
            "cwtui --paths shows where that is, and cwtui help ldap what to write."
        )
    # Late: most hosts have no directory.
    from cwtui.directory.client import LdapDirectory

    return LdapDirectory(config.directory)


def refuse_half_restored(config: Config) -> None:
    """Raise CannotCheck while files are being replaced, or were not all replaced."""
    if exists(config.layout.marker):
        raise CannotCheck(
            f"A restore of {config.folder} was interrupted, so that it is partly old and partly "
            "new. Run it again: cwtui store restore FILE"
        )


def _connect(config: Config, *, all_keys: bool = True, any_active: bool = False) -> Ports:
    accounts = _accounts(config)
    keyring = open_keyring(config)
    _join(accounts, keyring, all_keys=all_keys, any_active=any_active)
    return _put_together(config, accounts, keyring)


def _accounts(config: Config) -> TinyAccountStore:
    check_private(config.folder)
    if not exists(config.records_folder):
        raise StoreMissing(
            f"The folder {config.records_folder} is missing, which says which codes were used and "
            "how many tries were wrong. Restore the store: cwtui store restore FILE. To go on "
            f"without: mkdir -m 700 {config.records_folder}"
        )
    check_private(config.records_folder)
    accounts = TinyAccountStore(config.accounts_file)
    accounts.settings()  # a damaged or newer store is told now, not after a password
    reserve.keep_beside(config.accounts_file)
    reserve.keep(config.records_folder)
    return accounts


def _join(
    accounts: TinyAccountStore, keyring: FileKeyring, *, all_keys: bool, any_active: bool
) -> None:
    """Check that the keyring is the store's: now, and at each new version of either of them.

    So nothing is read by, or written under, a key that is not one of the store's, whatever is put
    in the place of the files while this process runs. Raises CannotCheck.
    """
    had_accounts = False

    def check(contents: Contents, held: Held) -> None:
        nonlocal had_accounts
        if had_accounts and contents.is_empty:
            raise StoreMissing("The store holds no account any more. Nothing was changed.")
        had_accounts = had_accounts or not contents.is_empty
        lacking = contents.lacking(held.ids)
        if lacking and (all_keys or not contents.needed & held.ids):
            raise keyring.without(lacking)
        if not any_active:
            check_active_key(contents, keyring, held)

    accounts.check = lambda contents: check(contents, keyring.held_now())
    keyring.check = lambda held: check(accounts.contents(), held)
    check(accounts.contents(), keyring.held_now())


def check_active_key(contents: Contents, keyring: FileKeyring, held: Held) -> None:
    """Raise KeyringMissing unless the store knows the key that new secrets would be under.

    Else what is written now could not be read with the keyring that belongs here.
    """
    if contents.needed and held.active not in contents.needed:
        raise keyring.with_unknown(held.active)


def _put_together(config: Config, accounts: AccountStore, keyring: FileKeyring) -> Ports:
    check_store = accounts.is_empty  # reads them, if they are new: so they are checked
    return Ports(
        accounts=accounts,
        records=TinyRecordStore(config.records_folder, check_store),
        keyring=keyring,
        audit=audit_log(config, check_store),
        now=time.time,
        random=os.urandom,
        bcrypt_cost=config.passwords.bcrypt_cost,
        session_limit=config.session.limit_hours * 3600.0,
        directory=directory(config) if config.directory is not None else None,
    )


def audit_log(config: Config, check_store: Callable[[], object] | None = None) -> FileAuditLog:
    """The audit log alone, for what concerns the store as a whole."""
    copy = None
    if config.audit.syslog:
        # Late: most hosts have none.
        from cwtui.store.audit.syslog import SyslogCopy

        copy = SyslogCopy(config.audit.syslog)
    max_bytes = config.audit.max_megabytes * MEGABYTE
    return FileAuditLog(config.audit_file, max_bytes, config.audit.keep_files, copy, check_store)
