"""Our driver between the terminal and Textual. It limits input, its speed, and the window's size.

It uses Textual's private API: LinuxDriver's threads and modes.
"""

import os
import select
import signal
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from io import TextIOWrapper
from typing import Any, Final, Protocol, TextIO, cast

from textual import events, messages
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from cwtui.config import Config
from cwtui.host.charset import charmap
from cwtui.language import N_, _
from cwtui.ui import SIZE_VARIABLES, background
from cwtui.ui.terminal.input import Kind, Piece, TerminalInput
from cwtui.ui.terminal.line import Line
from cwtui.ui.terminal.output import Output
from cwtui.ui.terminal.size import kernel_size, size_in
from cwtui.ui.terminal.translator import Translator
from cwtui.ui.terminal.waiting import Waiting
from cwtui.ui.terminal.watchdog import Watchdog

NOT_UTF8: Final = N_(
    "This terminal does not send UTF-8, so letters such as ü are lost. "
    "Set it to UTF-8 (in PuTTY: Window > Translation)."
)
LOST_PASTE: Final = N_("The paste was incomplete and was ignored. Paste it again.")
TOO_MUCH: Final = N_("Too much input came at once. It was ignored.")
_NOTES: Final = {Kind.NOT_UTF8: NOT_UTF8, Kind.LOST_PASTE: LOST_PASTE}
_NOTE_SECONDS: Final = 20

_RESTORE: Final = (
    b"\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[r\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[0m"
)
"""What stop_application_mode writes. Besides, all rows scroll again if a paint was cut short."""


class Application(Protocol):
    """The part of the application that the driver needs."""

    config: Config

    def end(self, reason: str) -> None:
        """Leave at once."""

    def action_repaint(self) -> None:
        """Write the whole screen again."""

    def background_is(self, *, light: bool) -> None:
        """Handle the terminal's answer about its background."""


