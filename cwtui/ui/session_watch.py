"""Ends a session at its time limit, or if the person has left the directory."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App

from cwtui.accounts.errors import CannotCheck, SessionEnded
from cwtui.accounts.text import visible
from cwtui.ui.context import Context

if TYPE_CHECKING:
    from cwtui.accounts.session import Session


class SessionWatch:
    """Watches one session until it ends or another one begins.

    `end` ends the session. It takes the reason in a few words, and as a sentence, and whether the
    person can sign in again.
    """

    def __init__(
        self,
        app: App[Any],
        context: Context,
        begun: "Session",
        end: Callable[[str, str, bool], None],
    ) -> None:
        self._app = app
        self._context = context
        self._begun = begun
        self._end = end
        app.set_timer(begun.ends_at - context.clock(), self.end_at_limit)
        self._ask_directory_later()

    def end_at_limit(self) -> None:
        """End the session because its time is over."""
        from cwtui.accounts.session import limit_reached

        if self._current() is not None:
            self._end("time limit", limit_reached(self._begun), True)

    async def ask_directory(self) -> None:
        """End the session if the person has left the directory, or has other roles there."""
        from cwtui.accounts.provisioning import check_session

        session = self._current()
        if session is None:
            return
        try:
            ports = await self._context.connected()
            await asyncio.to_thread(check_session, ports, session)
        except SessionEnded as ended:
            # Called from the application's context: a screen created in the worker's context would
            # keep the worker and the session alive.
            self._app.call_later(self._end_unless_changed, session, ended)
        except CannotCheck as problem:
            self._app.notify(visible(str(problem)), severity="warning", markup=False)
        self._ask_directory_later()

    def _end_unless_changed(self, asked: "Session", ended: SessionEnded) -> None:
        # A change that the session itself made meanwhile is no reason to end it.
        if self._context.session is asked:
            self._end(ended.reason, str(ended), ended.may_return)

    def _ask_directory_later(self) -> None:
        directory = self._context.config.directory
        if directory is not None:
            seconds = directory.session_check_minutes * 60
            self._app.set_timer(seconds, self._ask_directory_now)

    def _ask_directory_now(self) -> None:
        self._app.run_worker(self.ask_directory(), group="session watch")

    def _current(self) -> "Session | None":
        """Return the watched session as it is now, or None once it has ended."""
        now, begun = self._context.session, self._begun
        if now is None or (now.username, now.started_at) != (begun.username, begun.started_at):
            return None
        return now
