"""The footer: the keys that work here or, if there is no room for all, the most important ones.

It is one widget that draws its line itself. Textual's footer has a widget for each key, which are
made, styled and laid out after the first paint of a screen, and again whenever other keys work.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from cwtui.language import _

_LEAST_NEEDED: Final = ("help", "quit", "command_palette")
"""These come after the keys of the page, in this order. The last one is dropped first."""
_LINE: Final = "▏"
"""It stands before the command palette, at the right."""


class Key(NamedTuple):
    """A key that works here."""

    name: str
    """What a click presses."""
    printed: str
    """As it is printed on a keyboard."""
    description: str
    action: str
    """The name of what it does, without where that is defined."""

    @property
    def cells(self) -> int:
        """How many columns it takes."""
        return cell_len(self.printed) + 1 + cell_len(self.description)

    @property
    def is_palette(self) -> bool:
        """Whether it opens the command palette."""
        return self.action == _LEAST_NEEDED[-1]


class KeyBar(Widget):
    """Shows only whole entries, and drops those on the right that do not fit. A click works too."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "key-bar--key",
        "key-bar--description",
        "key-bar--line",
        "key-bar--under-mouse",
    }
    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        background: $panel;
        & > .key-bar--key { color: $footer-key-foreground; text-style: bold; }
        & > .key-bar--description { color: $footer-description-foreground; }
        & > .key-bar--line { color: $foreground 20%; }
        & > .key-bar--under-mouse { background: $block-hover-background; }
    }
    """

    _keys: Sequence[Key] | None = None
    """None until they are asked for: a screen knows them once something on it has the focus."""
    _under_mouse: Key | None = None

    def __init__(self, *, show_command_palette: bool = True) -> None:
        super().__init__()
        self._show_command_palette = show_command_palette

    @property
    def keys(self) -> Sequence[Key]:
        """The keys that are shown if the window is wide enough."""
        if self._keys is None:
            self._keys = self._working()
        return self._keys

    @property
    def shown(self) -> Sequence[Key]:
        """The keys that are shown."""
        return [key for key, _start in self._placed()]

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, screen: Screen[Any]) -> None:
        # While another window has the focus, nothing here has it.
        if self._keys is None or not (self.is_attached and screen.app.app_focus):
            return
        keys = self._working()
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _working(self) -> Sequence[Key]:
        working = {
            name: one.binding for name, one in self.screen.active_bindings.items() if one.enabled
        }
        shown: dict[str, Binding] = {}
        for one in working.values():
            if one.show:
                shown.setdefault(one.action, one)  # the first of several keys
        palette = working.get(self.app.COMMAND_PALETTE_BINDING)
        if palette is not None and self._show_command_palette:
            shown[palette.action] = palette
        return sorted(map(self._key, shown.values()), key=_need)

    def _key(self, binding: Binding) -> Key:
        action = binding.action.rpartition(".")[2]
        # Textual says palette.
        is_palette = action == _LEAST_NEEDED[-1]
        description = _("Commands") if is_palette else _(binding.description)
        return Key(binding.key, self.app.get_key_display(binding), description, action)

    def _placed(self) -> Iterator[tuple[Key, int]]:
        """Yield the keys that fit, each with the column where it starts."""
        columns, end = self.size.width, -1
        for key in self.keys:
            start, end = end + 1, end + 1 + key.cells
            if end > columns:
                return
            yield key, max(start, columns - 1 - key.cells) if key.is_palette else start

    def render(self) -> Content:
        parts: list[tuple[str, Any]] = []
        at = 0
        for key, start in self._placed():
            over = ("key-bar--under-mouse",) if key == self._under_mouse else ()
            line = _LINE if key.is_palette else ""
            parts += [
                (" " * (start - len(line) - at), ""),
                (line, self.get_visual_style(*over, "key-bar--line")),
                (key.printed, self.get_visual_style(*over, "key-bar--key")),
                (f" {key.description}", self.get_visual_style(*over, "key-bar--description")),
            ]
            at = start + key.cells
        return Content.assemble(*parts)

    # The mouse

    def _key_at(self, x: int) -> Key | None:
        for key, start in self._placed():
            if start - key.is_palette <= x < start + key.cells:
                return key
        return None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        key = self._key_at(event.x)
        if key is not None:
            self.app.simulate_key(key.name)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._mouse_is_on(self._key_at(event.x))

    def on_leave(self) -> None:
        self._mouse_is_on(None)

    def _mouse_is_on(self, key: Key | None) -> None:
        if key != self._under_mouse:
            self._under_mouse = key
            self.styles.pointer = "default" if key is None else "pointer"
            self.refresh()


def _need(key: Key) -> int:
    return _LEAST_NEEDED.index(key.action) + 1 if key.action in _LEAST_NEEDED else 0
