"""Inputs with a label above and an error below."""

from typing import ClassVar, Final

from rich.cells import cached_cell_len, cell_len
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widgets import Input, Static

from cwtui.accounts.secret import Secret
from cwtui.accounts.text import has_control_characters, is_control, visible
from cwtui.language import N_, _, grouped

_UNDERLINED: Final = Style(underline=True)


# The login screen would wait for Textual's style sheet, most of which ours would replace.
class TextInput(Input, inherit_css=False):
    """One line of text. Text that does not fit is refused with a sentence, and never cut."""

    COMPONENT_CLASSES: ClassVar[set[str]] = Input.COMPONENT_CLASSES

    TOO_MUCH = N_("This field can have at most {most} characters. Nothing more was added.")
    NOT_SHOWN = N_("Invisible characters are not allowed here.")
    NOT_ONE_LINE = N_("Only one line of plain text can be pasted here.")
    HOLDS_SECRET: ClassVar[bool] = False
    """Whether it is emptied when it must not be seen any more, and after it was wrong."""

    # Fields are as wide as their container says, so that a key needs no new layout.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    class Refused(Message):
        """Something was typed or pasted that this input does not accept."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(
        self, value: str = "", *, placeholder: str = "", max_length: int = 256, restrict: str = ""
    ) -> None:
        # The initial text may come from others, and Textual draws it unchanged.
        super().__init__(
            visible(value),
            placeholder=placeholder,
            max_length=max_length,
            restrict=restrict or None,
            select_on_focus=False,
            # The rules check it. Textual would style the field anew at the first key.
            validate_on=(),
        )
        self._hint = placeholder
        # A blinking cursor would be sent over the line twice a second, for nothing.
        self.cursor_blink = False

    def on_resize(self) -> None:
        """Leave out the example that follows a comma in the hint where it would be cut."""
        short, _, example = self._hint.partition(", ")
        is_cut = example and cell_len(self._hint) > self.content_size.width
        self.placeholder = short if is_cut else self._hint

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if not self.app.native_ansi_color:
            return strip
        # Without a background colour, the line shows where the field is.
        return strip.extend_cell_length(self.content_size.width).apply_style(_UNDERLINED)

    def fill(self, value: str) -> None:
        """Show this value with the cursor at its end, from where Ctrl+U deletes all of it.

        Textual would leave the cursor where it was in the value before.
        """
        self.value = value
        self.cursor_position = len(value)

    def forget(self) -> None:
        """Empty the input. Its text is also kept where it was measured, to place the cursor."""
        self.value = ""
        cached_cell_len.cache_clear()

    def restricted(self) -> None:
        self.post_message(self.Refused(_(self.TOO_MUCH, most=grouped(self.max_length or 0))))

    # What is typed and what is pasted is treated alike. Textual would drop some spaces when typed.

    def on_key(self, event: events.Key) -> None:
        if event.character is None or is_control(event.character):
            return  # a key such as Enter or Backspace
        event.prevent_default()
        event.stop()
        self._insert(event.character, self.NOT_SHOWN)

    def on_paste(self, event: events.Paste) -> None:
        # Textual would also run its own handler, which inserts the first line.
        event.prevent_default()
        event.stop()
        lines = [line for line in event.text.splitlines() if line.strip()]
        self._insert(lines[0] if len(lines) == 1 else "\n", self.NOT_ONE_LINE)

    def _insert(self, text: str, refusal: str) -> None:
        if self.unshowable(text):
            self.post_message(self.Refused(_(refusal)))
        else:
            self.replace(text, *self.selection)

    def unshowable(self, text: str) -> bool:
        """Whether the text has characters that would control the terminal or stay invisible."""
        return visible(text) != text

    def advice(self) -> str:
        """Return a hint about what is typed now; empty if there is nothing to say."""
        return ""


class SecretInput(TextInput):
    """A password: masked, and never sent to the clipboard."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2", "reveal", N_("Show / hide"))]
    HOLDS_SECRET = True

    def __init__(self) -> None:
        super().__init__(max_length=4096)
        self.password = True

    def unshowable(self, text: str) -> bool:
        # A password may contain invisible characters, but none that would control the terminal.
        return has_control_characters(text)

    def take(self) -> Secret:
        """Return what was typed, and empty the input."""
        secret = Secret(self.value)
        self.forget()
        return secret

    def forget(self) -> None:
        """Empty the input, and mask what is typed next."""
        super().forget()
        self.password = True

    def action_reveal(self) -> None:
        self.password = not self.password

    def action_copy(self) -> None:
        self.post_message(self.Refused(_("Passwords cannot be copied to the clipboard.")))

    def action_cut(self) -> None:
        self.action_copy()


class Field(Vertical):
    """A label, an input, and below it a hint or an error."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        & > .label { color: $text-muted; }
        & > .label.-focused { color: $foreground; }
        & > .message { color: $text-muted; min-height: 1; }
        &.-wrong > .message { color: $error; text-style: $error-text-style; }
        &.-inline { layout: grid; grid-size: 2; grid-columns: 17 1fr; grid-rows: auto; }
        &.-inline > .message { column-span: 2; display: none; }
        &.-inline.-wrong > .message { display: block; }
    }
    """

    def __init__(
        self, field: str, label: str, entry: TextInput, hint: str = "", *, inline: bool = False
    ) -> None:
        super().__init__(id=field, classes="-inline" if inline else None)
        self.entry = entry
        self._label = label
        self._hint = hint
        self._advice = ""

    def compose(self) -> ComposeResult:
        yield Static(self._label, classes="label", markup=False)
        yield self.entry
        yield Static(self._hint, classes="message", markup=False)

    @property
    def is_wrong(self) -> bool:
        """Whether an error is shown."""
        return self.has_class("-wrong")

    def show_error(self, sentence: str) -> None:
        """Show the error below the input, with a mark."""
        self.add_class("-wrong")
        self.query_one(".message", Static).update(f"✗ {visible(sentence)}")

    def show_hint(self, hint: str | None = None) -> None:
        """Show this hint, or the initial one, instead of an error."""
        self.remove_class("-wrong")
        self.query_one(".message", Static).update(self._hint if hint is None else hint)

    # Textual's :focus-within would not redraw the label. The class is not set on the field, because
    # Textual would then compute the styles of everything in it again.
    def on_descendant_focus(self) -> None:
        self.query_one(".label", Static).add_class("-focused")

    def on_descendant_blur(self) -> None:
        self.query_one(".label", Static).remove_class("-focused")

    def on_text_input_refused(self, message: TextInput.Refused) -> None:
        message.stop()
        self.show_error(message.sentence)

    def on_input_changed(self) -> None:
        before, self._advice = self._advice, self.entry.advice()
        if self._advice != before or (self.is_wrong and self.entry.value):
            self.show_hint(self._advice or None)
