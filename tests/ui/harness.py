"""Drives the application like a person: keys, pastes and clicks in, rows of text out."""

import asyncio
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast
from unittest.mock import patch

import pyotp
from textual import events
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from cwtui import language
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.config import Config
from cwtui.ui import theme
from cwtui.ui.app import AccountApp
from cwtui.ui.clipboard import CopyWay
from cwtui.ui.screens.entry.sign_in import SignInScreen
from tests.accounts.world import HERE, PASSWORD, Clock
from tests.ui.reader import Reader
from tests.ui.speed import drawn_when_looked_at, updated_when_asked

HOST: Final = "plant-7"
CONFIG: Final = Config()
SMALL: Final = (80, 24)
PATIENCE: Final = 20.0
"""Seconds to wait before giving up."""


def key_event(key: str) -> events.Key:
    """A key press as Textual's drivers create it."""
    if len(key) == 1 and not key.isalnum():
        return events.Key(_character_to_key(key), key)
    name = REPLACED_KEYS.get(key, key)
    try:
        character: str | None = unicodedata.lookup(_get_unicode_name_from_key(name))
    except KeyError:
        character = key if len(key) == 1 else None
    return events.Key(key, character)


@dataclass
class Person(Reader):
    """A person using the application. Each method returns when all its effects are complete."""

    pilot: Pilot[int]
    clipboard: list[str]
    """What was sent to the terminal's clipboard."""
    stopwatch: Clock
    """The application's idle clock, moved only by hand."""

    # Actions

    async def press(self, *keys: str) -> None:
        """Press keys one by one, waiting for the effects of each."""
        for key in keys:
            self.send(key)
            await self.settle()

    async def write(self, text: str) -> None:
        """Type all the text at once, whatever the application is doing."""
        self.send(*text)
        await self.settle()

    def send(self, *keys: str) -> None:
        """Send the keys at once, without waiting."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            driver.send_message(key_event(key))

    async def paste(self, text: str) -> None:
        driver = self.app._driver
        assert driver is not None
        driver.send_message(events.Paste(text))
        await self.settle()

    async def fill(self, field: str, text: str) -> None:
        """Go to the field and replace what is in it."""
        self.field(field).entry.focus()
        await self.settle()
        self.field(field).entry.value = ""
        await self.write(text)

    async def click(self, label: str) -> None:
        """Click on the first occurrence of the words, or their translation, on the screen."""
        for words in (label, language._(label)):
            for y, row in enumerate(self.rows):
                if words in row:
                    await self._click_at(row.index(words) + len(words) // 2, y)
                    return
        raise AssertionError(f"{label!r} is nowhere on the screen:\n{self.text}")

    async def click_button(self, label: str) -> None:
        """Click on the button with this label."""
        button = self.button(label)
        x, y = button.region.offset
        await self._click_at(x + button.region.width // 2, y + button.region.height // 2)

    async def click_row(
        self, label: str, *, x: int, shift: bool = False, ctrl: bool = False
    ) -> None:
        """Click in this column of the first row with these words."""
        (y, *_) = [y for y, row in enumerate(self.rows) if label in row]
        await self._click_at(x, y, shift=shift, ctrl=ctrl)

    async def point_at(self, x: int, y: int) -> None:
        """Move the mouse there."""
        self._send_mouse(events.MouseMove, x, y)
        await self.settle()

    async def _click_at(self, x: int, y: int, *, shift: bool = False, ctrl: bool = False) -> None:
        for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
            self._send_mouse(kind, x, y, shift=shift, ctrl=ctrl)
        await self.settle()

    def _send_mouse(
        self,
        kind: type[events.MouseEvent],
        x: int,
        y: int,
        *,
        shift: bool = False,
        ctrl: bool = False,
    ) -> None:
        driver = self.app._driver
        assert driver is not None
        button = 0 if kind is events.MouseMove else 1
        event = kind(None, x, y, 0, 0, button, shift, meta=False, ctrl=ctrl, screen_x=x, screen_y=y)
        driver.send_message(event)

    async def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Fill in the login screen in one go."""
        entry = self.field("username").entry
        entry.value = ""
        entry.focus()
        await self.settle()
        self.send(*username, "tab", *password, "enter")
        await self.settle()

    async def enter_code(self, code: str) -> None:
        await self.fill("code", code)

    async def resize(self, columns: int, rows: int) -> None:
        await self.pilot.resize_terminal(columns, rows)
        await self.settle()

    async def settle(self) -> None:
        """Wait until all messages are handled and drawn, and no worker or call is running."""
        with updated_when_asked():
            await self._settle()

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + PATIENCE
        before: object = None
        while self.running:
            assert loop.time() < give_up_at, f"It does not settle:\n{self.text}"
            await _let_others_run(loop)
            if self.app._resize_timer is not None:
                # Textual waits a while for further sizes; none will come here.
                self.app._check_resize()
            for screen in self.app.screen_stack:
                # Screens below show through a dialog, and finish what they began.
                screen._on_timer_update()
            # Textual scrolls to the focus at its next sixtieth of a second.
            self.app.animator()
            open_workers = [worker for worker in self.app.workers if not worker.is_finished]
            if open_workers:
                waits = [asyncio.ensure_future(worker.wait()) for worker in open_workers]
                await asyncio.gather(*waits, return_exceptions=True)
            await _let_others_run(loop)
            now = self._at_rest()
            if now is not None and now == before:
                return
            before = now

    def _at_rest(self) -> object:
        """The widgets on the screen if nothing is about to change, else None."""
        if not self.running:
            return None
        screen = self.app.screen
        stack = self.app.screen_stack
        widgets = [self.app, *(w for one in stack for w in one.walk_children(with_self=True))]
        waiting = (
            self.is_busy
            or any(not worker.is_finished for worker in self.app.workers)
            or self.app._resize_event is not None
            or self.app.animator._animations
            or any(not pump.is_running for pump in widgets)
            or any(pump.message_queue_size or pump._next_callbacks for pump in widgets)
            or screen._layout_required
            or screen._scroll_required
            or screen._repaint_required
            or screen._dirty_widgets
            or any(one._callbacks for one in stack)
        )
        return None if waiting else (*map(id, widgets), id(screen.focused))

    async def look_up(self) -> None:
        """Let it draw the current state while something is still running."""
        for _ in range(4):
            await _let_others_run(asyncio.get_running_loop())
            self.app.screen._on_timer_update()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the effect of a timer."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + PATIENCE
        while not condition():
            assert loop.time() < give_up_at, f"It did not happen:\n{self.text}"
            await asyncio.sleep(0.005)
            await self.settle()


