"""What ends a session that goes on: its time limit, and a directory that lost the person."""

import asyncio
from typing import TYPE_CHECKING

from cwtui.accounts.errors import CannotCheck, SessionEnded
from cwtui.accounts.text import visible

if TYPE_CHECKING:
    from cwtui.accounts.session import Session
    from cwtui.ui.app import AccountApp


class SessionWatch:
    """Watches one session, from its beginning until the application has another one or none."""

    def __init__(self, app: "AccountApp", begun: "Session") -> None:
        self._app = app
        self._begun = begun
        app.set_timer(begun.ends_at - app.context.clock(), self.end_at_limit)
        self._ask_directory_later()

    def end_at_limit(self) -> None:
        """End it: its time is over."""
        from cwtui.accounts.session import limit_reached

        if self._current() is not None:
            self._app.end_session("time limit", limit_reached(self._begun), wrong=True)

    async def ask_directory(self) -> None:
        """End it where the directory no longer has the person, or with other roles."""
        from cwtui.accounts.provisioning import check_session

        session = self._current()
        if session is None:
            return
        try:
            ports = await self._app.context.connected()
            await asyncio.to_thread(check_session, ports, session)
        except SessionEnded as ended:
            # What the session did itself meanwhile is no reason.
            if self._app.context.session is session:
                self._app.end_session(ended.reason, str(ended), wrong=True)
        except CannotCheck as problem:
            self._app.notify(visible(str(problem)), severity="warning", markup=False)
        self._ask_directory_later()

    def _ask_directory_later(self) -> None:
        directory = self._app.context.config.directory
        if directory is not None:
            seconds = directory.session_check_minutes * 60
            self._app.set_timer(seconds, self._ask_directory_now)

    def _ask_directory_now(self) -> None:
        self._app.run_worker(self.ask_directory(), group="session watch")

    def _current(self) -> "Session | None":
        """The application's session, whatever it changed since; None once it is another one."""
        now, begun = self._app.context.session, self._begun
        if now is None or (now.username, now.started_at) != (begun.username, begun.started_at):
            return None
        return now
