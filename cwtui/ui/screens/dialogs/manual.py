"""The manual: the list of topics, and the text of each. `cwtui help` prints the same."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cwtui import help as manual
from cwtui.help.rendering import WIDTH, rendered
from cwtui.language import N_, _
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.screens.dialogs.reader import Reader
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.options import Options

_NAME_COLUMNS = max(len(topic.name) for topic in manual.TOPICS) + 1


class ManualScreen(Dialog[None]):
    """The list of topics."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "dismiss", N_("Back"))]

    def __init__(self, topic: str) -> None:
        super().__init__()
        self._topic = topic

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="reader"):
            yield Static(
                _("Manual (on the command line: cwtui help)"), classes="section", markup=False
            )
            yield Options(
                *(Option(_line(topic), id=topic.name) for topic in manual.TOPICS),
                id="topics",
                classes="with-buttons",
                markup=False,
            )
            with Horizontal(classes="buttons"):
                yield Button(_("Back"), id="back", compact=True)

    def on_mount(self) -> None:
        topics = self.query_one(OptionList)
        topics.highlighted = topics.get_option_index(self._topic)

    def pressed(self, button: str) -> None:
        del button  # there is one
        self.dismiss()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self.is_active and event.option_id is not None:
            self.app.push_screen(TopicScreen(event.option_id))


def _line(topic: manual.Topic) -> Table:
    """Return the topic's name and summary, which is wrapped beside it in a narrow window."""
    line = Table.grid()
    line.add_column(width=_NAME_COLUMNS, no_wrap=True)
    line.add_column()
    line.add_row(topic.name, Text(topic.summary))
    return line


class TopicScreen(Reader):
    """One topic, wrapped to the width of the window."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1,q", "dismiss", N_("Back"))]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._markdown = manual.text(name)
        self._width = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="reader"):
            with VerticalScroll(id="text", classes="with-buttons", can_focus=False):
                yield Static("", id="topic", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Back"), id="back", compact=True)

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self._render_topic)

    def _render_topic(self) -> None:
        for topic in self.query("#topic").results(Static):
            width = min(WIDTH, topic.size.width)
            if width > 0 and width != self._width:
                self._width = width
                topic.update(Text.from_ansi(rendered(self._markdown, width, styled=True)))

    def pressed(self, button: str) -> None:
        del button  # there is one
        self.dismiss()
