"""Lists a session as open, and ends it at its time limit, or if others or the directory say so."""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App

from cwtui.accounts.errors import CannotCheck, SessionEnded
from cwtui.accounts.text import visible
from cwtui.language import _
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
        self._is_listed = False
        self._problem = ""
        """Why the session could not be listed, as was told."""
        app.set_timer(begun.ends_at - context.clock(), self.end_at_limit)
        self._ask_directory_later()
        self._look_now()

    def end_at_limit(self) -> None:
        """End the session because its time is over."""
        from cwtui.accounts.session import limit_reached

        if self._current() is not None:
            self._end("time limit", limit_reached(self._begun), True)

    # The list of open sessions

    async def look(self) -> None:
        """List the session, or look whether somebody has asked it to end."""
        from cwtui.accounts import open_sessions

        try:
            ports = await self._context.connected()
            if self._is_listed:
                idle = self._context.clock() - self._context.active_at
                await asyncio.to_thread(open_sessions.look, ports, self._begun, idle)
            else:
                process = open_sessions.Process(self._door, socket.gethostname(), os.getpid())
                await asyncio.to_thread(open_sessions.begin, ports, self._begun, process)
                self._is_listed = True
        except SessionEnded as ended:
            self._app.call_later(self._end_as_asked, ended)
            return
        except CannotCheck as problem:
            self._tell(problem)
        if self._current() is not None:
            seconds = self._context.ports.sessions.look_seconds if self._context.ports else 1.0
            self._app.set_timer(seconds, self._look_now)
        elif self._is_listed and self._context.ports is not None:
            # It ended while it was being listed.
            await asyncio.to_thread(self._context.ports.sessions.end, self._begun.id)

    @property
    def _door(self) -> str:
        return "kiosk" if self._context.kiosk else "cwtui"

    def _look_now(self) -> None:
        if self._current() is not None:
            self._app.run_worker(self.look(), group="open session")

    def _end_as_asked(self, ended: SessionEnded) -> None:
        if self._current() is not None:
            self._end(ended.reason, str(ended), ended.may_return)

    def _tell(self, problem: CannotCheck) -> None:
        """Say once why the session is not listed. If it is, the next action says what is wrong."""
        if not self._is_listed and str(problem) != self._problem:
            self._problem = str(problem)
            missing = _("This session is missing from the list of open sessions.")
            sentence = f"{missing} {problem}"
            self._app.notify(visible(sentence), severity="warning", markup=False)

    # The directory

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
        now = self._context.session
        return now if now is not None and now.id == self._begun.id else None
