"""How the driver handles input that comes too fast or never ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual import events
from textual.geometry import Size
from textual.message import Message

from cwtui.config import Config, KeysConfig
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.quitting import QuitScreen
from cwtui.ui.screens.pages.settings import SettingsPage
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.terminal.driver import TOO_MUCH, TerminalDriver
from cwtui.ui.terminal.input import Kind, Piece
from cwtui.ui.terminal.translator import Translator
from cwtui.ui.terminal.waiting import Waiting
from cwtui.ui.widgets.fields import TextInput
from tests.ui.harness import Person
from tests.ui.scenes import SCENES


class Application(SimpleNamespace):
    """The parts of the application that the driver uses while no input is taken."""

    def __init__(self, quit_key: str) -> None:
        super().__init__(config=Config(keys=KeysConfig(quit_key)), size=Size(80, 24))
        self.notes: list[str] = []

    def notify(self, sentence: str, **_options: object) -> None:
        self.notes.append(sentence)


@asynccontextmanager
async def keyboard(scene: str) -> AsyncIterator[tuple[Person, Callable[[str], Awaitable[None]]]]:
    """The scene, and a way to type letters as a terminal sends them: all at once."""
    async with SCENES[scene].played() as (person, _):
        driver = TerminalDriver(person.app, size=(80, 24))

        async def write(text: str) -> None:
            driver._handle([Piece(Kind.TEXT, text)])
            await person.until(lambda: not driver._waiting._is_taken)
            await person.settle()

        try:
            yield person, write
        finally:
            os.close(driver._wake_read)
            os.close(driver._wake_write)


@pytest.fixture
async def driver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TerminalDriver]:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    driver = TerminalDriver(cast("Any", Application("f10")), size=(80, 24))
    monkeypatch.setattr(asyncio.get_running_loop(), "call_soon_threadsafe", lambda *_: None)
    yield driver
    os.close(driver._wake_read)
    os.close(driver._wake_write)


def flooded(driver: TerminalDriver) -> None:
    driver._handle([Piece(Kind.SEQUENCE, "\x1bOP")] * (Waiting.MOST_OTHERS + 1))
    assert driver._waiting.is_flooded


async def test_letters_typed_after_a_key_go_to_the_screen_that_it_opened() -> None:
    async with keyboard("settings") as (person, write):
        await write("query")
        person.screen(QuitScreen)
        assert not person.app.is_exiting, "Y belongs to the word."
        await person.press("escape")
        await write("?q?")
        person.screen(HelpScreen)
        await write("?ab")
        person.screen(SettingsPage)
    async with keyboard("users") as (person, write):
        await write("/ali")
        assert person.screen(UsersPage).query_one(TextInput).value == "ali"


async def test_input_in_a_flood_is_not_processed(
    driver: TerminalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    flooded(driver)
    looked: list[Piece] = []
    translate = Translator.translate

    def counted(self: Translator, piece: Piece) -> list[Message]:
        looked.append(piece)
        return translate(self, piece)

    monkeypatch.setattr(Translator, "translate", counted)
    driver._handle([Piece(Kind.TEXT, "abc"), Piece(Kind.SEQUENCE, "\x1bOP")] * 1000)
    assert looked == []
    assert cast("Application", driver._app).notes == [TOO_MUCH]


async def test_the_quit_key_works_during_a_flood(driver: TerminalDriver) -> None:
    """Even if it is not Ctrl+Q."""
    flooded(driver)
    driver._handle([Piece(Kind.TEXT, "abc\x11"), Piece(Kind.SEQUENCE, "\x1b[21~")])
    (taken,) = driver._waiting.take(is_text=True)
    assert isinstance(taken, events.Key)
    assert taken.key == "f10"


async def test_unreleased_mouse_buttons_are_limited(driver: TerminalDriver) -> None:
    for number in range(1000):
        driver._handle([Piece(Kind.SEQUENCE, f"\x1b[<{number % 3};{number % 80 + 1};1M")])
        assert len(driver._down_buttons) <= 4


async def test_the_mouse_is_switched_off_and_on(
    driver: TerminalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mode that starting switches on is switched off, and the other way round."""
    written: list[str] = []
    monkeypatch.setattr(driver, "write", written.append)
    monkeypatch.setattr(driver, "flush", lambda: None)
    driver._enable_mouse_support()
    modes = [sequence.removesuffix("h") for sequence in written]
    assert "\x1b[?1003" in modes
    for on, end in ((True, ""), (False, "l"), (False, ""), (True, "h"), (False, "l")):
        written.clear()
        driver.use_mouse(on=on)
        assert written == [f"{mode}{end}" for mode in modes if end]
    driver._enable_mouse_support()
    assert written == [f"{mode}l" for mode in modes], "Continuing after a stop leaves it off."
