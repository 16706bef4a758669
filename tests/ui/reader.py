"""What is on the screen of the application: its text, fields, buttons and messages."""

from dataclasses import dataclass
from typing import TypeVar

from textual._compositor import LayoutUpdate
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Static

from cwtui.language import _
from cwtui.ui.app import AccountApp
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.widgets.code_input import CodeInput
from cwtui.ui.widgets.fields import Field, SecretInput, TextInput
from cwtui.ui.widgets.key_bar import KeyBar

S = TypeVar("S")


@dataclass
class Reader:
    """Reads the application's screen."""

    app: AccountApp

    @property
    def running(self) -> bool:
        return self.app._exception is None and self.app.is_running and not self.app._exit

    @property
    def is_busy(self) -> bool:
        stack = self.app.screen_stack
        return any(screen.is_busy for screen in stack if isinstance(screen, AccountScreen))

    @property
    def strips(self) -> list[Strip]:
        screen = self.app.screen
        update = screen._compositor.render_update(
            full=True, screen_stack=self.app._background_screens
        )
        assert isinstance(update, LayoutUpdate)
        return [Strip.join(parts) for parts in update.strips]

    @property
    def rows(self) -> list[str]:
        """The screen as text, without styles."""
        return [strip.text for strip in self.strips]

    @property
    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows)

    @property
    def words(self) -> str:
        """The text of the screen with single spaces, to find wrapped sentences."""
        return " ".join(self.text.split())

    def sees(self, *texts: str) -> bool:
        """Check that all these texts are on the screen; the AssertionError shows the screen."""
        columns, rows = self._column_words, ""
        for text in texts:
            words = " ".join(text.split())
            if words not in columns:
                rows = rows or self.words  # drawing the screen takes long
                assert words in rows, f"no {text!r}:\n{self.text}"
        return True

    def sees_nothing_of(self, *texts: str) -> bool:
        there = self.text
        for text in texts:
            assert text not in there, f"{text!r} is there:\n{there}"
        return True

    @property
    def _column_words(self) -> str:
        """The words per widget, because text beside a widget would interrupt its sentences."""
        columns = [" ".join(_content_of(widget).split()) for widget in self._shown_widgets()]
        return "\n".join(columns)

    def _shown_widgets(self) -> list[Widget]:
        screens = [*self.app._background_screens, self.app.screen]
        return [
            widget
            for screen in screens
            for widget in screen.walk_children(Widget)
            if widget.display and widget.region.size
        ]

    @property
    def footer(self) -> list[tuple[str, str]]:
        """The keys in the footer with their descriptions."""
        bars = self.app.screen.query(KeyBar)
        return [(key.printed, key.description) for bar in bars for key in bar.shown]

    @property
    def focus(self) -> str:
        """The focused field's name, button's label or widget's class."""
        widget = self.app.screen.focused
        if isinstance(widget, TextInput) and isinstance(widget.parent, Field):
            return str(widget.parent.id)
        if isinstance(widget, Button):
            return label_of(widget)
        return type(widget).__name__

    @property
    def tab_order(self) -> list[str]:
        """What Tab visits, from first to last."""
        before = self.app.screen.focused
        found = []
        for widget in self.app.screen.focus_chain:
            self.app.screen.set_focus(widget)
            found.append(self.focus)
        self.app.screen.set_focus(before)
        return found

    def screen(self, kind: type[S]) -> S:
        screen = self.app.screen
        assert isinstance(screen, kind), f"This is {type(screen).__name__}:\n{self.text}"
        return screen

    def field(self, name: str) -> Field:
        return self.app.screen.query_one(f"#{name}", Field)

    def typed(self, name: str) -> str:
        return self.field(name).entry.value

    def error(self, name: str) -> str:
        """The field's error message, or an empty text."""
        field = self.field(name)
        if not field.has_class("-wrong"):
            return ""
        return str(field.query_one(".message", Static).content).removeprefix("✗ ")

    @property
    def status_line(self) -> str:
        """The screen's message line."""
        return str(self.app.screen.query_one("#status-line", Static).content)

    @property
    def notice(self) -> str:
        """The login screen's notice about how the last session ended."""
        return " ".join(
            str(line.content) for line in self.app.screen.query("#notice").results(Static)
        )

    @property
    def toasts(self) -> list[str]:
        return [notification.message for notification in self.app._notifications]

    @property
    def secret_inputs(self) -> list[str]:
        """The content of secret inputs on every open screen."""
        kinds = (SecretInput, CodeInput)
        return [
            entry.value
            for screen in self.app.screen_stack
            for entry in screen.query(TextInput)
            if isinstance(entry, kinds) and entry.value
        ]

    def button(self, label: str) -> Button:
        """The button with this label, or its translation."""
        for button in self.app.screen.query(Button):
            if label_of(button) in {label, _(label)}:
                return button
        raise AssertionError(f"no button {label!r}:\n{self.text}")

    @property
    def buttons(self) -> list[str]:
        return [label_of(button) for button in self.app.screen.query(Button)]


def label_of(button: Button) -> str:
    return " ".join(str(button.label).split())


def _content_of(widget: Widget) -> str:
    if isinstance(widget, Static):
        return str(widget.content)
    if isinstance(widget, Button):
        return str(widget.label)
    return ""
