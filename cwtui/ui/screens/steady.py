"""What keeps a screen whole when keys and clicks come faster than it is drawn.

Events wait in queues. When one is handled, the screen that it was meant for may be covered, or
gone. So each screen of ours has one way to be pressed, one to be dismissed and one to be focused,
and each of them looks whether the screen is still the one in front.
"""

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import Screen
from textual.widget import Widget

from cwtui.ui.widgets.buttons import Button

T = TypeVar("T")


class NewestSize(Screen[T]):
    """A screen that is laid out for the newest size of the window alone."""

    async def on_event(self, event: events.Event) -> None:
        # Textual's screen posts each size that it was laid out for to itself again. Two sizes that
        # wait would bring each other back for ever, and nothing else would have a turn.
        if isinstance(event, events.Resize) and event.size != self.app.size:
            return
        await super().on_event(event)


class SteadyScreen(NewestSize[T]):
    """The parent of all screens of ours."""

    HELP: ClassVar[str] = ""
    """What F1 says here, in plain text."""
    MANUAL: ClassVar[str] = "account"
    """The topic of the manual that belongs to it."""

    _kept_focus: Widget | None = None
    """What has the focus, or gets it back when there is room again."""

    # In front, below something, or gone

    @property
    def is_up(self) -> bool:
        """Whether it is shown, if only below a help or a question."""
        # The bottom of the stack is empty once something is over it.
        stack = self.app.screen_stack
        return self in (stack[1:] or stack)

    @property
    def may_act(self) -> bool:
        """Whether what is pressed here is done: not when something covers the screen."""
        return self.is_active

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Go, if it is in front: the second of two Esc must not take the screen below."""
        if self.is_active:
            return super().dismiss(result)
        return AwaitComplete()

    def dismiss_with_all_above(self, result: T | None = None) -> None:
        """Go, with the help or question that may be open over it."""
        while self.is_up and not self.is_active:
            self.app.pop_screen()
        self.dismiss(result)

    # Buttons

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if self.may_act:
            self.pressed(event.button.id or "")

    def pressed(self, button: str) -> None:
        """The button of that id was pressed."""

    # The focus

    @property
    def has_room(self) -> bool:
        """Whether its widgets are shown, so that one of them can have the focus."""
        return True

    def set_focus(
        self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False
    ) -> None:
        """Focus what can be seen; what cannot gets the focus when there is room for it."""
        if widget is not None:
            self._kept_focus = widget
            if not self.has_room:
                # Textual says so before it asks, for a screen that was just opened.
                widget.has_focus = False
                return
        elif self.has_room and self.app.app_focus and _can_have_it(self.focused):
            # It was hidden when this was asked for, and is there again.
            return
        super().set_focus(widget, scroll_visible, from_app_focus)

    def focus_again(self) -> None:
        """Focus what had the focus before everything was hidden, or else what has it at first."""
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
        yield from self.focus_chain

    def on_resize(self) -> None:
        self.call_after_refresh(self.focus_again)

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.focus_again)


def _can_have_it(widget: Widget | None) -> bool:
    return widget is not None and widget.is_attached and widget.focusable
