"""Keys and pastes that were meant for something else than what would get them."""

from collections.abc import Container
from typing import Any

from textual import events
from textual.screen import Screen

from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.widgets.fields import TextInput


def is_typed_or_pasted(event: events.Event) -> bool:
    return isinstance(event, events.Key | events.Paste)


def is_unseen(event: events.Event, screen: Screen[Any]) -> bool:
    """Whether this key must be ignored because the window is too small to show a field.

    A letter of a password could act as a shortcut.
    """
    is_letter = isinstance(event, events.Key) and event.is_printable
    return is_letter and isinstance(screen, SteadyScreen) and not screen.has_room


def is_stray(event: events.Event, screen: Screen[Any]) -> bool:
    """Whether this is text for a field of the screen, but none of them has the focus.

    That is so where a form was clicked beside its fields. A username or a password would press
    shortcuts, and after a `q` the rest would go to the shell.
    """
    return (
        _is_text(event) and takes_stray_text(screen) and not isinstance(screen.focused, TextInput)
    )


def field_for_stray(screen: Screen[Any]) -> TextInput | None:
    """Return the field for text that was typed where none has the focus; None if all are filled."""
    return screen.entry_for_text() if isinstance(screen, AccountScreen) else None


def takes_stray_text(screen: Screen[Any]) -> bool:
    """Whether text typed where no field has the focus goes to a field of this screen."""
    return isinstance(screen, AccountScreen) and screen.takes_stray_text


def is_capital(key: str) -> bool:
    return len(key) == 1 and key.isupper()


def meant(capital: str, does_something: Container[str]) -> str:
    """Return the key that was meant: the small letter if only that does something."""
    small = capital.lower()
    is_small_meant = capital not in does_something and small in does_something
    return small if is_small_meant else capital


def _is_text(event: events.Event) -> bool:
    """Whether the event is text for a field. `?` opens the help, and a space is no beginning."""
    if isinstance(event, events.Key):
        return event.is_printable and event.character not in {"?", " "}
    return isinstance(event, events.Paste)
