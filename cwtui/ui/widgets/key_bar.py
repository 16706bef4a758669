"""The footer: the keys that work here or, if there is no room for all, the most important ones."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol, cast

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from cwtui.language import _

_LEAST_NEEDED: Final = ("help", "quit", "command_palette")
"""These come after the keys of the page, in this order. The last one is dropped first."""


class Entry(Protocol):
    """What Textual's footer shows for a binding."""

    key_display: str
    description: str
    action: str


class KeyBar(Footer):
    """Shows only whole entries, and drops those on the right that do not fit."""

    _composed: object = None
    """The bindings that are shown."""

    def __init__(self, *, show_command_palette: bool = True) -> None:
        super().__init__(compact=True, show_command_palette=show_command_palette)

    async def recompose(self) -> None:
        # Textual asks for this at each move of the focus, which seldom changes what is shown.
        if self.is_attached and self._composed != _shown(self.screen):
            await super().recompose()

    def compose(self) -> ComposeResult:
        keys = sorted(super().compose(), key=_need)
        if keys:  # there are none until the screen knows its bindings
            self._composed = _shown(self.screen)
        for key in keys:
            # Textual adds this class later, and then computes the styles of each key again.
            key.add_class("-compact", update=False)
            # Textual says palette.
            _entry(key).description = (
                _("Commands") if _is_palette(key) else _(_entry(key).description)
            )
        _show_what_fits(keys, self.app.size.width)
        yield from keys

    def on_resize(self, event: events.Resize) -> None:
        _show_what_fits(self.children, event.size.width)


def _shown(screen: Screen[Any]) -> list[tuple[Binding, bool, str]]:
    return [
        (one.binding, one.enabled, one.tooltip)
        for key, one in screen.active_bindings.items()
        if one.binding.show or key == screen.app.COMMAND_PALETTE_BINDING
    ]


def _entry(key: Widget) -> Entry:
    # Textual does not export the class, so only its public attributes are used.
    return cast("Entry", key)


def _is_palette(key: Widget) -> bool:
    return _entry(key).action.rpartition(".")[2] == "command_palette"


def _need(key: Widget) -> int:
    action = _entry(key).action.rpartition(".")[2]
    return _LEAST_NEEDED.index(action) + 1 if action in _LEAST_NEEDED else 0


def _show_what_fits(keys: Iterable[Widget], columns: int) -> None:
    keys = list(keys)
    for key, end in zip(keys, _ends(map(_entry, keys)), strict=True):
        if key.display != (end <= columns):
            key.display = end <= columns


def _ends(entries: Iterable[Entry]) -> Iterator[int]:
    """Yield the column where each entry ends. Between two is a space, or the palette's line."""
    end = 0
    for number, entry in enumerate(entries):
        words = filter(None, (entry.key_display, entry.description))
        end += (number > 0) + cell_len(" ".join(words))
        yield end
