"""Find out what is set up here, and set it up. Only this module creates stores and keyrings.

    nothing --> folders --> a store without accounts --> keyring --> first admin
                            `-- if killed here, running it again continues

A missing store is not treated as new if anything shows that one existed: other files of a store,
or a keyring.
"""

import os
import time
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

from cwtui import hints
from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.config import Config
from cwtui.config.errors import ConfigError
from cwtui.directory.config import DirectoryConfig
from cwtui.hints import again
from cwtui.host.files import check_private, exists, make_private_folder
from cwtui.language import _

_BEGIN: Final = "init --admin NAME"
_RESTORE: Final = "store restore FILE"
_PATHS: Final = "--paths"


def by_owner(config: Config, words: str) -> str:
    """Return the command for a store that is not there, as the person runs it.

    root is told to become the Unix user who owns the folder around it: nobody else could use a
    store of root's there.
    """
    if os.geteuid() == 0 and not config.database:
        with suppress(OSError):
            around = next(folder for folder in config.folder.absolute().parents if folder.exists())
            uid = around.stat().st_uid
            if uid:
                return f"{hints.becoming(uid)} {hints.as_called()} {words}"
    return again(words)


def begin(config: Config) -> str:
    """Return the command that sets up a store, as the person runs it."""
    return by_owner(config, _BEGIN)


class Here(Enum):
    """Which parts of a store and keyring exist."""

    NOTHING = auto()
    STORE = auto()
    """A store, with or without its keyring."""
    LEFTOVERS = auto()
    """Files of a store, but no accounts file."""
    KEYRING = auto()
    """A keyring, but no files of a store."""


def look(config: Config) -> Here:
    """Return what exists. Only looks at file names. Raises CannotCheck if that is not possible."""
    if config.database:
        return _look_in_database(config)
    layout = config.layout
    if layout.is_there():
        return Here.STORE
    if exists(layout.marker) or layout.record_files() or layout.audit_files():
        without = Here.LEFTOVERS
    elif config.keyring.credential or exists(config.keyring_file):
        without = Here.KEYRING
    else:
        return Here.NOTHING
    # Look again: another process may be setting it up, and it creates the accounts first.
    return Here.STORE if layout.is_there() else without


def _look_in_database(config: Config) -> Here:
    # Imported here, because most hosts have no database.
    from cwtui import database

    if database.is_there(config):
        return Here.STORE
    has_keyring = config.keyring.credential or exists(config.keyring_file)
    return Here.KEYRING if has_keyring else Here.NOTHING


def is_new(config: Config) -> bool:
    """Whether the application may offer to create the first admin.

    Only at the default location: a configuration that names a location expects a store there, or
    `cwtui init`. If that cannot be determined the answer is False, and opening the store says why.
    """
    with suppress(CannotCheck, RuntimeError):  # RuntimeError comes from Path.home()
        # A missing home folder is probably on a disk that is not mounted.
        return not config.names_a_place and look(config) is Here.NOTHING and Path.home().is_dir()
    return False


def check_is_there(config: Config) -> None:
    """Raise StoreMissing, which says what to do, if there is no store."""
    here = look(config)
    if here is not Here.STORE:
        raise _missing(config, here)


def has_accounts(config: Config) -> bool:
    """Whether there is a store with accounts. Raises CannotCheck."""
    if config.database:
        from cwtui import database

        return database.has_accounts(config)
    from cwtui.store.accounts import TinyAccountStore

    return config.layout.is_there() and not TinyAccountStore(config.accounts_file).is_empty()


def check_can_be_set_up(config: Config, config_file: Path) -> None:
    """Raise ConfigError or CannotCheck for anything that setup or a later command would refuse.

    `config_file` is the configuration file, which may not exist yet. Writes nothing.
    """
    from cwtui.host.trust import why_place_untrusted

    _check_is_new(config)
    directory = config.directory
    named = (directory.ca_file, directory.bind_password_file) if directory is not None else ()
    for path in (config_file, *map(Path, filter(None, named))):
        untrusted = why_place_untrusted(path)
        if untrusted:
            raise ConfigError(untrusted)
    if directory is not None and directory.bind_password_file:
        _check_bind_password(directory)
    for folder in config.private_folders:
        if exists(folder):
            check_private(folder)


def _check_is_new(config: Config) -> None:
    here = look(config)
    if here not in {Here.NOTHING, Here.STORE}:
        raise _missing(config, here)


