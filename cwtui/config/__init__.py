"""The operator's configuration file (TOML). Every key has a default, so the file may be missing."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import platformdirs
from msgspec import Meta, Struct

from cwtui.accounts.errors import KeyringMissing
from cwtui.accounts.text import shortened, visible
from cwtui.config import places, quit_key
from cwtui.config.errors import ConfigError
from cwtui.config.radius import RadiusConfig
from cwtui.directory.config import DirectoryConfig
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _
from cwtui.store.layout import Layout

CONFIG_VARIABLE: Final = "CWTUI_CONFIG"
STORE_VARIABLE: Final = "CWTUI_STORE"
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts the credentials of a unit (systemd.exec(5), "Credentials")."""
_MOST: Final = 1_000_000
"""The maximum size of the configuration file in bytes."""
_DATABASES: Final = ("postgresql://", "postgres://")
"""How the URL of a database begins."""


class StoreConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is a folder, as PATH or file:PATH, or a database, as postgresql://HOST/NAME.

    The database's password is in a file, or in a systemd credential of this name.
    """

    url: str = ""
    password_file: str = ""
    password_credential: str = ""


class KeyringConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Either a file, or the name of a systemd credential.

    With `in_database`, that is only the key under which the keyring in the database is encrypted.
    """

    file: str = ""
    credential: str = ""
    in_database: bool = False


class PasswordsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`bcrypt_cost` is the base-2 logarithm of the rounds; OWASP requires at least 10."""

    bcrypt_cost: Annotated[int, Meta(ge=10, le=16)] = 12


class SessionConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Time limits.

    `idle_minutes` and `secrets_visible_seconds` count from the last key press. `limit_hours` is
    the maximum length of a session (a shift can be longer than eight hours). `login_minutes` is
    how long the login screen stays open over SSH without a key press; 0 means forever.
    """

    idle_minutes: Annotated[int, Meta(ge=1, le=120)] = 10
    login_minutes: Annotated[int, Meta(ge=0, le=120)] = 10
    limit_hours: Annotated[int, Meta(ge=1, le=168)] = 12
    secrets_visible_seconds: Annotated[int, Meta(ge=10, le=600)] = 120


class KeysConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`quit` is one of the keys in `quit_key`; it replaces Ctrl+Q."""

    quit: str = quit_key.DEFAULT


class AuditConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The audit log is rotated at `max_megabytes` (of 1,000,000 bytes); `keep_files` are kept.

    `syslog` is a socket that gets a copy of each line, such as /dev/log; empty for none.
    """

    max_megabytes: Annotated[int, Meta(ge=1, le=100)] = 10
    keep_files: Annotated[int, Meta(ge=1, le=1000)] = 10
    syslog: str = ""


class ServiceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`cwtui serve`. `socket` is for PAM, `gate_socket` for `cwtui gate`.

    `fresh_minutes` maps doors, such as sudo, to how long a code that was proved at the same place
    is not asked for again. The Unix users in `gate_users` are shared by several people, and may
    sign in to any account at a gate; all others only to the account of their own name. With
    `ask_directory`, doors ask the directory about its people even if it checks no password there.
    """

    socket: str = "/run/cwtui/pam"
    gate_socket: str = "/run/cwtui/gate"
    conversations: Annotated[int, Meta(ge=1, le=1000)] = 256
    fresh_minutes: dict[str, Annotated[int, Meta(ge=0, le=600)]] = {}
    gate_users: list[str] = []
    ask_directory: bool = False


class GateConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`cwtui gate`. `transfers` are file transfers of an SSH client that it lets through.

    `fresh_minutes` is for how long it does not ask again at the same place.
    """

    fresh_minutes: Annotated[int, Meta(ge=0, le=600)] = 0
    transfers: list[Literal["rsync", "scp", "sftp"]] = []


class CutOffConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """While a database cannot be reached, `cwtui serve` lets in who signed in lately.

    That is in the last `days`; 0 for nobody. `folder` has the copies of these people.
    """

    days: Annotated[int, Meta(ge=0, le=30)] = 0
    folder: str = ""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    store: StoreConfig = StoreConfig()
    keyring: KeyringConfig = KeyringConfig()
    passwords: PasswordsConfig = PasswordsConfig()
    session: SessionConfig = SessionConfig()
    keys: KeysConfig = KeysConfig()
    directory: DirectoryConfig | None = None
    audit: AuditConfig = AuditConfig()
    service: ServiceConfig = ServiceConfig()
    gate: GateConfig = GateConfig()
    cut_off: CutOffConfig = CutOffConfig()
    radius: RadiusConfig = RadiusConfig()

    @property
    def database(self) -> str:
        """The URL of the database that the store is in; empty if it is in files."""
        return self.store.url if self.store.url.startswith(_DATABASES) else ""

    @property
    def store_name(self) -> str:
        """Where the store is, for sentences."""
        return self.database.partition("?")[0] or str(self.folder)

    @property
    def folder(self) -> Path:
        """The store's folder. Raises ConfigError if the store is in a database."""
        if self.database:
            raise ConfigError(
                _(
                    "This needs a store in files, but the store is in the database {store}. "
                    "See: cwtui help postgresql",
                    store=self.store_name,
                )
            )
        return Path(self.store.url) if self.store.url else platformdirs.user_data_path("cwtui")

    @property
    def layout(self) -> Layout:
        return Layout(self.folder)

    @property
    def accounts_file(self) -> Path:
        return self.layout.accounts

    @property
    def records_folder(self) -> Path:
        return self.layout.records

    @property
    def audit_file(self) -> Path:
        return self.layout.audit

    @property
    def copies_folder(self) -> Path:
        """The folder with what lets people in while the database cannot be reached."""
        if self.cut_off.folder:
            return Path(self.cut_off.folder)
        return platformdirs.user_state_path("cwtui") / "cut-off"

    @property
    def names_a_place(self) -> bool:
        """Whether the operator chose where store or keyring are, so that they should exist."""
        return bool(self.store.url or self.keyring.file or self.keyring.credential)

    @property
    def keyring_file(self) -> Path:
        """The keyring's path. Raises KeyringMissing for a credential if there are none."""
        if self.keyring.credential:
            return _credential(self.keyring.credential)
        if self.keyring.file:
            return Path(self.keyring.file)
        return platformdirs.user_config_path("cwtui") / "keyring.json"

    def keyring_is_in_store(self) -> bool:
        """Whether the keyring is inside the store's folder, so that copies include the keys."""
        if self.database:
            return False
        return self.keyring_file.resolve().is_relative_to(self.folder.resolve())


def _credential(name: str) -> Path:
    folder = os.environ.get(CREDENTIALS_VARIABLE, "")
    if not Path(folder).is_absolute():
        raise KeyringMissing(
            _(
                "The keyring is the systemd credential {name}, but this process has no "
                "credentials: {variable} is not set. Run it in the systemd unit that has "
                "LoadCredential={name}:FILE",
                name=name,
                variable=CREDENTIALS_VARIABLE,
            )
        )
    return Path(folder) / name


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
            _("Cannot read {path}: {reason}.", path=shortened(str(path)), reason=error.strerror)
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
        if url.startswith(_DATABASES)
        else places.usable(places.folder(url), _("store")),
        places.usable(store.password_file, _("database's password file")),
        store.password_credential,
    )


def _usable_keyring(config: Config, url: str) -> KeyringConfig:
    keyring = config.keyring
    name = keyring.credential
    if keyring.in_database and not url.startswith(_DATABASES):
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