class TerminalDriver(LinuxDriver):
    """Reads the terminal through `TerminalInput`, and is watched by a `Watchdog`."""

    _READ: Final = 4096
    _SILENCE: Final = 0.2
    """How many seconds without input end a flood."""
    _LOOK_AT_OUTPUT_EVERY: Final = 0.02
    """Seconds between two checks whether the terminal has accepted what was written."""
    _LOOK_EVERY: Final = 0.002
    """Seconds between two checks whether the application has handled its events."""
    _PATIENCE: Final = 1.0
    """Seconds after which the application gets the next key even if it has handled nothing."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._size = size or self._get_terminal_size()
        self._application = cast("Application", app)
        self._line = Line(self.fileno)
        self._output = Output(cast("TextIO", self._file), self._hung_up, charmap(os.environ))
        self._file = cast("TextIOWrapper", self._output)
        self._translator = Translator()
        self._waiting = Waiting(self._application.config.keys.quit)
        self._handed_at = 0.0
        self._reports_window = False
        self._is_watched = False
        self._background_until = 0.0
        self._is_suspended = False
        self._wake_read, self._wake_write = os.pipe()
        # Handlers of the event loop wake it up, also if another thread got the signal. They never
        # interrupt a paint or each other.
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
        self._loop.add_signal_handler(signal.SIGCONT, self._go_on)

    # Sizes

    def _get_terminal_size(self) -> tuple[int, int]:
        return kernel_size(self.fileno) or size_in(SIZE_VARIABLES)

    def _query_in_band_window_resize(self) -> None:
        # If the kernel knows the size, use that. It does not need a mouse mode that reports pixels.
        if kernel_size(self.fileno) is None:
            super()._query_in_band_window_resize()

    def _disable_in_band_window_resize(self) -> None:
        if self._reports_window:
            self.write("\x1b[?2048l")

    def _take_window_message(self, message: Message) -> None:
        """Use what the terminal says about its size, if the kernel does not know it."""
        if kernel_size(self.fileno) is not None:
            return
        if isinstance(message, messages.InBandWindowResize):
            self._reports_window = True
            self._enable_in_band_window_resize()
        else:
            self.send_message(message)

    # Reading

    def run_input_thread(self) -> None:
        terminal = TerminalInput(self._background_until)
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while not self.exit_event.is_set():
            ready = dict(poll.poll(self._milliseconds(terminal)))
            if self.fileno not in ready:
                self._waiting.is_flooded = False
                self._handle(terminal.expire(time.monotonic()))
                continue
            try:
                data = os.read(self.fileno, self._READ)
            except BlockingIOError:
                continue  # another program has read the input
            except OSError:
                data = b""
            if not data:
                return self._hung_up()
            self._handle(terminal.feed(data, time.monotonic()))
        return None

    def _milliseconds(self, terminal: TerminalInput) -> float | None:
        """Return after how many milliseconds there is something to do even without input."""
        if self._waiting.is_flooded:
            return self._SILENCE * 1000
        if terminal.deadline is None:
            return None
        return max(0.0, terminal.deadline - time.monotonic()) * 1000 + 1

    def _handle(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if piece.kind in _NOTES:
                self._note(_NOTES[piece.kind])
            if piece.kind is Kind.BACKGROUND:
                self._tell_background(piece.text)
                continue
            if self._waiting.is_flooded and not self._quits(piece):
                continue  # it would be dropped anyway, after some work
            for event in self._translator.translate(piece):
                self.process_message(event)

    def _tell_background(self, answer: str) -> None:
        is_light = background.is_light(answer.encode())
        self._call(partial(self._application.background_is, light=bool(is_light)))

    def _quits(self, piece: Piece) -> bool:
        return any(spelling in piece.text for spelling in self._spellings_of_quit)

    @cached_property
    def _spellings_of_quit(self) -> frozenset[str]:
        return self._translator.spellings(self._application.config.keys.quit)

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.Resize | messages.InBandWindowResize):
            self._take_window_message(message)
            return
        if isinstance(message, events.MouseEvent) and self._is_outside(message):
            return
        # Textual remembers every pressed button until the mouse moves.
        del self._down_buttons[:-3]
        # Skip LinuxDriver's method, which would switch on the reports that are handled above.
        super(LinuxDriver, self).process_message(message)

    def _is_outside(self, event: events.MouseEvent) -> bool:
        """Whether the event is outside the window. A held button may be released there."""
        columns, rows = self._app.size
        is_release = isinstance(event, events.MouseUp) and bool(self._down_buttons)
        return (event.x >= columns or event.y >= rows) and not is_release

    def send_message(self, message: Message) -> None:
        was_flooded = self._waiting.is_flooded
        begins = self._waiting.put(message)
        if self._waiting.is_flooded and not was_flooded:
            self._note(TOO_MUCH)
        if begins:
            self._call(self._take)

    def _take(self) -> None:
        """Pass on some text, or the next key, after everything before it was handled completely.

        Textual passes a key from widget to widget before it runs its binding. If all keys were
        passed on at once, Backspace would take effect after the letters that follow it.
        """
        focused = self._app.focused if self._app.screen_stack else None
        is_text = focused is not None and focused.check_consume_key("a", "a")
        if taken := self._waiting.take(is_text=is_text):
            for event in taken:
                self._app.post_message(event)
            self._handed_at = time.monotonic()
            self._loop.call_later(self._LOOK_EVERY, self._follow)

    def _follow(self) -> None:
        pumps = [self._app, *self._app.screen_stack]
        if self._app.screen_stack:
            pumps += self._app.screen.walk_children()
        behind = sum(pump.message_queue_size for pump in pumps)
        waited = time.monotonic() - self._handed_at
        if not behind or (waited > self._PATIENCE and behind < self._waiting.MOST_AT_ONCE):
            self._take()
        else:
            self._loop.call_later(self._LOOK_EVERY, self._follow)

    def _note(self, sentence: str) -> None:
        self._app.notify(_(sentence), severity="warning", timeout=_NOTE_SECONDS, markup=False)

    # Stopping, as with Ctrl+Z in a shell, and continuing

    def _stop(self) -> None:
        self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _go_on(self) -> None:
        """Set up the terminal again: other programs used it meanwhile.

        A program does not notice a SIGSTOP, so the terminal may not have been given up before.
        """
        self.suspend_application_mode()
        if self._is_suspended:
            self.resume_application_mode()
        if self._writer_thread is not None:
            self._is_suspended = False
            self._application.action_repaint()

    def suspend_application_mode(self) -> None:
        """Leave the terminal to other programs for a while."""
        if self._writer_thread is not None:
            super().suspend_application_mode()
            self._is_suspended = True

    def close(self) -> None:
        """Write everything that is still waiting, and nothing afterwards."""
        super().close()
        self._writer_thread = None
        self._is_suspended = False

    def write(self, data: str) -> None:
        """Write the data, unless another program is using the terminal."""
        if self._writer_thread is not None:
            self._line.sends(data, time.monotonic())
            super().write(data)

    @property
    def most_at_once(self) -> int | None:
        """How many bytes a slow line takes at once; None if the line is not slow."""
        return self._line.most_at_once

    def seconds_until_free(self) -> float:
        """Return how long to wait with the next paint: until the line takes more."""
        if self._output.is_waiting:
            return self._LOOK_AT_OUTPUT_EVERY
        return self._line.seconds_until_free(time.monotonic())

    def start_application_mode(self) -> None:
        """Set up the terminal, at the start and after each stop."""
        is_first = not self._is_watched
        if is_first:
            self._is_watched = True
            Watchdog(
                self.fileno,
                lambda reason: self._call(self._application.end, reason),
                self._let_go,
                self._restore,
                lambda: self._call(self._report_size),
            ).start()
        asks = is_first and background.is_asked(os.environ)
        if asks:
            self._background_until = time.monotonic() + background.PATIENCE
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's has no types
        if asks:
            self.write(background.QUESTION)

    def stop_application_mode(self) -> None:
        """Restore the terminal, and the style of its text: it keeps the last one written."""
        self.write("\x1b[0m")
        super().stop_application_mode()

    def _report_size(self) -> None:
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(events.Resize(size, size))

    def disable_input(self) -> None:
        """End the reading thread, and wait for it."""
        os.write(self._wake_write, b"\0")
        super().disable_input()
        os.read(self._wake_read, 1)  # so that the next reading thread does not find it

    # The mouse

    def use_mouse(self, *, on: bool) -> None:
        """Ask the terminal to report the mouse, or to stop that."""
        if on == self._mouse:
            return
        # Textual's methods do nothing while `_mouse` is false.
        self._mouse = True
        if on:
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
        self._mouse = on

    # Leaving

    def _hung_up(self) -> None:
        self._call(self._application.end, "hang-up")

    def _call(self, act: Callable[..., None], *arguments: object) -> None:
        # The event loop is closed once the application has ended.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, *arguments)

    def _let_go(self) -> None:
        """Stop writing, so that nothing waits for a terminal that accepts no output."""
        self._output.let_go()
        with suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCOFLUSH)

    def _restore(self) -> None:
        with suppress(OSError, termios.error):
            # Opened again in non-blocking mode, so that a stuck terminal does not block us.
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
            terminal = os.open(os.ttyname(self.fileno), flags)
            if self.attrs_before is not None:
                termios.tcsetattr(terminal, termios.TCSANOW, self.attrs_before)
            os.write(terminal, _RESTORE)
