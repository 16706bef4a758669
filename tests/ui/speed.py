"""Spares tests what they do not look at. Each saving leaves what a person sees as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import RenderableType
from textual._compositor import Compositor
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Button

from tests.ui import quick_layout, quick_messages, quick_styles
from tests.ui.replacing import replace_in


def _press_buttons_for_no_time() -> None:
    """Skip the 0.2 s in which a button looks pressed and ignores a second click."""

    def nothing(self: Button) -> None:
        del self

    replace_in(Button, "_start_active_affect", nothing)


_render_update: Final = Compositor.render_update
_draws_updates = False


def _render_when_looked_at(
    self: Compositor,
    full: bool = False,
    screen_stack: list[Screen[Any]] | None = None,
    simplify: bool = False,
) -> RenderableType | None:
    """Updates reach no terminal, and cost a third of the time. `rows` draws the whole screen."""
    if full or _draws_updates:
        return _render_update(self, full, screen_stack, simplify)
    self._dirty_regions.clear()
    return None


@contextmanager
def drawn_when_looked_at() -> Iterator[None]:
    replace_in(Compositor, "render_update", _render_when_looked_at)
    try:
        yield
    finally:
        replace_in(Compositor, "render_update", _render_update)


@contextmanager
def drawn_as_in_a_terminal(*, really: bool = True) -> Iterator[None]:
    """Each update is rendered, as in an application that has a terminal; not `really`: none is."""
    global _draws_updates  # noqa: PLW0603  for one application at a time
    before, _draws_updates = _draws_updates, really
    try:
        yield
    finally:
        _draws_updates = before


_resume: Final = Timer.resume
_waiting: set[Timer] | None = None
"""Timers whose screens would have been updated by now."""


@contextmanager
def updated_when_asked() -> Iterator[None]:
    """Screens are updated when the block asks for it, and after it, but by no timer in between.

    A timer updates them after a sixtieth of a second, so between any two messages: often for a
    layout that the next message changes. Where each update is rendered, timers go on as they are.
    """
    global _waiting
    if _draws_updates:
        yield
        return
    before, _waiting = _waiting, set()
    try:
        yield
    finally:
        late, _waiting = _waiting, before
        for timer in late:
            timer.resume()


def _resume_when_asked(self: Timer) -> None:
    if _waiting is not None and self.name == "screen_update":
        _waiting.add(self)
    else:
        _resume(self)


Timer.resume = _resume_when_asked  # type: ignore[method-assign]  # only for tests
quick_layout.begin()
quick_messages.begin()
quick_styles.begin()
_press_buttons_for_no_time()
