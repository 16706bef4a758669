"""The connection to the store: opened once, in a thread, while the first screen is drawn."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from cwtui import installation
from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.config import Config
from cwtui.language import _

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports


class Connection:
    """Opens the services, and calls `failed` with the error if that is not possible."""

    def __init__(
        self, config: Config, ports: "Ports | None", failed: Callable[[Exception], None]
    ) -> None:
        self.ports = ports
        """The services, once they are open."""
        self._config = config
        self._failed = failed
        self._opening: asyncio.Task[Ports] | None = None
        self._creates_store = False
        self._loading: asyncio.Task[None] | None = None

    def is_new(self) -> bool:
        """Whether there is no account yet."""
        if self.ports is not None:
            return self.ports.accounts.is_empty()
        return installation.is_new(self._config)

    def wait_for_first_admin(self) -> None:
        """Open nothing until it is needed, and then create the store."""
        self._creates_store = True

    def open_early(self) -> None:
        """Start opening before anybody needs it, unless the store must be created first."""
        if not self._creates_store:
            self._begin()

    def load_rest(self) -> None:
        """Load what signing in needs, while the person types. Opening must have begun."""
        if self._opening is not None and self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(load_rest))

    async def opened(self) -> "Ports":
        """Wait until the services are open, and return them. Raises CannotCheck."""
        if self.ports is None:
            self._begin()
            if self._opening is not None:
                self.ports = await asyncio.shield(self._opening)
        if self.ports is None:
            raise CannotCheck(_("The store is not open. Start cwtui again."))
        return self.ports

    def _begin(self) -> None:
        if self.ports is None and self._opening is None:
            opened = asyncio.to_thread(open_services, self._config, create=self._creates_store)
            self._opening = asyncio.create_task(opened)
            self._opening.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Ports]") -> None:
        error = None if task.cancelled() else task.exception()
        if self._creates_store and isinstance(error, AccountsError):
            self._opening = None  # the screen shows the error, and the person can try again
        elif isinstance(error, Exception):
            self._failed(error)


def open_services(config: Config, *, create: bool) -> "Ports":
    """Connect to the store, or create it. Raises CannotCheck."""
    from cwtui import services
    from cwtui.config.loading import config_file

    if not create:
        return services.connect(config)
    installation.check_can_be_set_up(config, config_file())
    return services.create(config)


def load_rest() -> None:
    from cwtui import services

    services.load_rest()
