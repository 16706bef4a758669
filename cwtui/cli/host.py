"""The configuration and store that a command works on, and the operator who runs it."""

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from cwtui.language import _

if TYPE_CHECKING:  # these load msgspec, which --version and --help do not need
    from cwtui.accounts.ports import Ports, Reading
    from cwtui.accounts.session import Operator
    from cwtui.config import Config

_NAME_LENGTH: Final = 64
_OF_DATABASE: Final = "PG"
"""How the variables of PostgreSQL begin, such as PGSSLROOTCERT."""


class Host(NamedTuple):
    """The values of `--config` and `--store`."""

    config_file: str | None
    store: str | None

    def config(self) -> "Config":
        """Load the configuration. Raises ConfigError."""
        from cwtui.config import loading

        return loading.load(self.config_file, self.store)

    def config_for_strangers(self) -> "Config":
        """Load the configuration for people who are not the operator. Raises ConfigError.

        They may control variables, which count for nothing, and their home folder, where no
        configuration is looked for. So it has only what --config and --store name.
        """
        from cwtui.config import loading

        forget_variables()
        return loading.load_only(self.config_file, self.store)

    def config_of(self, what: str, store: str) -> "Config":
        """Load the configuration for another store. Raises ConfigError, and InvalidInput."""
        from cwtui.accounts.errors import InvalidInput
        from cwtui.config import loading
        from cwtui.config.errors import ConfigError

        if not store.strip():
            raise InvalidInput(what, _("{name} is empty. Name a folder or a database.", name=what))
        self.config()  # so that what is wrong is the store's name
        try:
            return loading.load(self.config_file, store)
        except ConfigError as error:
            raise InvalidInput(what, str(error)) from None

    def ports(self) -> "Ports":
        """Connect to the existing store. Raises ConfigError and CannotCheck."""
        from cwtui import services

        return services.connect_for_operator(self.config())

    def to_read(self) -> "Reading":
        """Open the store only to read it, which is quick. Raises ConfigError and CannotCheck."""
        from cwtui import services

        return services.to_read(self.config())

    def ports_for_keys(self) -> "Ports":
        """Connect even if the store does not know the active key, as `connect_for_key_commands`."""
        from cwtui import services

        return services.connect_for_key_commands(self.config())


def forget_variables() -> None:
    """Remove the variables that choose the configuration, the store, or how to reach a database."""
    from cwtui import config

    names = [name for name in os.environ if name.startswith(_OF_DATABASE)]
    for name in (config.CONFIG_VARIABLE, config.STORE_VARIABLE, *names):
        os.environ.pop(name, None)


def operator() -> "Operator":
    """Return the Unix user who runs the command, and the one before sudo, if any."""
    import pwd

    from cwtui.accounts.session import Operator
    from cwtui.accounts.text import visible

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    before_sudo = os.environ.get("SUDO_USER", "")[:_NAME_LENGTH]
    return Operator(visible(f"{name} (sudo: {before_sudo})" if before_sudo else name))
