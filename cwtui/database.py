"""The store in a database, as the configuration describes it. Only such hosts load this module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.ports import Clock
from cwtui.config import Config
from cwtui.config.errors import ConfigError
from cwtui.host.secret_file import SecretFile
from cwtui.language import _

try:
    from cwtui.store.postgres import building, opening, whole
    from cwtui.store.postgres.building import DatabaseTarget
    from cwtui.store.postgres.whole import WholeDatabase
except ImportError as error:
    raise ConfigError(
        _(
            "For a store in a database, psycopg is needed: pip install 'cwtui[postgres]'"
            " ({module} is missing).",
            module=error.name or error,
        )
    ) from None


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


def clock(config: Config) -> Clock:
    """Return the database's clock, read once. Raises CannotCheck."""
    return opening.clock(config.database, _password(config)).now


def is_read_only(config: Config) -> bool:
    """Whether the database is one that cannot be written, such as a replica.

    Raises CannotCheck.
    """
    return opening.is_read_only(config.database, _password(config))


@contextmanager
def at_one_instant(config: Config) -> Iterator[WholeDatabase]:
    """Lend everything in an existing store, as it is now. Raises CannotCheck."""
    with (
        opening.opened(config.database, _password(config)) as database,
        whole.at_one_instant(database) as found,
    ):
        yield found


@contextmanager
def new_store(config: Config, now: float, *, replace: bool) -> Iterator[DatabaseTarget]:
    """Lend a store that is being written, and commit it at the end; an exception undoes all.

    Raises Refused if there is a store already, unless it is to be replaced, and CannotCheck.
    """
    with (
        opening.opened(config.database, _password(config)) as database,
        building.new_store(database, config.store_name, now, replace=replace) as made,
    ):
        yield made


@contextmanager
def replaced(config: Config) -> Iterator[building.Replaced]:
    """Lend the store, or a new one, to replace what is in it; an exception undoes all.

    Raises CannotCheck.
    """
    with (
        opening.opened(config.database, _password(config)) as database,
        building.replaced(database) as store,
    ):
        yield store


def _password(config: Config) -> Callable[[], str] | None:
    """Return what reads the password, each time that a connection is made."""
    store = config.store
    if not store.password_file and not store.password_credential:
        return None  # that of ~/.pgpass or a service file, if the server asks for one
    file = SecretFile(
        _("the database's password"),
        "store.password_file",
        store.password_file,
        store.password_credential,
        CannotCheck,
    )

    return file.password
