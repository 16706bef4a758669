"""The store in a database, as the configuration describes it. Only such hosts load this module."""

from collections.abc import Callable
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.config import Config, ConfigError
from cwtui.host.secret_file import SecretFile

try:
    from cwtui.store.postgres import opening
except ImportError as error:
    raise ConfigError(
        "For a store in a database, psycopg is needed: pip install 'cwtui[postgres]'"
        f" ({error.name or error} is missing)."
    ) from None

_MOST: Final = 8192
"""The maximum size of the password's file in bytes."""


def is_there(config: Config) -> bool:
    """Whether the database has a store. Raises CannotCheck."""
    return opening.is_there(config.database, _password(config))


def has_accounts(config: Config) -> bool:
    """Whether the database has a store with accounts. Raises CannotCheck."""
    return is_there(config) and not parts(config).accounts.is_empty()


def create(config: Config) -> None:
    """Create a store without accounts, unless there is one. Raises CannotCheck."""
    opening.create(config.database, _password(config))


def parts(config: Config, copy: Callable[[bytes], None] | None = None) -> opening.Parts:
    """Open the store. Raises CannotCheck."""
    return opening.parts(config.database, _password(config), copy)


def _password(config: Config) -> Callable[[], str] | None:
    """Return what reads the password, each time that a connection is made."""
    store = config.store
    if not store.password_file and not store.password_credential:
        return None  # that of ~/.pgpass or a service file, if the server asks for one
    file = SecretFile(
        "the database's password",
        "store.password_file",
        store.password_file,
        store.password_credential,
        CannotCheck,
    )

    def read() -> str:
        content = file.read(_MOST)
        try:
            line, _, rest = content.decode().rstrip("\r\n").partition("\n")
        except UnicodeDecodeError:
            raise file.unusable("it is not UTF-8") from None
        if not line or rest or "\0" in line:
            raise file.unusable("it must contain only the password, on one line")
        return line

    return read
