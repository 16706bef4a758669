"""Leaving the application: the question, the exit status, and the end of the session."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from cwtui.accounts.errors import AccountsError
from cwtui.accounts.text import visible
from cwtui.language import N_, _
from cwtui.ui.context import Context
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.terminal.textual_app import TextualApp

if TYPE_CHECKING:
    from cwtui.accounts.session import Session

NOT_SIGNED_IN: Final = 1
"""The exit status when nobody signed in, so that `cwtui && program` does not run the program."""
LEAVING_SECONDS: Final = 2.5
"""How long leaving may take, including the time to record the end of the session."""
LEAST_SECONDS: Final = 0.5
"""The least time for recording the end of the session, however long the rest took."""
NOT_RECORDED: Final = N_(
    "The end of your session could not be recorded: the store does not answer."
)


class Leaving:
    """Leaves the application. Ending a session without leaving is the router's task."""

    def __init__(self, app: TextualApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._left: tuple[Session, str] | None = None
        self._left_at = 0.0
        self.last_words = ""
        """Why the application ended, printed once the terminal is restored."""

    # The question

    def ask_or_leave(self, *, by_letter: bool = False) -> None:
        """Leave if nothing would be lost, or else ask. Do nothing if the question is open.

        `by_letter`: a letter was pressed, which may be the first of a word.
        """
        from cwtui.ui.screens.dialogs.quitting import QuitScreen

        if any(isinstance(screen, QuitScreen) for screen in self._app.screen_stack):
            return
        question = self._question()
        if question:
            now = self._context.after_code.now
            self._app.push_screen(QuitScreen(question, now, by_letter=by_letter))
        else:
            self.leave_as_asked()

    def _question(self) -> str:
        """Return the question. It is empty on the login screen and the first-run screen."""
        stack = self._app.screen_stack
        for screen in reversed(stack):
            if isinstance(screen, ShowsSecrets) and (question := screen.before_quitting()):
                return question
        # The login screen is at the bottom of the stack, emptied. The one that is shown counts.
        shown = [screen for screen in stack if isinstance(screen, AccountScreen)][-1]
        if self._context.session is not None:
            what = shown.unsaved()
            if what:
                return _("Discard {what}, sign out and quit?", what=what)
            return _("Sign out and quit?")
        return "" if shown.RESTING else _("You are not signed in yet. Quit anyway?")

    # Leaving

    def leave_as_asked(self) -> None:
        """Leave without a question. The status is 0 only during a session.

        After signing out, the next person at the terminal may be somebody else.
        """
        self.leave("", 0 if self._context.session is not None else NOT_SIGNED_IN)

    def leave(self, reason: str, status: int, words: str = "") -> None:
        """Leave at once. `reason` is for the audit log, `words` are for the terminal."""
        if self._app.is_exiting:
            return
        self.last_words = words
        self._left_at = time.monotonic()
        if self._context.session is not None:
            self._left = self._context.session, reason
        self._context.session = None
        self._app.exit(status, status)

    def unfinished(self) -> str:
        """Return what was done of a batch that leaving or signing out stopped; empty if none was.

        On leaving, call it after the terminal is restored: until then, its thread goes on.
        """
        batch = self._context.batch
        return "" if batch is None or batch.is_reported else visible(batch.outcome())

    # The end of a session in the audit log

    def record_later(self, session: "Session", reason: str) -> None:
        """Record the end of the session while the application continues."""
        self._app.run_worker(self._record_in_thread(session, reason), group="record end")

    async def _record_in_thread(self, session: "Session", reason: str) -> None:
        # Another process may hold the log's lock, so wait for it in a thread.
        problem = await asyncio.to_thread(self._record, session, reason)
        if problem:
            self._app.notify(problem, severity="warning", markup=False)

    def record_now(self) -> str:
        """Record the session that leaving ended. Call it after the terminal is restored.

        Return the problem as a sentence, or an empty string.
        """
        from cwtui.ui.threads import call_within

        if self._left is None:
            return ""
        record = partial(self._record, *self._left)
        left = self._left_at + LEAVING_SECONDS - time.monotonic()
        return call_within(max(left, LEAST_SECONDS), record, _(NOT_RECORDED))

    def _record(self, session: "Session", reason: str) -> str:
        """Write the end of the session to the audit log. Return the problem, or an empty string."""
        from cwtui.accounts.session import sign_out

        if self._context.ports is None:
            return ""
        try:
            sign_out(self._context.ports, session, reason)
        except AccountsError as error:
            return visible(str(error))
        return ""
