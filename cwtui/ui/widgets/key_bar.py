"""The footer: the keys that work here, and where there is no room, the most needed of them."""

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_LEAST_NEEDED: Final = ("help", "quit", "command_palette")
"""After the keys of the page, in this order: the last of them is the first to go."""


class KeyBar(Footer):
    """Shows whole entries only, and drops them from the right."""

    def __init__(self, *, show_command_palette: bool = True) -> None:
        super().__init__(compact=True, show_command_palette=show_command_palette)

    def compose(self) -> ComposeResult:
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        keys.sort(key=_need)
        _show_what_fits(keys, self.app.size.width)
        yield from keys

    def on_resize(self, event: events.Resize) -> None:
        _show_what_fits(list(self.query_children(FooterKey)), event.size.width)


def _need(key: FooterKey) -> int:
    action = key.action.rpartition(".")[2]
    return _LEAST_NEEDED.index(action) + 1 if action in _LEAST_NEEDED else 0


def _show_what_fits(keys: list[FooterKey], columns: int) -> None:
    for key, end in zip(keys, _ends(keys), strict=True):
        if key.display != (end <= columns):
            key.display = end <= columns


def _ends(keys: list[FooterKey]) -> Iterator[int]:
    """The column after each of them; between two stands a space, or the palette's line."""
    end = 0
    for number, key in enumerate(keys):
        words = filter(None, (key.key_display, key.description))
        end += (number > 0) + cell_len(" ".join(words))
        yield end
