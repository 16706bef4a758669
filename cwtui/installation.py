"""What is set up here; and setting it up, which alone makes a store, a keyring and their folders.

    nothing --> folders --> a store without accounts --> keyring --> first administrator
                            `-- killed here, setting up goes on when it is asked for again

A store that is missing is never taken for a new one where anything says that there was one: other
files of a store, or a keyring.
"""

import time
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.config import Config, ConfigError
from cwtui.directory.config import DirectoryConfig
from cwtui.host.files import check_private, exclusive, exists, lock_for, make_private_folder
from cwtui.host.trust import why_place_untrusted

BEGIN: Final = "cwtui init --admin NAME"


class Here(Enum):
    """What is there of store and keyring."""

    NOTHING = auto()
    STORE = auto()
    """With its keyring or without."""
    LEFTOVERS = auto()
    """Files of a store, but no accounts."""
    KEYRING = auto()
    """A keyring, but nothing of a store."""


def look(config: Config) -> Here:
    """Writes nothing, and reads names alone. Raises CannotCheck where it cannot be seen."""
    layout = config.layout
    if layout.is_there():
        return Here.STORE
    if exists(layout.marker) or layout.record_files() or layout.audit_files():
        without = Here.LEFTOVERS
    elif config.keyring.credential or exists(config.keyring_file):
        without = Here.KEYRING
    else:
        return Here.NOTHING
    # Another process may be setting it up: the accounts come before all of these.
    return Here.STORE if layout.is_there() else without


def is_new(config: Config) -> bool:
    """Whether the application may offer to create the first administrator.

    Only where it is on its own: a configuration that names a place means one that is there, or
    `cwtui init`. Where it cannot be seen it is not so, and opening the store says why.
    """
    with suppress(CannotCheck, RuntimeError):  # of Path.home()
        # A home folder that is missing is on a disk that is not mounted.
        return not config.names_a_place and look(config) is Here.NOTHING and Path.home().is_dir()
    return False


def check_is_there(config: Config) -> None:
    """Raise StoreMissing, which says what to do, unless there is a store."""
    here = look(config)
    if here is not Here.STORE:
        raise _missing(config, here)


def has_accounts(config: Config) -> bool:
    """Whether there is a store with accounts. Raises CannotCheck."""
    from cwtui.store.accounts import TinyAccountStore

    return config.layout.is_there() and not TinyAccountStore(config.accounts_file).is_empty()


def check_can_be_set_up(config: Config, config_file: Path) -> None:
    """Raise ConfigError or CannotCheck for what setting up, or a later command, would refuse.

    `config_file` is the configuration, which may still be missing. Writes nothing.
    """
    _check_is_new(config)
    directory = config.directory
    named = (directory.ca_file, directory.bind_password_file) if directory is not None else ()
    for path in (config_file, *map(Path, filter(None, named))):
        untrusted = why_place_untrusted(path)
        if untrusted:
            raise ConfigError(untrusted)
    if directory is not None and directory.bind_password_file:
        _check_bind_password(directory)
    for folder in (config.folder, config.keyring_file.parent):
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
    """Make folders, keyring and a store without accounts; of what was begun before, the rest.

    Does nothing to a store with accounts. Raises StoreMissing where something says that there was
    a store, and CannotCheck.
    """
    if config.keyring.credential:  # which cwtui does not make
        check_is_there(config)
        return
    _check_is_new(config)
    if has_accounts(config):
        return
    make_private_folder(config.folder)
    make_private_folder(config.keyring_file.parent)
    with exclusive(lock_for(config.keyring_file)):
        _check_is_new(config)  # another process may have set it up meanwhile
        _make(config)


def _make(config: Config) -> None:
    # Late: the application looks before it is painted, and these take a while to load.
    from cwtui.keyring.file_keyring import FileKeyring
    from cwtui.store.accounts import TinyAccountStore

    make_private_folder(config.records_folder)
    if not exists(config.accounts_file):
        TinyAccountStore.create(config.accounts_file)
    if not exists(config.keyring_file) and not has_accounts(config):
        FileKeyring.create(config.keyring_file, time.time())


def _missing(config: Config, here: Here) -> StoreMissing:
    folder = config.folder
    if here is Here.LEFTOVERS:
        return StoreMissing(
            f"The accounts are missing in {folder}, though other files of a store are there. "
            f"Restore them: cwtui store restore FILE. To begin anew, move {folder} away first."
        )
    if here is Here.KEYRING:
        return StoreMissing(
            f"There is no store in {folder}, though there is a keyring: {_keyring(config)}. If the "
            "store is on another disk, mount it; if it is lost, restore it: cwtui store restore "
            f"FILE. To begin anew, {_without_keyring(config)}, then: {BEGIN}"
        )
    if config.names_a_place:
        return StoreMissing(
            f"There is no store in {folder}. If it is on another disk, mount it; if this is the "
            f"wrong place, see: cwtui --paths. To set up a new store here: {BEGIN}"
        )
    return StoreMissing(
        f"There is no account in {folder} yet. If there should be, this is another user, or "
        f"--config is missing: see cwtui --paths. To begin: cwtui, or {BEGIN}"
    )


def _keyring(config: Config) -> str:
    name = config.keyring.credential
    return f"the credential {name}" if name else str(config.keyring_file)


def _without_keyring(config: Config) -> str:
    if config.keyring.credential:
        return "name a new file as keyring.file in place of the credential"
    return "move the keyring away"
