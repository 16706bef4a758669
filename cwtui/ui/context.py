"""What screens and widgets read: the configuration, whose session it is, and the services."""

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from textual.message_pump import MessagePump

from cwtui.accounts.text import visible
from cwtui.config import Config
from cwtui.ui.connection import Connection
from cwtui.ui.source import source_of

if TYPE_CHECKING:
    from cwtui.accounts.directory_port import PasswordNotice
    from cwtui.accounts.model import SignInRecord
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session


class Context:
    """One use of the application. `session` is set between sign-in and sign-out only."""

    def __init__(self, config: Config, clock: Callable[[], float], connection: Connection) -> None:
        self.config = config
        self.clock = clock
        self.connection = connection
        self.host = visible(socket.gethostname())
        self.source = source_of(os.environ)
        self.session: Session | None = None
        self.record_before: SignInRecord | None = None
        """Of the last sign-in before this one, and of those that failed since."""
        self.password_notice: PasswordNotice | None = None
        """What the directory said at this sign-in of a password that expires."""
        self.users_filter = ""
        """What the list of users was filtered by when it was left."""
        self.users_row = ""
        """The username of the row that was chosen there."""

    @property
    def ports(self) -> "Ports | None":
        """The services, if they are open."""
        return self.connection.ports

    async def connected(self) -> "Ports":
        """The services, once they are open. Raises CannotCheck."""
        return await self.connection.opened()

    def begin_session(self, session: "Session", record_before: "SignInRecord") -> None:
        """Someone is signed in; `record_before` is the sign-in record as it was until then."""
        self.session = session
        self.record_before, self.password_notice = record_before, None

    def renew_session(self, session: "Session") -> None:
        """The session after a change that it made itself; not if it ended meanwhile."""
        if self.session is not None and self.session.username == session.username:
            self.session = session

    def end_session(self) -> "Session | None":
        """Nobody is signed in from now on; the session that was."""
        ended, self.session, self.record_before = self.session, None, None
        return ended


class HasContext(Protocol):
    """The application."""

    context: Context


def context_of(node: MessagePump) -> Context:
    """The context of the application that a screen or a widget belongs to."""
    return cast("HasContext", node.app).context
