"""The application: which screen is up, whose session it is, and how it ends."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.console import RenderableType
from rich.text import Text
from textual import events, work
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.notifications import Notify
from textual.screen import Screen

from cwtui.accounts.errors import AccountsError, CannotCheck
from cwtui.accounts.text import visible
from cwtui.config import Config, quit_key
from cwtui.host import crash, upgrade
from cwtui.ui import theme
from cwtui.ui.connection import Connection
from cwtui.ui.context import Context
from cwtui.ui.idle import Idle
from cwtui.ui.painted import Painted
from cwtui.ui.screens.base import AccountScreen, ShowsSecrets
from cwtui.ui.screens.dialogs.quitting import ask_or_leave, shows_presence
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.session_watch import SessionWatch
from cwtui.ui.source import CONSOLE
from cwtui.ui.styles import sheets
from cwtui.ui.terminal.driver import TerminalDriver
from cwtui.ui.terminal.output import blocking
from cwtui.ui.threads import PatientThreads, call_within

if TYPE_CHECKING:
    from cwtui.accounts.model import SignInRecord
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session

NOT_SIGNED_IN: Final = 1
"""The exit status when nobody signed in: `cwtui && something` lets nobody pass."""
CANNOT_CHECK: Final = 3
"""After a crash or an upgrade, and where the store cannot be opened."""
LEAVING_SECONDS: Final = 2.5
"""How long leaving may take until the end of the session is recorded."""
LEAST_SECONDS: Final = 0.5
"""How long recording it is tried, however long the rest took."""
NOT_RECORDED: Final = "The end of your session could not be recorded: the store does not answer."


class AccountApp(App[int]):
    """One use of the application. `session` is set between sign-in and sign-out only."""

    TITLE = "Connectware"
    CSS_PATH = sheets("app", "entry")
    ENABLE_COMMAND_PALETTE = True
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(quit_key.DEFAULT, "quit", "Quit", priority=True, id="quit"),
        Binding("q", "quit", show=False),
        Binding("ctrl+l", "repaint", "Repaint", show=False, priority=True),
        Binding("f3", "next_theme", "Colours", show=False),
        Binding("f1", "help", "Help", show=False),
    ]

    def __init__(
        self,
        config: Config,
        ports: "Ports | None" = None,
        clock: Callable[[], float] = time.time,
        *,
        kiosk: bool = False,
    ) -> None:
        # Textual decides here what NO_COLOR does, before it knows the theme: greys, or no colours.
        ansi_color = True if "NO_COLOR" in os.environ else None
        super().__init__(driver_class=TerminalDriver, ansi_color=ansi_color)
        self.config = config
        self.context = Context(config, clock, Connection(config, ports, self._not_connected))
        self._kiosk = kiosk
        self._painted = Painted()
        self._idle: tuple[Idle, ...] = ()
        """Whether the last session was ended by its own person."""
        self.last_words = ""
        """Why it ended, for the terminal that is then as before."""
        self.session_watch: SessionWatch | None = None
        self._left: tuple[Session, str] | None = None
        self._left_at = 0.0
        for one in theme.OURS:
            self.register_theme(one)
        self.theme = theme.first_theme(os.environ)

    # How it begins

    def get_default_screen(self) -> Screen[None]:
        """The first screen is the bottom one of Textual's stack, and not on top of an empty one."""
        if self._kiosk or not self.context.connection.is_new():
            return SignInScreen()
        self.context.connection.wait_for_first_admin()
        from cwtui.ui.screens.entry.first_run import FirstRunScreen

        return FirstRunScreen()

    def refresh_css(self, animate: bool = True) -> None:
        """Before there is a screen nothing was parsed, and a new theme is new variables only."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        session = self.config.session
        self._idle = (
            Idle(self, session.idle_minutes * 60, self._lock),
            Idle(self, session.secrets_visible_seconds, self._blank),
        )
        if session.login_minutes:
            self._idle += (Idle(self, session.login_minutes * 60, self._end_unused),)
        if self.config.keys.quit != quit_key.DEFAULT:
            self.set_keymap({"quit": self.config.keys.quit})
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unheard)
        loop.set_default_executor(PatientThreads())
        if not self.is_headless:
            # After the first paint, which loads nothing of another version yet.
            self.call_after_refresh(upgrade.guard)
        self.call_after_refresh(self.context.connection.open_early)

    def _not_connected(self, error: Exception) -> None:
        if isinstance(error, CannotCheck):
            self.exit(CANNOT_CHECK, CANNOT_CHECK, Text(visible(f"cwtui: {error}")))
        else:
            self._handle_exception(error)

    # Where one is

    def show(self, screen: Screen[None]) -> None:
        """This screen and no other: what was shown before is let go."""
        if (
            isinstance(screen, AccountScreen)
            and screen.NEEDS_SESSION
            and self.context.session is None
        ):
            return  # what was pressed before the session ended
        first, *above = self.screen_stack
        for _ in above[1:]:
            self.pop_screen()
        if above:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)
        # Textual keeps the bottom of its stack; nothing of what was typed there stays on it.
        first.remove_children()

    def show_state(self, state: object) -> None:
        """The screen for a state of the sign-in."""
        from cwtui.ui import flow

        flow.show_state(self, state)

    def back_to_sign_in(self, notice: str = "", *, wrong: bool = False, username: str = "") -> None:
        """The login screen, whatever was before; nobody is signed in there.

        Whose session ended unasked need not type the username again, or the password into it.
        """
        ended = self.context.end_session()
        if wrong and ended is not None:
            username = ended.username
        self.clear_notifications()
        self.show(SignInScreen(notice, wrong=wrong, username=username))

    # How a session ends

    def begin_session(self, session: "Session", before: "SignInRecord") -> None:
        """Someone is signed in; `before` is the sign-in record as it was until then."""
        self.context.begin_session(session, before)
        self.session_watch = SessionWatch(self, session)

    def sign_out(self) -> None:
        """End the session and say so."""
        self.end_session("", "You are signed out.")

    def end_session(self, reason: str, notice: str, *, wrong: bool = False) -> None:
        """End it and record why, in a few words; none if it was asked for."""
        session = self.context.session
        for idle in self._idle[2:]:
            idle.touch()
        self.back_to_sign_in(
            notice, wrong=wrong, username=session.username if session and reason else ""
        )
        if session is not None:
            self._record_end(session, reason)

    def _lock(self) -> None:
        minutes = self.config.session.idle_minutes
        if self.context.session is not None:
            while_ = "a minute" if minutes == 1 else f"{minutes} minutes"
            notice = f"Your session was locked after {while_} without a key press."
            self.end_session("idle", f"{notice} Sign in again.")
            return
        below = self.screen_stack[:2][-1]
        if isinstance(below, AccountScreen) and not below.RESTING:
            self.back_to_sign_in("The sign-in was left half-way. Start again.", wrong=True)

    def _end_unused(self) -> None:
        # At a console or a serial line the login screen waits for the next person.
        if self.context.session is None and self.context.source != CONSOLE:
            minutes = self.config.session.login_minutes
            while_ = "a minute" if minutes == 1 else f"{minutes} minutes"
            words = f"Nobody signed in, and no key was pressed for {while_}."
            self._leave("", NOT_SIGNED_IN, words)
            if not self.is_headless:
                # To the watchdog: a terminal that takes no output must not keep the process.
                os.kill(os.getpid(), signal.SIGTERM)

    @work(group="record end")
    async def _record_end(self, session: "Session", reason: str) -> None:
        # Another process may hold the log's lock: that is waited for in a thread.
        problem = await asyncio.to_thread(self._record, session, reason)
        if problem:
            self.notify(problem, severity="warning", markup=False)

    def _record(self, session: "Session", reason: str) -> str:
        """Write the end of the session to the audit log; what kept it from there, or nothing."""
        from cwtui.accounts.session import sign_out

        if self.context.ports is None:
            return ""
        try:
            sign_out(self.context.ports, session, reason)
        except AccountsError as error:
            return visible(str(error))
        return ""

    async def action_quit(self) -> None:
        ask_or_leave(self)

    def action_leave(self) -> None:
        """Leave without a question. Status 0 only out of a session.

        After signing out, the next person at the terminal may be another one.
        """
        self._leave("", 0 if self.context.session is not None else NOT_SIGNED_IN)

    def end(self, reason: str) -> None:
        """Leave at once: a signal or a lost terminal asks for it."""
        self._leave(reason, NOT_SIGNED_IN)

    def _leave(self, reason: str, status: int, words: str = "") -> None:
        if self._exit:
            return  # already leaving
        self.last_words = words
        self._left_at = time.monotonic()
        if self.context.session is not None:
            self._left = self.context.session, reason
        self.context.session = None
        self.exit(status, status)

    def record_leaving(self) -> str:
        """Record the session that leaving ended, once the terminal is as it was before.

        What kept it from the audit log, or nothing.
        """
        if self._left is None:
            return ""
        record = partial(self._record, *self._left)
        left = self._left_at + LEAVING_SECONDS - time.monotonic()
        return call_within(max(left, LEAST_SECONDS), record, NOT_RECORDED)

    # What is left alone for a while

    async def on_event(self, event: events.Event) -> None:
        if shows_presence(event) and not event.is_forwarded:
            for one in self._idle:
                one.touch()
            blanked = [screen for screen in self._secret_screens if screen.blanked]
            for screen in blanked:
                screen.show_secrets()
            # A digit is the beginning of a code, typed by one who looked at the phone for a while.
            is_digit = isinstance(event, events.Key) and (event.character or "").isdigit()
            if blanked and not is_digit:
                return
            if self._is_unseen(event):
                return
        await super().on_event(event)
        if isinstance(event, events.Resize):
            self._repaint_if_cut_off(event.size)

    def _is_unseen(self, event: events.Event) -> bool:
        """Whether it was typed where no field is shown: part of a password may be a shortcut."""
        is_typed = isinstance(event, events.Key) and event.is_printable
        return is_typed and isinstance(self.screen, SteadyScreen) and not self.screen.has_room

    def _blank(self) -> None:
        for screen in self._secret_screens:
            screen.hide_secrets()

    @property
    def _secret_screens(self) -> list[ShowsSecrets]:
        # Also those under a help or a question, which shine through.
        return [screen for screen in self.screen_stack if isinstance(screen, ShowsSecrets)]

    # What one can always do

    def on_notify(self, event: Notify) -> None:
        """One toast says it: another with the same sentence would only hide the screen."""
        sentence = event.notification.message
        if any(shown.message == sentence for shown in self._notifications):
            event.prevent_default()

    def get_key_display(self, binding: Binding) -> str:
        """Keys as they are printed on them: F1, Esc, Ctrl+Q."""
        names = {"escape": "Esc", "enter": "Enter", "slash": "/"}
        parts = binding.key.split("+")
        return "+".join(names.get(part, part.capitalize()) for part in parts)

    def action_command_palette(self) -> None:
        # Not where something must be answered first, such as backup codes.
        if isinstance(self.screen, AccountScreen) and self.screen.NEEDS_SESSION:
            from cwtui.ui import flow
            from cwtui.ui.screens.dialogs.palette import Palette

            self.push_screen(Palette(flow.commands(self), flow.users(self)))

    def watch_app_focus(self, focus: bool) -> None:
        """The terminal's window has the focus again: so has something on the screen."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if focus and isinstance(screen, SteadyScreen):
            screen.focus_again()

    def action_next_theme(self) -> None:
        """The next theme: dark, light, the terminal's own colours."""
        names = theme.THEMES
        position = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(position + 1) % len(names)]

    def action_help(self) -> None:
        from cwtui.ui.screens.dialogs.help import HelpScreen

        if isinstance(self.screen, AccountScreen):
            shown = quit_key.shown(quit_key.DEFAULT), quit_key.shown(self.config.keys.quit)
            self.push_screen(HelpScreen(self.screen.HELP.replace(*shown)))

    def action_help_quit(self) -> None:
        self.notify(f"{quit_key.shown(self.config.keys.quit)} quits cwtui.", markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Send text to the terminal's clipboard (OSC 52), and keep no copy here."""
        super().copy_to_clipboard(text)
        self._clipboard = ""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        # What Textual holds back, the terminal does not show.
        if isinstance(renderable, CompositorUpdate) and self._running and not self._batch_count:
            renderable = self._painted.news(renderable, self.size)
        super()._display(screen, renderable)

    def _repaint_if_cut_off(self, size: Size) -> None:
        """The terminal has cut off what did not fit, even where it has its old size again."""
        self._painted = Painted()
        if self.screen_stack and self.screen.outer_size == size:
            self.screen.refresh()

    def action_repaint(self) -> None:
        """Write all of the screen again: something else, such as the kernel, wrote over it."""
        self._painted = Painted()
        self.screen.refresh()

    def _handle_exception(self, error: Exception) -> None:
        if upgrade.happened(error):
            self._leave("upgraded", CANNOT_CHECK, upgrade.SENTENCE)
        else:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of variables, passwords among them.
        self.panic()

    def panic(self, *renderables: RenderableType) -> None:
        """Stop and show our own page: Textual's tracebacks end with the exception's message."""
        self.bell()
        self._return_code = CANNOT_CHECK
        # One page is enough: of what failed first.
        if not self._exit_renderables:
            places = crash.places(self._exception or sys.exception()) or _places(renderables)
            self._exit_renderables.append(Text(crash.page(places)))
        self._close_messages_no_wait()

    def _unheard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception that nobody waited for. asyncio would log its message and go on."""
        del loop
        error = context.get("exception")
        if isinstance(error, Exception) and not self._exit:
            self._handle_exception(error)


def run(config: Config, *, kiosk: bool = False) -> int:
    """Open the application; its exit status. `kiosk`: never create a store or a first admin."""
    app = AccountApp(config, kiosk=kiosk)
    with blocking(sys.stderr.fileno()):
        try:
            result = app.run()
        except Exception as error:
            # A library that was replaced may fail even while the application is closed.
            if not upgrade.happened(error):
                raise
            result, app.last_words = CANNOT_CHECK, upgrade.SENTENCE
        # The log comes after the screen: a lock that another process holds must not keep it up.
        for words in filter(None, (app.record_leaving(), app.last_words)):
            sys.stderr.write(f"cwtui: {words}\n")
            sys.stderr.flush()
    return result if result is not None else (app.return_code or CANNOT_CHECK)


def _places(renderables: Iterable[RenderableType]) -> list[str]:
    # Textual's thread that reads keys hands over what rich has made of its exception.
    from rich.traceback import Traceback

    traces = [each.trace for each in renderables if isinstance(each, Traceback)]
    return [
        line
        for trace in traces
        for stack in trace.stacks
        for line in (stack.exc_type, *map(crash.place, stack.frames))
    ]
