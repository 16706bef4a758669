"""A page with a list and a filter above it: / goes to the filter, and Esc clears it."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.events import DescendantBlur
from textual.widgets import Input, Static

from cwtui.accounts.filter_help import completions, explained
from cwtui.accounts.filter_language import (
    FilterError,
    Vocabulary,
    valid_part,
)
from cwtui.language import N_, _
from cwtui.ui.screens.pages.looking import LookingPage
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.virtual_table import VirtualTable

_MOST_OFFERED: Final = 8
"""How many completions are listed. Typing more letters finds the others."""


class ListPage(LookingPage):
    """A page with one input, which is the filter, and one list."""

    AUTO_FOCUS = "VirtualTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", N_("Filter"), key_display="/"),
        # With priority, as in every screen.
        Binding(
            "tab", "complete", N_("Complete the filter, or next field"), show=False, priority=True
        ),
    ]

    def __init__(self, filter_text: str = "") -> None:
        super().__init__()
        self._filter_text = filter_text
        self._wrong: FilterError | None = None
        """Why the filter that was typed is not valid."""
        self._is_finished = True
        """Whether the person has finished typing, with Enter or by leaving the filter."""
        self._offer = ("", "")
        """A filter that was just completed, and the sentence that says how it can go on."""

    def on_mount(self) -> None:
        # Errors are shown under the field that caused them, which is the filter.
        self.query_one("#page").move_child(
            self.query_one("#status-line"), after=self.query_one("#tools")
        )

    # What subclasses say

    def help_values(self) -> Mapping[str, str]:
        return {"filter": _explained(self.vocabulary())}

    def vocabulary(self) -> Vocabulary[Any]:
        """Return the words of the filter."""
        raise NotImplementedError

    def filter(self, filter_text: str) -> None:
        """List the rows that match this valid filter."""

    def show_count(self, text: str) -> None:
        """Show beside the title how many rows there are."""
        for count in self.query("#count").results(Static):  # the page may be gone by now
            count.update(text, layout=False)

    # What is typed

    @property
    def filter_is_wrong(self) -> bool:
        """Whether the list has rows that the filter does not mean."""
        return self._wrong is not None

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.value == self._filter_text:
            return  # unchanged since the page was opened
        self._filter_text = event.value
        self._is_finished = False
        # Terms that are not valid are left out, so that the rest still has its rows.
        valid, self._wrong = valid_part(
            event.value, self.vocabulary(), self.context.clock(), self.context.zone
        )
        self.say_about_filter()
        self.filter(valid)

    def say_about_filter(self) -> None:
        """Say how a completed filter can go on, or what is wrong with it, or nothing."""
        completed, sentence = self._offer
        if sentence and self._filter_text == completed:
            self.say(sentence)
        elif self._wrong is not None and (self._is_finished or not self._wrong.is_unfinished):
            self.say(f"✗ {self._wrong}", wrong=True)
        else:
            self.say("")

    def on_text_input_refused(self, message: TextInput.Refused) -> None:
        message.stop()
        self.say(f"✗ {message.sentence}", wrong=True)

    def action_enter(self) -> None:
        """Go to the list or, if the filter is not valid, say so and stay."""
        if self._wrong is not None:
            self._finish()
        else:
            self.query_one(VirtualTable).focus()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        if isinstance(event.widget, TextInput):
            self._finish()

    def _finish(self) -> None:
        """Say what is wrong although it might become valid by typing more."""
        self._is_finished = True
        if self._wrong is not None and self._wrong.is_unfinished:
            self.say_about_filter()

    def action_filter(self) -> None:
        self.query_one(TextInput).focus()

    def action_back(self) -> None:
        entry = self.query_one(TextInput)
        if entry.value or entry.has_focus:
            if entry.value.strip() and not entry.has_focus:
                # Esc may have been meant for the page before. Whoever selects all must know it.
                self.notify(_("The filter was cleared."), markup=False)
            entry.value = ""
            self.query_one(VirtualTable).focus()
        else:
            super().action_back()

    # Completion

    async def action_complete(self) -> None:
        """In the filter: complete the last term. Elsewhere, and if it is empty: next field."""
        entry = self.query_one(TextInput)
        if entry.has_focus and (entry.value or entry.message_queue_size):
            # Wait until the input has handled all keys that came before this one.
            entry.call_later(self._complete)
        else:
            await self.app.run_action("app.focus_next")

    async def _complete(self) -> None:
        entry = self.query_one(TextInput)
        typed, rest = entry.value[: entry.cursor_position], entry.value[entry.cursor_position :]
        offered = completions(typed, self.vocabulary())
        if not offered:
            await self.app.run_action("app.focus_next")
            return
        completed = _common_beginning(offered)
        if completed.endswith(":"):
            offered = completions(completed, self.vocabulary()) or offered
        if len(completed) < len(typed):
            completed = typed  # they begin with other letters, as role:admin does
        begun = len(completed) - len(completed.split(" ")[-1])
        terms = [one[begun:] for one in offered[:_MOST_OFFERED]]
        more = " …" if len(offered) > len(terms) else ""
        is_choice = len(offered) > 1
        self._offer = (completed + rest, f"{'   '.join(terms)}{more}" if is_choice else "")
        if completed == typed:
            self.say_about_filter()
        entry.value, entry.cursor_position = completed + rest, len(completed)


def _common_beginning(lines: Sequence[str]) -> str:
    first, last = min(lines), max(lines)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(pair[0] for pair in alike)


def _explained(vocabulary: Vocabulary[Any]) -> str:
    """Return the paragraphs of the help that explain the filter."""
    words = "\n".join(f"{word}  {meaning}" for word, meaning in explained(vocabulary))
    how = _("""\
/ filters. All terms must match. A term is text, or a word with a value, such as mfa:none; the \
beginning of a value is enough. ! before a term means not. Quotes keep spaces together: \
!"ann smith". Tab completes. Esc clears the filter.""")
    return f"{how}\n\n{words}"
