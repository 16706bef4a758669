"""A page that shows by itself what others change while it is open."""

from contextlib import suppress
from time import monotonic
from typing import Final

from textual import work
from textual.worker import WorkerError

from cwtui.accounts.errors import AccountsError
from cwtui.ui.screens.pages.page import Page

_EVERY: Final = 5.0
"""Seconds between two looks; more if the store asks its sessions to look less often."""
_SHARE: Final = 20
"""At most one of so many seconds is spent on looking: very long lists are read less often."""
_UNDISTURBED: Final = 1.0
"""Seconds after a key or a click in which nothing moves."""


class LookingPage(Page):
    """Looks every few seconds whether there is something new.

    On a slow line, what is new waits until the line is free, like everything that is drawn.
    """

    async def show_news(self) -> None:
        """Read what is new, and show it if `may_show_news` still says so.

        The person stays where they are. Raises AccountsError.
        """
        raise NotImplementedError

    @property
    def may_show_news(self) -> bool:
        """Whether nobody is doing anything here that it would disturb."""
        idle = self.context.clock() - self.context.active_at
        is_busy_typing = 0 <= idle < _UNDISTURBED
        return self.context.session is not None and self.may_act and not is_busy_typing

    def on_mount(self) -> None:
        self._look_after(0.0)

    def _look_after(self, seconds: float) -> None:
        ports = self.context.ports
        least = ports.sessions.look_seconds if ports is not None else 0.0
        self.set_timer(max(_EVERY, least, seconds), self.look_again)

    @work(exclusive=True, group="look")
    async def look_again(self) -> None:
        """Show what is new, unless that would disturb somebody, and look again later."""
        began = monotonic()
        if self.may_show_news:
            # If it fails, the next thing that the person does says why. Cancelled is what is not
            # wanted any more.
            with suppress(AccountsError, WorkerError):
                await self.show_news()
        self._look_after(_SHARE * (monotonic() - began))
