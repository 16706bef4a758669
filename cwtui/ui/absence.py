"""What happens when nobody is there: sessions lock, secrets are hidden, the login screen closes."""

import os
import signal
from typing import Protocol

from textual import events

from cwtui.accounts.sources import CONSOLE
from cwtui.language import _, ngettext
from cwtui.ui.context import Context
from cwtui.ui.idle import Idle, shows_presence
from cwtui.ui.leaving import NOT_SIGNED_IN, Leaving
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.terminal.textual_app import TextualApp


class EndsSessions(Protocol):
    """The part of the router that is needed here."""

    @property
    def front(self) -> AccountScreen | None:
        """The page or step that is shown, even if a help is open over it."""

    def end_session(self, reason: str, notice: str, *, wrong: bool) -> None:
        """End the session. `reason` is for the audit log, `notice` for the login screen."""

    def back_to_sign_in(self, notice: str, *, wrong: bool, username: str) -> None:
        """Show the login screen with the username filled in."""


class Absence:
    """Watches for the absence of people, in one application, from `begin` on."""

    def __init__(
        self, app: TextualApp, context: Context, router: EndsSessions, leaving: Leaving
    ) -> None:
        self._app = app
        self._context = context
        self._router = router
        self._leaving = leaving
        self.timers: tuple[Idle, ...] = ()
        """The timers of the lock, of secrets and, if configured, of the login screen."""

    def begin(self) -> None:
        """Start the timers."""
        session = self._context.config.session
        self.timers = (
            Idle(self._app, session.idle_minutes * 60, self.lock),
            Idle(self._app, session.secrets_visible_seconds, self.blank),
        )
        if session.login_minutes:
            self.timers += (Idle(self._app, session.login_minutes * 60, self.end_unused),)

    def session_ended(self) -> None:
        """Restart the timer of the login screen, although nobody pressed a key for a while."""
        for timer in self.timers[2:]:
            timer.touch()

    def lock(self) -> None:
        """End the session, or a sign-in that was not completed."""
        if self._context.session is not None:
            notice = _(
                "Your session was locked after {time} without a key press. Sign in again.",
                time=_while(self._context.config.session.idle_minutes),
            )
            self._router.end_session("idle", notice, wrong=True)
            return
        step = self._router.front
        if step is not None and not step.RESTING:
            notice = _("The sign-in was not completed. Start again.")
            self._router.back_to_sign_in(notice, wrong=True, username=step.whose)

    def blank(self) -> None:
        """Hide all secrets until the next key press."""
        for screen in self._secret_screens:
            screen.hide_secrets()

    def end_unused(self) -> None:
        """Close the application if nobody is signed in."""
        # On a console or a serial line, the login screen waits for the next person.
        if self._context.session is None and self._context.source != CONSOLE:
            words = _(
                "Closed because nobody signed in and no key was pressed for {time}.",
                time=_while(self._context.config.session.login_minutes),
            )
            self._leaving.leave("", NOT_SIGNED_IN, words)
            if not self._app.is_headless:
                # This tells the watchdog: a terminal that accepts no output must not keep the
                # process alive.
                os.kill(os.getpid(), signal.SIGTERM)

    def ends_with(self, event: events.Event) -> bool:
        """Whether the event only shows hidden secrets again, and must do nothing else."""
        if not shows_presence(event) or event.is_forwarded:
            return False
        self._context.active_at = self._context.clock()
        for timer in self.timers:
            timer.touch()
        blanked = [screen for screen in self._secret_screens if screen.blanked]
        for screen in blanked:
            screen.show_secrets()
        # A digit is the beginning of a code, typed by somebody who looked at their phone for a
        # while.
        is_digit = isinstance(event, events.Key) and (event.character or "").isdigit()
        return bool(blanked) and not is_digit

    @property
    def _secret_screens(self) -> list[ShowsSecrets]:
        # Including those below a help or a question, where they remain visible.
        return [screen for screen in self._app.screen_stack if isinstance(screen, ShowsSecrets)]


def _while(minutes: int) -> str:
    return ngettext("a minute", "{number} minutes", minutes)
