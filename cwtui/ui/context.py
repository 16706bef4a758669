"""What screens and widgets read: the configuration, the session and the services."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from textual.message_pump import MessagePump

from cwtui.accounts.text import visible
from cwtui.config import Config
from cwtui.host import serial_line
from cwtui.host.source import source_of
from cwtui.ui.after_code import AfterCode
from cwtui.ui.connection import Connection
from cwtui.ui.theme import first_theme

if TYPE_CHECKING:
    from cwtui.accounts.account_changes import Changes
    from cwtui.accounts.bulk.selections import Selection
    from cwtui.accounts.directory_port import PasswordNotice
    from cwtui.accounts.enrolment import Enrolment
    from cwtui.accounts.model import SignInRecord
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.preferences import Preferences
    from cwtui.accounts.session import Session
    from cwtui.ui.batch_work import BatchWork
    from cwtui.ui.clipboard import CopyWay


class FocusMark(NamedTuple):
    """A widget that had the focus: how to find it, what it said, and how to find its place.

    `before` are the selectors of the widgets before it, the nearest first.
    """

    selector: str
    label: str
    before: tuple[str, ...]


class Context:
    """The state of the application. `session` is set only between sign-in and sign-out."""

    def __init__(
        self,
        config: Config,
        clock: Callable[[], float],
        connection: Connection,
        *,
        kiosk: bool = False,
    ) -> None:
        self.config = config
        self.clock = clock
        self.connection = connection
        self.host = visible(socket.gethostname())
        self.source = source_of(os.environ)
        self.after_code = AfterCode()
        self.own_theme = first_theme(os.environ, is_slow=serial_line.slow_speed(0) is not None)
        """The theme that suits the terminal."""
        self.kiosk = kiosk
        """Whether people use this application who must not reach anything else on this host."""
        self.home = Path(os.path.expanduser("~"))  # noqa: PTH111  Path.home() fails if there is none
        """Where a relative path of the person starts."""
        self.session: Session | None = None
        self.active_at = 0.0
        """When somebody last pressed a key or a button of the mouse, in seconds since the epoch."""
        self.record_before: SignInRecord | None = None
        """The last sign-in before this one, and the attempts that failed since then."""
        self.password_changed = False
        """Whether the person has chosen a new password since those attempts."""
        self.changes: Changes | None = None
        """What has changed in the account since the last sign-in."""
        self.warnings: tuple[str, ...] = ()
        """Sentences that say that the account will be closed soon."""
        self.password_notice: PasswordNotice | None = None
        """What the directory said at this sign-in about a password that expires."""
        self.preferences: Preferences | None = None
        """The preferences of the person who is signed in."""
        self.zone: tzinfo = UTC
        """The time zone in which times are shown."""
        self.offered: dict[str | None, Enrolment] = {}
        """Enrolments that a person left with Esc, for when they come back soon.

        One for each device that would be replaced, by its id, and one for a further device. Kept
        for ten minutes, and no longer than the session in which they began.
        """
        self.focus_marks: dict[str, FocusMark] = {}
        """Where the focus was on each kind of page when the person went on to another one."""
        self._forget_lists()

    @cached_property
    def copy_way(self) -> "CopyWay":
        """How a secret can be copied from here."""
        # Imported late: the login screen copies nothing.
        from cwtui.ui.clipboard import copy_way

        return copy_way(os.environ, kiosk=self.kiosk)

    @property
    def ports(self) -> "Ports | None":
        """The services, if they are open."""
        return self.connection.ports

    async def connected(self) -> "Ports":
        """Wait until the services are open, and return them. Raises CannotCheck."""
        return await self.connection.opened()

    def begin_session(self, session: "Session", record_before: "SignInRecord") -> None:
        """Set the session. `record_before` is the sign-in record from before this sign-in."""
        self.session, self.active_at = session, self.clock()
        self.record_before, self.password_notice = record_before, None
        self.password_changed, self.changes, self.warnings = False, None, ()
        self.use_preferences(session.preferences)

    def use_preferences(self, preferences: "Preferences") -> None:
        """Show times in the person's time zone."""
        # Imported late: the login screen shows times in UTC.
        from cwtui.accounts.preferences import zone

        self.preferences, self.zone = preferences, zone(preferences.time_zone)

    def renew_session(self, session: "Session") -> None:
        """Replace the session after a change that it made itself, unless it ended meanwhile."""
        if self.session is not None and self.session.username == session.username:
            self.session = session

    def end_session(self) -> "Session | None":
        """Clear the session and return it. From now on nobody is signed in."""
        ended, self.session, self.record_before = self.session, None, None
        if ended is not None:
            self.offered.clear()  # whoever comes next must not find a key in memory
        self.preferences, self.zone = None, UTC
        self.focus_marks.clear()
        self._forget_lists()
        return ended

    def _forget_lists(self) -> None:
        self.users_filter = ""
        """The filter of the list of users when it was left."""
        self.users_order = ("username", False)
        """What it was sorted by, and whether in descending order."""
        self.users_row = ("", 0)
        """The username in the row that was chosen there, and the row's position."""
        self.users_shown = 0
        """How many rows were there."""
        self.users_selection: Selection | None = None
        """Which of them are selected."""
        self.batch: BatchWork | None = None
        """The batch that is carried out, or whose report the person came from."""
        self.events_filter = ""
        """The filter of the audit log when it was left."""

    def forget_expired_offers(self) -> None:
        """Forget the enrolments that were left and whose time is over."""
        now = self.clock()
        self.offered = {key: left for key, left in self.offered.items() if left.seconds_left(now)}


class HasContext(Protocol):
    """The application."""

    context: Context


def context_of(node: MessagePump) -> Context:
    """Return the context of the application that a screen or a widget belongs to."""
    return cast("HasContext", node.app).context
