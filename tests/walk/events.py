"""Random terminal events: keys, clicks, the wheel, pastes and sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from textual import events
from textual.app import App
from textual.geometry import Size

from tests.ui.harness import key_event

SIZES: Final = ((1, 1), (80, 19), (80, 24), (200, 60))
"""The terminal sizes at which walks start."""
ODD_SIZES: Final = (*SIZES, (80, 24), (0, 0), (59, 20), (60, 20), (60, 19), (2, 40), (300, 3))

_OFTEN: Final = ("enter", "tab", "escape", "down", "up", "pageup", "pagedown", "space")
_SELDOM: Final = (
    *("left", "right", "home", "end", "shift+tab", "backspace", "delete", "insert"),
    *(f"f{number}" for number in range(1, 13)),
    *(f"ctrl+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    *("shift+up", "shift+down", "ctrl+home", "ctrl+end", "ctrl+left", "shift+end", "shift+home"),
    *("ctrl+p", "f1", "f2", "f3", "f4", "f5"),
)
_PRINTABLE: Final = [*"abkjnrxyz019/?:.-_ @", "ä", "日", "'", '"', "[", "\\"]
_PASTES: Final = (
    "hello",
    "123456",
    "origin:ldap",
    "two\nlines",
    "\x1b[31mred",
    "x" * 5000,
    "",
    "\u202eabc",
    "[bold]",
    "日本語" * 30,
)


@dataclass(frozen=True)
class Step:
    """One event, and its name in a report."""

    name: str
    send: Callable[[App[int]], None]


def key(name: str) -> Step:
    return Step(name, lambda app: _send(app, key_event(name)))


def text(typed: str) -> list[Step]:
    return [key(character) for character in typed]


def paste(pasted: str) -> Step:
    return Step(f"paste({pasted[:20]!r})", lambda app: _send(app, events.Paste(pasted)))


def resize(columns: int, rows: int) -> Step:
    def send(app: App[int]) -> None:
        size = Size(columns, rows)
        assert app._driver is not None
        app._driver._size = size
        _send(app, events.Resize(size, size))

    return Step(f"resize({columns}, {rows})", send)


def mouse(x: int, y: int, *kinds: type[events.MouseEvent], button: int = 1) -> Step:
    def send(app: App[int]) -> None:
        for kind in kinds:
            pressed = 0 if kind is events.MouseMove else button
            _send(
                app,
                kind(
                    widget=None,
                    x=x,
                    y=y,
                    delta_x=0,
                    delta_y=0,
                    button=pressed,
                    shift=False,
                    meta=False,
                    ctrl=False,
                    screen_x=x,
                    screen_y=y,
                ),
            )

    return Step(f"mouse({x}, {y}, {', '.join(kind.__name__ for kind in kinds)})", send)


def click(x: int, y: int, button: int = 1) -> Step:
    return mouse(x, y, events.MouseMove, events.MouseDown, events.MouseUp, button=button)


def random_step(random: Random, app: App[int]) -> Step:
    """Any kind of event."""
    width, height = app.size
    x, y = random.randint(0, max(0, width)), random.randint(0, max(0, height))
    kinds: dict[Callable[[], Step], int] = {
        lambda: key(random.choice(_OFTEN)): 40,
        lambda: key(random.choice(_SELDOM)): 14,
        lambda: key(random.choice(_PRINTABLE)): 8,
        lambda: _click_on_one(random, app) or click(x, y): 14,
        lambda: click(x, y, random.choice((1, 1, 1, 2, 3))): 6,
        lambda: mouse(x, y, random.choice(_WHEEL)): 6,
        lambda: mouse(x, y, random.choice(_BUTTON)): 1,
        lambda: paste(random.choice(_PASTES)): 2,
        lambda: resize(*random.choice(ODD_SIZES)): 6,
        lambda: _window(random.choice(_WINDOW)): 1,
    }
    return random.choices(list(kinds), list(kinds.values()))[0]()


_WHEEL: Final = (events.MouseScrollUp, events.MouseScrollDown)
_BUTTON: Final = (events.MouseDown, events.MouseUp, events.MouseMove)
_WINDOW: Final[Sequence[type[events.Event]]] = (events.AppBlur, events.AppFocus)


def _window(kind: type[events.Event]) -> Step:
    return Step(kind.__name__, lambda app: _send(app, kind()))


def _click_on_one(random: Random, app: App[int]) -> Step | None:
    widgets = [widget for widget in app.screen.focus_chain if widget.region.area]
    if not widgets:
        return None
    region = random.choice(widgets).region
    x, y = random.randrange(region.x, region.right), random.randrange(region.y, region.bottom)
    return click(x, y)


def _send(app: App[int], event: events.Event) -> None:
    if app._driver is not None:
        app._driver.send_message(event)
