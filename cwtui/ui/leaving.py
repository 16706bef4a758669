"""Leaving the application: the question before it, its status, and the end of the session."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from cwtui.accounts.errors import AccountsError
from cwtui.accounts.text import visible
from cwtui.ui.context import Context
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.terminal.textual_app import TextualApp
from cwtui.ui.threads import call_within

if TYPE_CHECKING:
    from cwtui.accounts.session import Session

NOT_SIGNED_IN: Final = 1
"""The exit status when nobody signed in: `cwtui && something` lets nobody pass."""
LEAVING_SECONDS: Final = 2.5
"""How long leaving may take until the end of the session is recorded."""
LEAST_SECONDS: Final = 0.5
"""How long recording it is tried, however long the rest took."""
NOT_RECORDED: Final = "The end of your session could not be recorded: the store does not answer."


class Leaving:
    """Of one application. What ends a session, and does not leave, is the router's."""

    def __init__(self, app: TextualApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._left: tuple[Session, str] | None = None
        self._left_at = 0.0
        self.last_words = ""
        """Why it ended, for the terminal that is then as before."""

    # The question before it

    def ask_or_leave(self) -> None:
        """Leave if nothing is lost by it; else ask. While it is asked nothing happens."""
        if any(isinstance(screen, QuitScreen) for screen in self._app.screen_stack):
            return
        question = self._question()
        if question:
            self._app.push_screen(QuitScreen(question))
        else:
            self.leave_as_asked()

    def _question(self) -> str:
        """What is asked before quitting; nothing on the login screen and the first-run screen."""
        stack = self._app.screen_stack
        for screen in reversed(stack):
            if isinstance(screen, ShowsSecrets) and screen.BEFORE_QUITTING:
                return screen.BEFORE_QUITTING
        if self._context.session is not None:
            return "Sign out and quit?"
        # The login screen is below all others, emptied; what counts is the one that is shown.
        shown = [screen for screen in stack if isinstance(screen, AccountScreen)]
        return "" if shown[-1].RESTING else "You are not signed in yet. Quit anyway?"

    # Leaving

    def leave_as_asked(self) -> None:
        """Leave without a question. Status 0 only out of a session.

        After signing out, the next person at the terminal may be another one.
        """
        self.leave("", 0 if self._context.session is not None else NOT_SIGNED_IN)

    def leave(self, reason: str, status: int, words: str = "") -> None:
        """Leave at once; `reason` is for the audit log, `words` are for the terminal."""
        if self._app.is_exiting:
            return
        self.last_words = words
        self._left_at = time.monotonic()
        if self._context.session is not None:
            self._left = self._context.session, reason
        self._context.session = None
        self._app.exit(status, status)

    # The end of a session in the audit log

    def record_later(self, session: "Session", reason: str) -> None:
        """Record that the session ended, while the application goes on."""
        self._app.run_worker(self._record_in_thread(session, reason), group="record end")

    async def _record_in_thread(self, session: "Session", reason: str) -> None:
        # Another process may hold the log's lock: that is waited for in a thread.
        problem = await asyncio.to_thread(self._record, session, reason)
        if problem:
            self._app.notify(problem, severity="warning", markup=False)

    def record_now(self) -> str:
        """Record the session that leaving ended, once the terminal is as it was before.

        What kept it from the audit log, or nothing.
        """
        if self._left is None:
            return ""
        record = partial(self._record, *self._left)
        left = self._left_at + LEAVING_SECONDS - time.monotonic()
        return call_within(max(left, LEAST_SECONDS), record, NOT_RECORDED)

    def _record(self, session: "Session", reason: str) -> str:
        """Write the end of the session to the audit log; what kept it from there, or nothing."""
        from cwtui.accounts.session import sign_out

        if self._context.ports is None:
            return ""
        try:
            sign_out(self._context.ports, session, reason)
        except AccountsError as error:
            return visible(str(error))
        return ""
