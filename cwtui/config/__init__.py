"""The operator's configuration file (TOML). Every key has a default, so the file may be missing."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal

import platformdirs
from msgspec import Meta, Struct

from cwtui.accounts.errors import KeyringMissing
from cwtui.config import quit_key
from cwtui.config.errors import ConfigError
from cwtui.config.radius import RadiusConfig
from cwtui.directory.config import DirectoryConfig
from cwtui.language import _
from cwtui.store.layout import Layout

CONFIG_VARIABLE: Final = "CWTUI_CONFIG"
STORE_VARIABLE: Final = "CWTUI_STORE"
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts the credentials of a unit (systemd.exec(5), "Credentials")."""
DATABASES: Final = ("postgresql://", "postgres://")
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
        return self.store.url if self.store.url.startswith(DATABASES) else ""

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

    @property
    def private_folders(self) -> tuple[Path, ...]:
        """The folders of the store and the keyring. A database has none.

        Raises KeyringMissing for a credential if there are none.
        """
        of_keyring = self.keyring_file.parent
        return (of_keyring,) if self.database else (self.folder, of_keyring)

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