async def _let_others_run(loop: asyncio.AbstractEventLoop) -> None:
    """Yield until every task is waiting."""
    await asyncio.sleep(0)
    while cast("asyncio.BaseEventLoop", loop)._ready:  # type: ignore[attr-defined]  # asyncio's own  # noqa: ASYNC110  no event to wait for
        await asyncio.sleep(0)


@asynccontextmanager
async def at_work(
    ports: Ports,
    clock: Clock,
    *,
    size: tuple[int, int] = SMALL,
    theme_name: str = theme.DARK.name,
    config: Config = CONFIG,
    in_session: bool = False,
) -> AsyncIterator[Person]:
    """The application with these ports, on a terminal of this size.

    `in_session`: the test begins a session at once. Then the login screen below it is empty from
    the start, as it would be then; to fill, draw and empty it takes as long as to open a page.
    """
    app = AccountApp(config, replace(ports, now=clock), clock)
    app.context.host, app.context.source = HOST, HERE
    app.context.copy_way = CopyWay.TERMINAL
    home = tempfile.TemporaryDirectory()
    app.context.home = Path(home.name)
    if theme_name:
        # As if it suited the terminal in which the tests run.
        app.theme = app.context.own_theme = theme_name
    app.NOTIFICATION_TIMEOUT = 3600  # type: ignore[misc]  # for this application only
    app.animation_level = "none"
    clipboard: list[str] = []
    send = app.copy_to_clipboard

    def copy(text: str) -> None:
        clipboard.append(text)
        send(text)

    app.copy_to_clipboard = copy  # type: ignore[method-assign]  # what a terminal would get
    # Without an own time, a toast stays as long as set above, however slow the machine is.
    toasts_stay = patch.dict("cwtui.ui.terminal.textual_app._TOAST_SECONDS", clear=True)
    with home, drawn_when_looked_at(), toasts_stay, ExitStack() as at_first:
        if in_session:
            at_first.enter_context(patch.object(SignInScreen, "compose", lambda _: ()))
        async with app.run_test(size=size, notifications=True) as pilot:
            stopwatch = app.context.after_code.now = Clock()
            for idle in app.absence.timers:
                idle._now = stopwatch
                idle.touch()
            person = Person(app, pilot, clipboard, stopwatch)
            await person.settle()
            at_first.close()
            yield person


def code_at(secret: Secret, at: float) -> str:
    """The one-time code that an app shows at this time."""
    return pyotp.TOTP(secret.reveal()).at(int(at))
