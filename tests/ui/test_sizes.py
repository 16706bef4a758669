"""Window sizes that arrive before the last one was drawn."""

import asyncio
from unittest.mock import patch

import pytest
from textual.geometry import Size
from textual.screen import Screen

from tests.ui.harness import Person
from tests.ui.scenes import SCENES
from tests.walk.events import resize

SIZES = [(48, 9), (100, 30), (50, 10), (120, 40)]
"""They alternate around the limit of 60x20."""
MOST = 30
"""At most this many layouts for these sizes."""


async def come_while_busy(person: Person, sizes: list[tuple[int, int]]) -> None:
    """Queue all sizes in the screen's message queue, with other messages between."""
    app, screen, free = person.app, person.app.screen, asyncio.Event()
    screen.call_later(free.wait)
    for size in sizes:
        resize(*size).send(app)
        for _ in range(1000):
            await asyncio.sleep(0.005)
            if app.size == size and app._resize_event is None:
                break
        screen.call_later(asyncio.sleep, 0)
    free.set()
    await person.settle()


@pytest.mark.parametrize(
    ("name", "over"),
    [
        ("sign_in", ""),
        ("register_device", ""),
        ("users", ""),
        ("users", "f1"),
        ("settings", "ctrl+p"),
        ("settings", "ctrl+q"),
    ],
)
async def test_only_the_newest_of_several_waiting_sizes_counts(name: str, over: str) -> None:
    laid_out: list[Size] = []
    original = Screen._screen_resized

    def counted(screen: Screen[None], size: Size) -> None:
        if screen.is_active:
            laid_out.append(size)
        assert len(laid_out) < MOST, laid_out[-4:]
        original(screen, size)

    async with SCENES[name].played() as (person, _):
        await person.press(*over.split())
        stack = person.app.screen_stack
        with patch.object(Screen, "_screen_resized", counted):
            await come_while_busy(person, SIZES)
        assert set(laid_out) == {SIZES[-1]}
        assert person.app.screen_stack == stack
        assert all(screen.outer_size == SIZES[-1] for screen in stack[1:])
