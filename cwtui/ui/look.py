"""Applies language, colours and mouse: those of the terminal, or what the person prefers.

Preferences apply from a complete sign-in to the end of the session. Then everything is as the
terminal has it by default, so that the next person inherits nothing.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from cwtui import language
from cwtui.accounts.errors import AccountsError, SessionEnded
from cwtui.accounts.text import visible
from cwtui.language import _
from cwtui.ui import theme
from cwtui.ui.context import Context
from cwtui.ui.terminal.textual_app import TextualApp

if TYPE_CHECKING:
    from cwtui.accounts.preferences import Preferences
    from cwtui.accounts.session import Session

_REST: Final = 0.5
"""Seconds without another F3 after which the theme is kept. Each time, the store is written."""


class Look:
    """The language, the colours and the mouse of one application."""

    def __init__(self, app: TextualApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._own_language = language.spoken()
        self._rest: Timer | None = None
        self._to_keep: tuple[Session, str] | None = None
        """The session in which F3 was pressed, and the choice that is not kept yet."""
        for one in theme.OURS:
            app.register_theme(one)
        app.theme = self._context.own_theme

    def background_is(self, *, light: bool) -> None:
        """Use the theme for this background, unless the person has chosen another one."""
        before = self._context.own_theme
        self._context.own_theme = theme.on_background(before, light=light)
        if self._app.theme == before:
            self._app.theme = self._context.own_theme

    def session_begins(self, preferences: "Preferences") -> None:
        """Apply the preferences. Without a chosen theme, what F3 chose before sign-in stays."""
        if preferences.theme in theme.CHOICES:
            self.apply(preferences)
        else:
            self._apply_all_but_theme(preferences)

    def apply(self, preferences: "Preferences") -> None:
        """Show what the preferences say, as far as the terminal can."""
        self._app.theme = theme.for_choice(preferences.theme, self._context.own_theme)
        self._apply_all_but_theme(preferences)

    def _apply_all_but_theme(self, preferences: "Preferences") -> None:
        language.use(preferences.language.language or self._own_language)
        self._app.use_mouse(on=preferences.mouse)

    def session_ends(self) -> None:
        """Go back to what the terminal has by default."""
        self._keep()
        self._app.theme = self._context.own_theme
        language.use(self._own_language)
        self._app.use_mouse(on=True)

    # F3

    def next_theme(self) -> None:
        """Switch to the next theme that the terminal can show, and keep it for the account.

        A sentence names it, because terminals may show two of them alike.
        """
        names = theme.drawable(self._context.own_theme)
        now = self._app.theme
        self._app.theme = names[(names.index(now) + 1) % len(names) if now in names else 0]
        has_colours = not self._app.no_color
        self._app.notify(theme.announced(self._app.theme, has_colours=has_colours), markup=False)
        if self._rest is not None:
            self._rest.stop()
        if self._context.session is not None:
            self._to_keep = self._context.session, theme.choice_of(self._app.theme)
            self._rest = self._app.set_timer(_REST, self._keep)

    def _keep(self) -> None:
        if self._to_keep is not None:
            self._app.run_worker(self._keep_in_thread(*self._to_keep), group="keep theme")
            self._to_keep = None

    async def _keep_in_thread(self, session: "Session", choice: str) -> None:
        from cwtui.accounts import self_service
        from cwtui.accounts.preferences import Theme

        try:
            ports = await self._context.connected()
            kept = await asyncio.to_thread(
                self_service.update_preferences, ports, session, theme=Theme(choice)
            )
        except SessionEnded:
            return  # the next action says why
        except AccountsError as problem:
            not_saved = _("These colours could not be saved for your next sign-in.")
            sentence = f"{not_saved} {problem}"
            self._app.notify(visible(sentence), severity="warning", markup=False)
            return
        now = self._context.session
        if now is not None and now.username == session.username:
            self._context.use_preferences(kept)
