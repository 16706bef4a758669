"""Load the operator's configuration file."""

import os
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from cwtui.accounts.text import shortened, visible
from cwtui.config import (
    CONFIG_VARIABLE,
    DATABASES,
    STORE_VARIABLE,
    Config,
    CutOffConfig,
    KeyringConfig,
    KeysConfig,
    StoreConfig,
    places,
    quit_key,
)
from cwtui.config.errors import ConfigError
from cwtui.config.radius import RadiusConfig
from cwtui.directory.config import DirectoryConfig
from cwtui.host.reasons import reason_of
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _

_MOST: Final = 1_000_000
"""The maximum size of the configuration file in bytes."""


def config_file(given: str | None = None) -> Path:
    """Return the file to read: the given one, that of CWTUI_CONFIG, or the user's own."""
    named = given or os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else platformdirs.user_config_path("cwtui") / "config.toml"


def load(given: str | None = None, store: str | None = None) -> Config:
    """Load the configuration. `store` and CWTUI_STORE override the file. Raises ConfigError."""
    path = config_file(given)
    asked_for = bool(given or os.environ.get(CONFIG_VARIABLE))
    config = _read(path, asked_for=asked_for)
    return _usable(config, store or os.environ.get(STORE_VARIABLE) or config.store.url)


def load_only(given: str | None = None, store: str | None = None) -> Config:
    """Load the given file or, without one, the defaults. Raises ConfigError.

    For what a person must pass who controls the variables and the home folder of this process.
    """
    config = _read(Path(given), asked_for=True) if given else Config()
    return _usable(config, store or config.store.url)


def _usable(config: Config, url: str) -> Config:
    """Return the configuration with paths that can be used, and the store at this URL.

    Raises ConfigError.
    """
    return msgspec.structs.replace(
        config,
        store=_usable_store(config.store, url),
        keyring=_usable_keyring(config, url),
        directory=_with_usable_paths(config.directory),
        keys=_usable_keys(config.keys),
        audit=msgspec.structs.replace(
            config.audit, syslog=places.usable(config.audit.syslog, _("syslog socket"))
        ),
        service=msgspec.structs.replace(
            config.service,
            socket=places.usable(config.service.socket, _("service's socket")),
            gate_socket=places.usable(config.service.gate_socket, _("gate's socket")),
        ),
        cut_off=CutOffConfig(
            config.cut_off.days, places.usable(config.cut_off.folder, _("folder of copies"))
        ),
        radius=_with_usable_secrets(config.radius),
    )


def _read(path: Path, *, asked_for: bool) -> Config:
    try:
        content = read_regular(path, _MOST).decode()
    except FileNotFoundError:
        if asked_for:
            raise ConfigError(
                _("There is no configuration file {path}.", path=shortened(str(path)))
            ) from None
        return Config()
    except OSError as error:
        raise ConfigError(
            _("Cannot read {path}: {reason}.", path=shortened(str(path)), reason=reason_of(error))
        ) from None
    except UnicodeEncodeError:
        raise ConfigError(_("{path} is not a valid file name.", path=visible(str(path)))) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            _("{path} is not UTF-8 at byte {byte}. Save it as UTF-8.", path=path, byte=error.start)
        ) from None
    # Imported here, because most hosts have no file.
    import tomllib

    from cwtui.host.trust import why_untrusted

    # The file decides where accounts and keys are, and which server checks passwords.
    untrusted = why_untrusted(path)
    if untrusted:
        raise ConfigError(untrusted)
    try:
        return msgspec.convert(tomllib.loads(content), Config)
    except msgspec.ValidationError as error:
        from cwtui.config.lines import place

        reason = visible(str(error))
        raise ConfigError(
            _(
                "{path}: {reason}{place}. For all keys, see: cwtui help configuration",
                path=path,
                reason=reason,
                place=place(content, str(error)),
            )
        ) from None
    except (ValueError, RecursionError) as error:
        # ValueError includes TOMLDecodeError, and the error for a number with 5000 digits.
        reason = visible(str(error)).removesuffix(".")
        raise ConfigError(
            _("{path} is not valid TOML: {reason}.", path=path, reason=reason)
        ) from None


def _usable_store(store: StoreConfig, url: str) -> StoreConfig:
    if store.password_file and store.password_credential:
        raise ConfigError(
            _(
                "The database's password is in a file or in a credential: set only one of "
                "store.password_file and store.password_credential."
            )
        )
    return StoreConfig(
        places.checked_database(url)
        if url.startswith(DATABASES)
        else places.usable(places.folder(url), _("store")),
        places.usable(store.password_file, _("database's password file")),
        store.password_credential,
    )


def _usable_keyring(config: Config, url: str) -> KeyringConfig:
    keyring = config.keyring
    name = keyring.credential
    if keyring.in_database and not url.startswith(DATABASES):
        raise ConfigError(
            _("keyring.in_database is true, but the store is not in a database. Set it to false.")
        )
    if keyring.in_database and config.cut_off.days:
        raise ConfigError(
            _(
                "A host that is cut off from the database has no keyring if that is in the "
                "database. Set keyring.in_database to false or cut_off.days to 0."
            )
        )
    if name and keyring.file:
        raise ConfigError(
            _(
                "The keyring is either a file or a credential: set only one of keyring.file and "
                "keyring.credential."
            )
        )
    if name in {".", ".."} or "/" in name or "\0" in name:
        raise ConfigError(
            _(
                "{name} is not a valid credential name. Use a name without slashes, such as "
                "cwtui-keyring.",
                name=visible(name),
            )
        )
    return KeyringConfig(places.usable(keyring.file, _("keyring")), name, keyring.in_database)


def _usable_keys(keys: KeysConfig) -> KeysConfig:
    try:
        return KeysConfig(quit_key.key(keys.quit))
    except ValueError as error:
        raise ConfigError(f"keys.quit: {visible(str(error))}.") from None


def _with_usable_secrets(radius: RadiusConfig) -> RadiusConfig:
    if not radius.clients:
        return radius
    usable = {
        name: places.usable(file, _("RADIUS secret")) for name, file in radius.clients.items()
    }
    return msgspec.structs.replace(radius, clients=usable)


def _with_usable_paths(directory: DirectoryConfig | None) -> DirectoryConfig | None:
    if directory is None:
        return None
    return msgspec.structs.replace(
        directory,
        ca_file=places.usable(directory.ca_file, _("directory's CA file")),
        client_certificate_file=places.usable(
            directory.client_certificate_file, _("directory's client certificate")
        ),
        bind_password_file=places.usable(
            directory.bind_password_file, _("directory's password file")
        ),
    )