def _check_bind_password(directory: DirectoryConfig) -> None:
    from cwtui.directory import bind_password

    if exists(Path(directory.bind_password_file)):  # it may be written later
        bind_password.read(directory)


def set_up(config: Config) -> None:
    """Create folders, keyring and a store without accounts, or what is missing of them.

    Does nothing to a store with accounts. Raises StoreMissing if something shows that a store
    existed, and CannotCheck.
    """
    if config.keyring.credential or config.keyring.in_database:  # cwtui creates none there
        check_is_there(config)
        return
    _check_is_new(config)
    if has_accounts(config):
        return
    for folder in config.private_folders:
        make_private_folder(folder)
    # Imported here, as it takes long to load and the first paint needs this module.
    from cwtui.keyring.file_keyring import locked

    with locked(config.keyring_file):
        _check_is_new(config)  # again, as another process may have set it up meanwhile
        _make(config)


def _make(config: Config) -> None:
    # Imported here, as they take long to load and the first paint needs this module.
    from cwtui.keyring.file_keyring import FileKeyring

    if config.database:
        from cwtui import database

        database.create(config)
    else:
        _make_files(config)
    if not exists(config.keyring_file) and not has_accounts(config):
        FileKeyring.create(config.keyring_file, time.time())


def _make_files(config: Config) -> None:
    from cwtui.store.accounts import TinyAccountStore

    make_private_folder(config.records_folder)
    if not exists(config.accounts_file):
        TinyAccountStore.create(config.accounts_file)


def _missing_in_database(config: Config, here: Here) -> StoreMissing:
    where = config.store_name
    if here is Here.KEYRING:
        return StoreMissing(
            _(
                "There is no store in the database {where}, but there is a keyring: "
                "{keyring}. If this is the wrong database, correct store.url. If its content "
                "is lost, restore it from a backup of the database. To start again, "
                "{without_keyring}, then run: {command}",
                where=where,
                keyring=_keyring(config),
                without_keyring=_without_keyring(config),
                command=begin(config),
            )
        )
    return StoreMissing(
        _(
            "There is no store in the database {where}. If this is the wrong database, see: "
            "{paths}. To set up a new store here: {command}",
            where=where,
            paths=again(_PATHS),
            command=begin(config),
        )
    )


def _missing(config: Config, here: Here) -> StoreMissing:
    if config.database:
        return _missing_in_database(config, here)
    folder = config.folder
    if here is Here.LEFTOVERS:
        return StoreMissing(
            _(
                "The accounts file in {folder} is missing, but other files of a store are there. "
                "Restore it: {command}. To start again, move {folder} away first.",
                folder=folder,
                command=by_owner(config, _RESTORE),
            )
        )
    if here is Here.KEYRING:
        return StoreMissing(
            _(
                "There is no store in {folder}, but there is a keyring: {keyring}. Check whether "
                "this is the right folder: {paths}. If the store is on another disk, mount that "
                "disk. If it is lost, restore it: {restore}. Only to give up all accounts and "
                "start again, {without_keyring}, then run: {command}",
                folder=folder,
                paths=again(_PATHS),
                restore=by_owner(config, _RESTORE),
                keyring=_keyring(config),
                without_keyring=_without_keyring(config),
                command=begin(config),
            )
        )
    if config.names_a_place:
        return StoreMissing(
            _(
                "There is no store in {folder}. If it is on another disk, mount that disk. If this "
                "is the wrong folder, see: {paths}. To set up a new store here: {command}",
                folder=folder,
                paths=again(_PATHS),
                command=begin(config),
            )
        )
    if hints.OF_HOST.exists():
        return StoreMissing(
            _(
                "There is no store in {folder}. For the accounts of this host, run cwtui-host "
                "instead of cwtui. To set up a store of your own: {command}",
                folder=folder,
                command=begin(config),
            )
        )
    return StoreMissing(
        _(
            "There is no store in {folder} yet. If you expected one, check your Unix user and "
            "--config; see: {paths}. To set one up: {cwtui}, or {command}",
            folder=folder,
            paths=again(_PATHS),
            cwtui=again(),
            command=begin(config),
        )
    )


def _keyring(config: Config) -> str:
    name = config.keyring.credential
    return _("the credential {name}", name=name) if name else str(config.keyring_file)


def _without_keyring(config: Config) -> str:
    if config.keyring.credential:
        return _("set keyring.file to a new file instead of the credential")
    return _("move the keyring away")
