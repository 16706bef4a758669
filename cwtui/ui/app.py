"""The application: its parts, its keys and commands, and how it starts."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual import events, on
from textual.binding import Binding, BindingType
from textual.screen import Screen

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.text import visible
from cwtui.config import Config, quit_key
from cwtui.host import garbage, upgrade
from cwtui.language import N_, _
from cwtui.ui import keystrokes, theme
from cwtui.ui.absence import Absence
from cwtui.ui.connection import Connection
from cwtui.ui.context import Context
from cwtui.ui.leaving import NOT_SIGNED_IN, Leaving
from cwtui.ui.look import Look
from cwtui.ui.messages import LeadAway
from cwtui.ui.router import Router
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.styles import sheets
from cwtui.ui.terminal.output import blocking
from cwtui.ui.terminal.textual_app import CANNOT_CHECK, TextualApp

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports


_PAINTING: Final = 0.05
"""Seconds in which the writing thread can write the first paint, with nothing else to do."""


class AccountApp(TextualApp):
    """The application."""

    TITLE = "Connectware"
    CSS_PATH = sheets("app", "entry")
    ENABLE_COMMAND_PALETTE = True
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(quit_key.DEFAULT, "quit", N_("Quit"), priority=True, id="quit"),
        Binding("q", "quit_by_letter", N_("Quit, outside of fields"), show=False),
        Binding("ctrl+l", "repaint", N_("Draw the screen again"), show=False, priority=True),
        Binding("f3", "next_theme", N_("Change the colours"), show=False),
        Binding("f1,question_mark", "help", "Help", show=False),
    ]

    def __init__(
        self,
        config: Config,
        ports: "Ports | None" = None,
        clock: Callable[[], float] = time.time,
        *,
        kiosk: bool = False,
    ) -> None:
        if theme.is_monochrome(os.environ):
            os.environ["NO_COLOR"] = "1"
        # Textual decides here whether NO_COLOR means greys or no colours. It does not know the
        # theme yet.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._typed_early: list[events.Event] | None = []
        """What was typed before the first screen had its fields; None once it has them."""
        self.config = config
        connection = Connection(config, ports, self._not_connected)
        self.context = Context(config, clock, connection, kiosk=kiosk)
        self.leaving = Leaving(self, self.context)
        self.look = Look(self, self.context)
        self.router = Router(self, self.context, self.leaving, self.look, self._session_ended)
        self.absence = Absence(self, self.context, self.router, self.leaving)

    # Start

    def get_default_screen(self) -> Screen[None]:
        """Return the first screen, so that Textual's stack has no empty one."""
        if self.context.kiosk or not self.context.connection.is_new():
            return SignInScreen()
        self.context.connection.wait_for_first_admin()
        from cwtui.ui.screens.entry.first_run import FirstRunScreen

        return FirstRunScreen()

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables. Textual first asks for those of a theme of its own."""
        return super().get_css_variables() if self.theme in theme.THEMES else {}

    def refresh_css(self, animate: bool = True) -> None:
        """Apply the theme. Without a screen, nothing was parsed yet, and only variables change."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        self.absence.begin()
        if self.config.keys.quit != quit_key.DEFAULT:
            self.set_keymap({"quit": self.config.keys.quit})
        asyncio.get_running_loop().set_exception_handler(self._unheard)
        self.call_after_refresh(self._take_what_was_typed_early)
        self.call_after_refresh(self.set_timer, _PAINTING, self._first_paint_is_done)

    async def _take_what_was_typed_early(self) -> None:
        early, self._typed_early = self._typed_early, None
        for event in early or ():
            await self.on_event(event)

    def _first_paint_is_done(self) -> None:
        """Do what had to wait for the first paint, so that it comes soon."""
        from cwtui.ui.threads import PatientThreads

        garbage.collect()
        asyncio.get_running_loop().set_default_executor(PatientThreads())
        if not self.is_headless:
            # The first paint does not import anything late.
            upgrade.guard()
        self.context.connection.open_early()

    def on_unmount(self) -> None:
        self.context.offered.clear()

    def _not_connected(self, error: Exception) -> None:
        if isinstance(error, CannotCheck):
            self.exit(CANNOT_CHECK, CANNOT_CHECK, Text(visible(f"cwtui: {error}")))
        else:
            self.fail(error)

    def _session_ended(self) -> None:
        self.absence.session_ended()

    # Events and messages

    @on(LeadAway)
    def _follow(self, message: LeadAway) -> None:
        message.stop()
        self.router.follow(message)

    async def on_event(self, event: events.Event) -> None:
        if self.absence.ends_with(event):
            return
        is_new = keystrokes.is_typed_or_pasted(event) and not event.is_forwarded
        if is_new and self._typed_early is not None:
            self._typed_early.append(event)
            return
        if is_new:
            self.context.connection.load_rest()
        if is_new and keystrokes.is_unseen(event, self.screen):
            return
        if self.context.after_code.ignores(event):
            return
        if is_new and keystrokes.is_stray(event, self.screen) and not self._lead_to_field():
            return
        await super().on_event(event)
        if isinstance(event, events.Resize):
            self.repaint_if_cut_off(event.size)

    def _lead_to_field(self) -> bool:
        """Focus the field for text that was typed beside the fields. False if none is empty."""
        entry = keystrokes.field_for_stray(self.screen)
        if entry is not None:
            self.screen.set_focus(entry)
        return entry is not None

    def on_key(self, event: events.Key) -> None:
        """Treat capital letters like small ones where only those do something."""
        if keystrokes.is_capital(event.key):
            event.key = keystrokes.meant(event.key, self.screen.active_bindings)

    def watch_app_focus(self, focus: bool) -> None:
        """When the terminal's window gets the focus again, focus something on the screen."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if focus and isinstance(screen, SteadyScreen):
            screen.focus_again()

    # End

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "quit_by_letter":
            return not keystrokes.takes_stray_text(self.screen)
        return super().check_action(action, parameters)

    async def action_quit(self) -> None:
        self.leaving.ask_or_leave()

    async def action_quit_by_letter(self) -> None:
        self.leaving.ask_or_leave(by_letter=True)

    def action_leave(self) -> None:
        self.leaving.leave_as_asked()

    def end(self, reason: str) -> None:
        """Leave at once, because of a signal or a lost terminal."""
        self.leaving.leave(reason, NOT_SIGNED_IN)

    def fail(self, error: Exception) -> None:
        """Stop because of this exception. After an upgrade, say so instead of showing a crash."""
        if upgrade.happened(error):
            self.leaving.leave("upgraded", CANNOT_CHECK, _(upgrade.SENTENCE))
        else:
            super().fail(error)

    def _unheard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Stop because of an exception that nobody waited for. asyncio would log it and go on."""
        del loop
        error = context.get("exception")
        if isinstance(error, Exception) and not self.is_exiting:
            self.fail(error)

    def copy_to_clipboard(self, text: str) -> None:
        """Send text to the terminal's clipboard, if there may be one, and keep no copy here."""
        from cwtui.ui import clipboard

        self.write_to_terminal(clipboard.sequence(text, self.context.copy_way))

    # Actions that work on every screen

    def action_command_palette(self) -> None:
        # Not where something must be confirmed first, such as saved backup codes.
        if isinstance(self.screen, AccountScreen) and self.screen.NEEDS_SESSION:
            from cwtui.ui import commands
            from cwtui.ui.screens.dialogs.palette import Palette

            offered = commands.commands(self, self.context, self.router)
            self.push_screen(Palette(offered, commands.users(self.context, self.router)))

    def get_key_display(self, binding: Binding) -> str:
        """Return keys as they are printed on a keyboard: F1, Esc, Ctrl+Q, Shift+S."""
        parts = binding.key.split("+")
        if len(parts[-1]) == 1 and parts[-1].isupper():
            parts.insert(0, "shift")
        return "+".join(map(quit_key.printed, parts))

    def background_is(self, *, light: bool) -> None:
        """Use the theme for this background, unless the person has chosen a theme."""
        self.look.background_is(light=light)

    def action_next_theme(self) -> None:
        """Switch to the next theme: dark, light, or the terminal's own colours."""
        self.look.next_theme()

    def action_help(self) -> None:
        from cwtui.ui.screens.dialogs.help import open_help

        open_help(self, self.config.keys.quit)

    def action_help_quit(self) -> None:
        quits = quit_key.shown(self.config.keys.quit)
        self.notify(_("{key} quits cwtui.", key=quits), markup=False)


def run(config: Config, *, kiosk: bool = False) -> int:
    """Run the application and return its exit status.

    With `kiosk`, it never creates a store or a first admin.
    """
    app = AccountApp(config, kiosk=kiosk)
    with blocking(sys.stderr.fileno()):
        try:
            result = app.run()
        except Exception as error:
            # A library that was replaced may fail even while the application is closing.
            if not upgrade.happened(error):
                raise
            result, app.leaving.last_words = CANNOT_CHECK, _(upgrade.SENTENCE)
        # Write the audit log after the screen is gone. If another process holds the log's lock,
        # the screen must not stay visible meanwhile.
        leaving = app.leaving
        last = (leaving.record_now(), leaving.unfinished(), leaving.last_words)
        for words in filter(None, last):
            sys.stderr.write(f"cwtui: {words}\n")
            sys.stderr.flush()
    return result if result is not None else (app.return_code or CANNOT_CHECK)
