"""The base class of all our screens. Keys and clicks may come faster than a screen is drawn.

Events wait in queues. By the time an event is handled, its screen may be covered or gone. So each
of our screens has a single method for pressed buttons, one for being dismissed and one for the
focus, and each of them checks whether the screen is still in front.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.reactive import Reactive
from textual.visual import VisualType
from textual.widget import Widget
from textual.widgets import Static

from cwtui.language import N_, _
from cwtui.ui.terminal.textual_screen import TextualScreen
from cwtui.ui.widgets.buttons import Button

T = TypeVar("T")

NEXT_OR_PREVIOUS: Final = N_("Next or previous field or button")
_ABOVE_OR_BELOW: Final = N_("The field or button above or below")
_ARROWS: Final = {
    "up": _ABOVE_OR_BELOW,
    "down": _ABOVE_OR_BELOW,
    "left": N_("The button beside this one"),
    "right": N_("The button beside this one"),
}
ARROWS: Final = tuple(
    Binding(key, f"focus_beside('{key}')", does, show=False) for key, does in _ARROWS.items()
)
"""Move the focus. Lists and fields use some of these keys first."""
FROM_FIELD: Final = tuple(
    Binding(key, f"leave_field('{key}')", _ABOVE_OR_BELOW, show=False, priority=True)
    for key in ("up", "down")
)
"""Move it before a field has handled the keys that came earlier, like Tab."""


class Body(VerticalScroll, inherit_bindings=False):
    """What scrolls on a screen. Up and Down belong to the screen, because they move the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]


class SteadyScreen(TextualScreen[T]):
    """The base class of all our screens."""

    HELP: ClassVar[str] = ""
    """What F1 shows, in plain text."""
    HELP_WITH: ClassVar[Mapping[str, str]] = {}
    """What F1 shows after it, where the screen has such a widget: a text for each selector. So help
    names only what somebody has."""
    MANUAL: ClassVar[str] = "account"
    """The topic of the manual for this screen."""

    @property
    def help_text(self) -> str:
        """What F1 shows here and now."""
        found = (text for selector, text in self.HELP_WITH.items() if self.query(selector))
        values = self.help_values()
        return "\n\n".join(_(text, **values) for text in (self.HELP, *found) if text)

    def help_values(self) -> Mapping[str, str]:
        """Return the values that the texts of the help name."""
        return {}

    @property
    def columns_for_help(self) -> int:
        """How many columns at the right help covers; 0: it covers what it needs."""
        return 0

    # Textual would draw the whole screen when the focus moves. The two widgets draw themselves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    _kept_focus: Widget | None = None
    """The widget that has the focus, or gets it back when there is room again."""

    # In front, below something, or gone

    is_replaced: bool = False
    """Whether it was emptied for another screen. Textual keeps the bottom screen of its stack."""

    @property
    def is_up(self) -> bool:
        """Whether the screen is shown, even if a help or a question covers it."""
        return self in self.app.screen_stack and not self.is_replaced

    @property
    def may_act(self) -> bool:
        """Whether keys and buttons work here. They do not while something covers the screen."""
        return self.is_active

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close the screen if it is in front. A second Esc must not close the screen below too."""
        if self.is_active:
            return super().dismiss(result)
        return AwaitComplete()

    def dismiss_with_all_above(self, result: T | None = None) -> None:
        """Close the screen, and any help or question that is open over it."""
        while self.is_up and not self.is_active:
            self.app.pop_screen()
        self.dismiss(result)

    # Texts

    def show_text(self, selector: str, text: VisualType) -> None:
        """Show the text in the Static that is found, if there is one.

        Timers and resizes also reach a screen before it has widgets, and while it is closed.
        """
        for static in self.query(selector).results(Static):
            if static.content != text:
                static.update(text)

    # Buttons

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if self.may_act:
            self.pressed(event.button.id or "")

    def pressed(self, button: str) -> None:
        """Handle a press of the button with that id."""

    # The focus

    @property
    def has_room(self) -> bool:
        """Whether the window has room for the widgets, so that one of them can have the focus."""
        return True

    def set_focus(
        self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False
    ) -> None:
        """Focus the widget. If there is no room to show it, focus it as soon as there is."""
        if widget is not None:
            self._kept_focus = widget
            if not self.has_room:
                # For a screen that was just opened, Textual has already set this.
                widget.has_focus = False
                return
        elif self.has_room and self.app.app_focus and _can_have_it(self.focused):
            # It was hidden when Textual wanted to remove the focus, and is visible again.
            return
        super().set_focus(widget, scroll_visible, from_app_focus)

    def action_focus_beside(self, direction: str) -> None:
        """Focus what is above, below or beside the widget that has the focus."""
        from cwtui.ui.screens.neighbours import Direction, nearest  # not needed at the start

        here = self.focused
        if here is None or not self.may_act:
            return
        others = [widget for widget in self.focus_chain if widget is not here]
        regions = [widget.region for widget in others]
        found = nearest(regions, here.region, Direction(direction))
        if found is not None:
            self.set_focus(others[found])

    def focus_again(self) -> None:
        """Focus the widget that had the focus before everything was hidden, or the first one."""
        if self.focused is not None or not (self.has_room and self.app.app_focus):
            return
        for widget in self._focus_order():
            if _can_have_it(widget):
                self.set_focus(widget)
                return

    def _focus_order(self) -> Iterator[Widget]:
        if self._kept_focus is not None:
            yield self._kept_focus
        if self.AUTO_FOCUS:
            yield from self.query(self.AUTO_FOCUS)
        # A dangerous button never has the focus unless the person moved it there.
        yield from (widget for widget in self.focus_chain if not widget.has_class("danger"))

    def on_resize(self) -> None:
        self.call_after_refresh(self.focus_again)

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.focus_again)


def _can_have_it(widget: Widget | None) -> bool:
    return widget is not None and widget.is_attached and widget.focusable
