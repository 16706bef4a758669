"""The keys of a screen, read from the bindings that make them work."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Checkbox, Input, OptionList, RadioSet

from cwtui.language import N_
from cwtui.ui.screens.neighbours import Direction, nearest
from cwtui.ui.widgets.virtual_table import VirtualTable

_OURS: Final = "cwtui."
_PLACES: Final[tuple[tuple[type[Widget], str], ...]] = (
    (Input, N_("In a field")),
    (VirtualTable, N_("In the list")),
    (RadioSet, N_("In a choice")),
    (Checkbox, N_("On a checkbox")),
    (OptionList, N_("In the navigation panel")),
)
"""Widgets whose keys are listed, and the title of their part of the table."""
_TEXTUALS: Final = {
    "submit": N_("Go to the next field, or submit"),
    "delete_left_word": N_("Delete the word before the cursor"),
    "delete_left_all": N_("Delete everything before the cursor"),
    "next_button": N_("Next or previous"),
    "previous_button": N_("Next or previous"),
    "toggle_button": N_("Choose"),
    "select": N_("Open"),
    "cursor_up": N_("Up or down"),
    "cursor_down": N_("Up or down"),
}
"""What the actions of Textual's own widgets do. Only those that people may not guess."""


class Key(NamedTuple):
    """One line of the table: keys as Textual names them, and what they do, not translated yet."""

    names: tuple[str, ...]
    does: str


class Part(NamedTuple):
    """The keys that work in one place. Its title is not translated yet."""

    title: str
    keys: tuple[Key, ...]


def parts(
    screen: Screen[object], replaced: dict[str, str], everywhere: Iterable[Key] = ()
) -> list[Part]:
    """Return the keys of the screen, of the widgets on it, and of the whole application.

    `replaced` maps ids of bindings to the keys that the configuration gives them. `everywhere`
    holds keys of the application that are bound by Textual and not by us.
    """
    # A dialog takes all keys except those with priority.
    reached = [each for each in _bindings_of(type(screen.app)) if _is_reached(each, screen)]
    elsewhere = {f"app.{binding.action}" for binding in reached}
    here = [
        each
        for each in _bindings_of(type(screen))
        if each.action not in elsewhere and _is_possible(each, screen)
    ]
    found = [Part(N_("On this screen"), _keys(here, replaced))]
    widgets: dict[type[Widget], Widget] = {}
    for widget in screen.focus_chain:
        widgets.setdefault(type(widget), widget)
    for kind, title in _PLACES:
        bindings = [
            binding
            for widget in widgets.values()
            if isinstance(widget, kind)
            for binding in _bindings_of(type(widget))
            if widget.check_action(binding.action.partition("(")[0], ()) is not False
        ]
        bindings.sort(key=lambda binding: binding.action in _TEXTUALS)
        found.append(Part(title, _keys(bindings, replaced)))
    found.append(Part(N_("Everywhere"), (*everywhere, *_keys(reached, replaced))))
    return [part for part in found if part.keys]


def _is_reached(binding: Binding, screen: Screen[object]) -> bool:
    if screen.app.check_action(binding.action, ()) is False:
        return False
    return binding.priority or not screen.is_modal


def _is_possible(binding: Binding, screen: Screen[object]) -> bool:
    if binding.key in {Direction.LEFT, Direction.RIGHT} and not _has_row(screen):
        return False
    return screen.check_action(binding.action, ()) is not False


def _has_row(screen: Screen[object]) -> bool:
    """Whether the screen has fields or buttons beside each other."""
    places = [widget.region for widget in screen.focus_chain]
    return any(nearest(places, place, Direction.RIGHT) is not None for place in places)


def _bindings_of(kind: type) -> Iterator[Binding]:
    """Yield the bindings of the class itself first, then those that it inherits."""
    for each in kind.__mro__:
        listed: Iterable[BindingType] = each.__dict__.get("BINDINGS", ())
        bindings = [binding for binding in listed if isinstance(binding, Binding)]
        if each.__module__.startswith(_OURS):
            yield from bindings
        elif issubclass(each, Widget):
            yield from _of_textual(bindings)


def _of_textual(bindings: Sequence[Binding]) -> Iterator[Binding]:
    for action, does in _TEXTUALS.items():
        for binding in bindings:
            if binding.action == action:
                names = (name for name in binding.key.split(",") if not name.startswith("super"))
                yield Binding(",".join(names), action, does)


def _keys(bindings: Iterable[Binding], replaced: dict[str, str]) -> tuple[Key, ...]:
    """Return one line for each action. Bindings without a description are not listed."""
    lines: dict[str, list[str]] = {}
    taken: set[str] = set()
    for binding in bindings:
        names = replaced.get(binding.id or "", binding.key).split(",")
        new = [name.strip() for name in names if name.strip() not in taken]
        taken.update(new)
        if new and binding.description:
            lines.setdefault(binding.description, []).extend(new)
    return tuple(Key(tuple(names), does) for does, names in lines.items())
