"""Where the focus was on a page, so that it is there again when the person comes back."""

from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button

from cwtui.ui.context import FocusMark
from cwtui.ui.widgets.fields import Field
from cwtui.ui.widgets.subject_buttons import SubjectButton


def mark_of(screen: Screen[None]) -> FocusMark | None:
    """Return the mark of the widget that has the focus, unless it has no name of its own."""
    widget = screen.focused
    if widget is None or widget not in screen.focus_chain:
        return None
    selector = _selector(widget)
    if not selector:
        return None
    before = reversed(screen.focus_chain[: screen.focus_chain.index(widget)])
    return FocusMark(selector, _label(widget), tuple(filter(None, map(_selector, before))))


def marked(screen: Screen[None], mark: FocusMark) -> Widget | None:
    """Return the widget to focus now, never a dangerous one.

    If it is gone, return what took its place. If it says something else now, such as Enable instead
    of Disable, return None: the person did not ask for that.
    """
    chain = screen.focus_chain
    found = _found(screen, mark.selector)
    if found is not None and _label(found) != mark.label:
        return None
    start = chain.index(found) if found in chain else _place(screen, mark)
    before = reversed(chain[: start + 1])
    return next((widget for widget in before if not widget.has_class("danger")), None)


def _place(screen: Screen[None], mark: FocusMark) -> int:
    """Return the place in the focus chain after the nearest widget before it that is still there.

    Other widgets may have gone with it, so its own place would be too far down.
    """
    chain = screen.focus_chain
    there = (_found(screen, selector) for selector in mark.before)
    nearest = next((chain.index(widget) for widget in there if widget in chain), -1)
    return min(nearest + 1, len(chain) - 1)


def _found(screen: Screen[None], selector: str) -> Widget | None:
    return next(iter(screen.query(selector)), None)


def _selector(widget: Widget) -> str:
    if widget.id is not None:
        return f"#{widget.id}"
    field = widget.parent
    return f"#{field.id} TextInput" if isinstance(field, Field) else ""


def _label(widget: Widget) -> str:
    if isinstance(widget, SubjectButton):
        return ""  # the person may have changed the name
    return str(widget.label) if isinstance(widget, Button) else ""
