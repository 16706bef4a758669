"""Textual's App, with changes for which it has no public API.

Each use of its private API here says why. tests/ui/test_private_api.py fails when a new version of
Textual changes one of them.
"""

import asyncio
import os
import sys
from collections.abc import Generator, Iterable
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, RenderableType
from rich.text import Text
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.dom import DOMNode
from textual.geometry import Size
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen
from textual.widget import AwaitMount
from textual.widgets._toast import ToastRack

from cwtui.host import crash
from cwtui.ui.painted import Painted
from cwtui.ui.spelling.abilities import abilities
from cwtui.ui.terminal.driver import TerminalDriver

T = TypeVar("T")

CANNOT_CHECK = 3
"""The exit status after a crash or an upgrade, or if the store cannot be opened."""
_TOAST_SECONDS: Final = {"information": 3.0, "warning": 8.0}
"""A confirmation only repeats what the screen shows; a warning is told nowhere else."""


class _Mounted(AwaitMount):
    """Waits until a new screen is mounted."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__(screen, [screen])
        self._screen = screen

    def __await__(self) -> Generator[None, None, None]:
        mounted: asyncio.Event = self._screen._mounted_event  # noqa: SLF001  nothing else tells
        yield from mounted.wait().__await__()


@runtime_checkable
class HasCursor(Protocol):
    """A widget with a row that the person is on: `cursor_y`, counted from its first one."""

    @property
    def cursor_y(self) -> int: ...


class TextualApp(App[int]):
    """Writes nothing twice, and crashes without showing any data."""

    def __init__(self, *, ansi_color: bool | None) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=ansi_color)
        self._can = abilities(os.environ)
        self._painted = Painted(self._can)
        self._waits_for_line = False
        self._pointer_shape = "default"

    @property
    def is_exiting(self) -> bool:
        """Whether `exit` was called. Textual has no public way to find out."""
        return self._exit

    # Style sheets

    def _load_screen_css(self, screen: Screen[object]) -> None:
        # Private: Textual would parse all style sheets again for each screen with new ones.
        new = [path for path in screen.css_path if not self.stylesheet.has_source(str(path))]
        if new:
            self.stylesheet.read_all(new)
            self.stylesheet.parse()
            self.stylesheet.update(screen)

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:
        # A new widget gets its styles when it is mounted. Textual would compute them for each class
        # that it is made with.
        if node is self or node.parent is not None:
            super().update_styles(node, animate)

    # New screens

    def _get_screen(self, screen: Screen[T] | str) -> tuple[Screen[T], AwaitMount]:
        # Private: Textual would lay out a new screen twice: when it is shown, and when it is
        # mounted.
        found = self.get_screen(screen)
        if found.is_running:
            return super()._get_screen(found)
        self._register(self, found)
        mounted = _Mounted(found)
        self.call_next(mounted)
        return found, mounted

    # What is written to the terminal

    @property
    def _background_screens(self) -> list[Screen[object]]:
        # Private: Textual counts the screen below a page as visible, even if the page covers it.
        # It would draw the whole page again after each message to the screen below.
        is_covered = bool(self.screen_stack) and self.screen.styles.background.a == 1
        return [] if is_covered else super()._background_screens

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        # Private: all updates of the screen pass through this method.
        # While Textual is not running, or a batch is open, the terminal does not get the update.
        if isinstance(renderable, CompositorUpdate):
            if self._running and not self._batch_count:
                self._painted.take(renderable, self.size)
                self._write_changes()
            self.post_display_hook()
            return
        if renderable is not None:
            self._forget_what_is_painted()  # what it writes is not known
        super()._display(screen, renderable)

    def _write_changes(self) -> None:
        """Write what has changed: all of it, or on a slow line as much as it takes at once.

        While the line is busy, nothing is written that might be outdated when it arrives.
        """
        # Private: there is no public way to the driver. In tests, it is another one.
        driver = self._driver
        if not isinstance(driver, TerminalDriver) or self._waits_for_line or self._painted.is_done:
            return
        wait = driver.seconds_until_free()
        if wait <= 0:
            driver.write(self._changes(driver.most_at_once))
            wait = driver.seconds_until_free()
        if not self._painted.is_done:
            self._waits_for_line = True
            asyncio.get_running_loop().call_later(wait, self._line_is_free)

    def _line_is_free(self) -> None:
        self._waits_for_line = False
        if self._running and self.screen_stack:
            self._write_changes()

    def _changes(self, most: int | None) -> str:
        """Return what changes the screen, at most about that many bytes, and moves the cursor."""
        system = COLOR_SYSTEMS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
        text = self._painted.written(system, most, self.first_rows)
        if self._painted.is_done:
            text += self._painted.cursor(*self.screen.outer_size.clamp_offset(self.cursor_position))
        # Private: whether the terminal can wait with showing it until it is complete.
        is_whole = self._sync_available and most is None
        return f"{SYNC_START}{text}{SYNC_END}" if is_whole else text

    @property
    def first_rows(self) -> list[int]:
        """The rows of the screen that are written first: where the person is."""
        focused = self.screen.focused
        if focused is None:
            return []
        top, rows = focused.region.y, range(focused.region.y, focused.region.bottom)
        return [top + focused.cursor_y, *rows] if isinstance(focused, HasCursor) else [*rows]

    def _forget_what_is_painted(self) -> None:
        self._painted = Painted(self._can)

    def _set_pointer_shape(self, shape: str) -> None:
        # Private: Textual would write it with each new screen.
        if shape != self._pointer_shape:
            self._pointer_shape = shape
            super()._set_pointer_shape(shape)

    def repaint_if_cut_off(self, size: Size) -> None:
        """Repaint if the terminal has cut something off, even if it has its old size again."""
        self._forget_what_is_painted()
        if self.screen_stack and self.screen.outer_size == size:
            self.screen.refresh()

    def action_repaint(self) -> None:
        """Write the whole screen again, after something else, such as the kernel, wrote over it."""
        self._forget_what_is_painted()
        self.screen.refresh()

    def write_to_terminal(self, sequence: str) -> None:
        """Write a control sequence that does not change the screen."""
        # Private: Textual has no public way to write one.
        if self._driver is not None:
            self._driver.write(sequence)

    def use_mouse(self, *, on: bool) -> None:
        """React to the mouse, or leave it to the terminal, which then selects text with it."""
        # Private: there is no public way to the driver. In tests, it is another one.
        if isinstance(self._driver, TerminalDriver):
            self._driver.use_mouse(on=on)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast: briefly if it confirms something, longer if it warns."""
        seconds = _TOAST_SECONDS.get(severity) if timeout is None else timeout
        super().notify(message, title=title, severity=severity, timeout=seconds, markup=markup)

    def on_notify(self, event: Notify) -> None:
        """Show one toast at a time, and the same one not again: more would cover the screen."""
        sentence = event.notification.message
        # Private: no public API lists the visible toasts.
        if any(shown.message == sentence for shown in self._notifications):
            event.prevent_default()
        else:
            self.clear_notifications()

    def _refresh_notifications(self) -> None:
        # Private: Textual would hide the place for toasts again on each screen where it is hidden,
        # and lay out the screen again for that.
        racks = self.screen.query(ToastRack) if self.screen_stack else ()
        if self._notifications or any(rack.display for rack in racks):
            super()._refresh_notifications()

    # Crashing

    def fail(self, error: Exception) -> None:
        """Stop because of this exception."""
        # Private: Textual itself calls this with exceptions that handlers raise.
        super()._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        self.fail(error)

    def _fatal_error(self) -> None:
        # Private: Textual would print a traceback with the values of variables, including
        # passwords.
        self.panic()

    def panic(self, *renderables: RenderableType) -> None:
        """Stop and show our own page. Textual's tracebacks contain the exception's message."""
        self.bell()
        # Private: `exit` would set it too, but would also write a half-finished paint.
        self._return_code = CANNOT_CHECK
        # Private: these are printed once the terminal is restored. One page is enough, about the
        # first failure.
        if not self._exit_renderables:
            places = crash.places(self._exception or sys.exception()) or _places(renderables)
            self._exit_renderables.append(Text(crash.page(places)))
        self._close_messages_no_wait()


def _places(renderables: Iterable[RenderableType]) -> list[str]:
    # Textual's reading thread passes its exception on as a traceback of rich.
    from rich.traceback import Traceback

    traces = [each.trace for each in renderables if isinstance(each, Traceback)]
    return [
        line
        for trace in traces
        for stack in trace.stacks
        for line in (stack.exc_type, *map(crash.place, stack.frames))
    ]
