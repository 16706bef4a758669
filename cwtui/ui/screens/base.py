"""What all screens share: asking the services in a thread, and saying what went wrong where."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.timer import Timer
from textual.widgets import Footer, Static
from textual.worker import Worker

from cwtui.accounts.errors import (
    AccountsError,
    InvalidInput,
    SessionEnded,
    SignInEnded,
    SignInFailed,
)
from cwtui.accounts.text import visible
from cwtui.accounts.times import countdown
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.buttons import Button
from cwtui.ui.widgets.fields import CodeInput, Field, SecretInput, TextInput

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports
    from cwtui.ui.app import AccountApp

T = TypeVar("T")

MIN_COLUMNS: Final = 60
MIN_ROWS: Final = 20


class ShowsSecrets:
    """What a screen does when there was no key press for a while."""

    BEFORE_QUITTING: ClassVar[str] = ""
    """What is asked before quitting, where a secret is shown that is not shown again."""

    blanked = False

    def hide_secrets(self) -> None:
        """Show nothing secret; set `blanked` if there is something to show again."""

    def show_secrets(self) -> None:
        """Called at the next key press if `blanked` is set; the key does nothing else."""


class AccountScreen(ShowsSecrets, SteadyScreen[None]):
    """A screen that asks the services.

    The services run in a thread and touch no widget; what they say is shown here, in the event
    loop. While one question is open, further ones are ignored: Enter twice is Enter once.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (MIN_COLUMNS, "-narrow"), (80, "-wide-enough")]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MIN_ROWS, "-high-enough")]
    HELP: ClassVar[str] = ""
    """What F1 says here, in plain text."""
    NEEDS_SESSION: ClassVar[bool] = False
    """Whether it is a page of a session: not shown without one; commands may lead away from it."""
    RESTING: ClassVar[bool] = False
    """Whether the screen may stay when nobody is there: it belongs to no one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.help", "Help"),
        # Before other keys are handed out: what is typed ahead on a slow line finds its field.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("enter", "enter", show=False, priority=True),
    ]

    def __init__(self) -> None:
        # Textual styles all again when a class changes; in most windows none does.
        super().__init__(classes="-wide-enough -high-enough")
        self._question: Worker[None] | None = None
        self._countdown: Timer | None = None

    @property
    def has_room(self) -> bool:
        return self.app.size.width >= MIN_COLUMNS and self.app.size.height >= MIN_ROWS

    def hide_secrets(self) -> None:
        for secret in self.query(SecretInput):
            secret.forget()
        for code in self.query(CodeInput):
            code.value = ""

    @property
    def account_app(self) -> "AccountApp":
        return cast("AccountApp", self.app)

    def perform(
        self, call: "Callable[[Ports], T]", then: Callable[[T], None], waiting: str
    ) -> None:
        """Run `call` in a thread, say what is waited for, and hand the result to `then`."""
        if self.is_up and not self.is_asking:
            self._question = self._perform(call, then, waiting)

    @property
    def is_asking(self) -> bool:
        """Whether a question is open. One that was cancelled, or failed, is not."""
        question = self._question
        # Textual never finishes a worker that was cancelled before its first step.
        return question is not None and not (question.is_cancelled or question.is_finished)

    @property
    def may_act(self) -> bool:
        return self.is_active and not self.is_asking

    # A group of its own: what others read, and read anew, does not cancel what was asked here.
    @work(group="question")
    async def _perform(
        self, call: "Callable[[Ports], T]", then: Callable[[T], None], waiting: str
    ) -> None:
        self.clear_errors()
        self.say(f"… {waiting}")
        try:
            ports = await self.account_app.connected()
            result = await asyncio.to_thread(call, ports)
        except AccountsError as error:
            await self._answer(self.refuse, error)
        else:
            await self._answer(then, result)

    async def _answer(self, then: Callable[[T], None], result: T) -> None:
        """The question is open until its answer is handled."""
        question, handled = self._question, asyncio.Event()

        def answer() -> None:
            if self._question is not question:
                return  # it was cancelled, and another one is open
            self._question = None  # the answer may lead to the next one
            try:
                if self.is_up:
                    self.say("")
                    then(result)
            finally:
                handled.set()

        # From the application's own context: a screen that is made in the worker's would keep the
        # worker, and with it this screen and its secrets, as long as it lives.
        if self.app.call_later(answer):
            await handled.wait()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "enter":
            return isinstance(self.focused, TextInput)
        return super().check_action(action, parameters)

    def action_enter(self) -> None:
        """In an input: go to the next one that is empty, or do the primary thing."""
        entries = list(self.query(TextInput))
        here = self.focused
        if not isinstance(here, TextInput):
            return
        # An empty one is not left behind: the rules say what belongs there. Keys that it has not
        # seen yet are as good as text.
        is_filled = bool(here.value or here.message_queue_size)
        later = entries[entries.index(here) + 1 :] if is_filled else []
        following = next((entry for entry in later if not entry.value), None)
        if following is not None:
            self.set_focus(following)
        else:
            # Not before the input has seen all keys that came before this one.
            here.call_later(self._submit_once)

    def _submit_once(self) -> None:
        # While it asks, what was typed was taken already: an empty input would be complained about.
        if self.may_act:
            self.submit()

    def submit(self) -> None:
        """Do the primary thing of the screen."""

    def pressed(self, button: str) -> None:
        if button == "primary":
            self.submit()

    def refuse(self, error: AccountsError) -> None:
        """Show the error where it belongs: at its field, on this screen, or before sign-in."""
        match error:
            case SessionEnded():
                self.account_app.end_session(error.reason, str(error), wrong=True)
            case SignInEnded():
                self.account_app.back_to_sign_in(str(error), wrong=True)
            case SignInFailed(until=float(until)):
                self._count_down(error, until)
            case InvalidInput() | SignInFailed():
                self.show_error(error.field, str(error))
            case _:
                self.say(f"✗ {error}", wrong=True)

    def show_error(self, field: str, sentence: str) -> None:
        """Show it under its field, which gets the focus."""
        try:
            wrong = self.query_one(f"#{field}", Field)
        except NoMatches:
            self.say(f"✗ {sentence}", wrong=True)
            return
        wrong.show_error(sentence)
        # Secrets were taken out of their fields: they are typed again from the first one on.
        entries = list(self.query(TextInput))
        emptied = (
            entry
            for entry in entries[: entries.index(wrong.entry)]
            if isinstance(entry, SecretInput) and not entry.value
        )
        next(emptied, wrong.entry).focus()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """Say it in the screen's own line; an empty sentence clears it."""
        for line in self.query("#said").results(Static):
            line.update(visible(sentence))
            line.set_class(wrong, "-wrong")

    def clear_errors(self) -> None:
        if self._countdown is not None:
            self._countdown.stop()
        for field in self.query(Field):
            if field.has_class("-wrong"):
                field.show_hint()

    def _count_down(self, error: SignInFailed, until: float) -> None:
        def tick() -> None:
            left = round(until - self.account_app.clock())
            if left > 0:
                self._show_quietly(error.field, f"{error} Wait {countdown(left)}.")
                return
            if self._countdown is not None:
                self._countdown.stop()
            for field in self.query(f"#{error.field}").results(Field):
                field.show_hint("You can try again now.")

        self.show_error(error.field, str(error))
        tick()
        self._countdown = self.set_interval(1, tick)

    def _show_quietly(self, field: str, sentence: str) -> None:
        for wrong in self.query(f"#{field}").results(Field):
            wrong.show_error(sentence)


class TooSmall(Static):
    """Stands in for a screen that has no room; app.tcss shows it and hides the rest."""

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_resize(self) -> None:
        width, height = self.app.size
        self.update(
            f"cwtui needs a window of at least {MIN_COLUMNS}x{MIN_ROWS}. "
            f"This one is {width}x{height}: make it larger."
        )


class EntryScreen(AccountScreen):
    """Before sign-in: one centred column with one question and one primary button."""

    CSS_PATH = sheets("entry")
    AUTO_FOCUS = "TextInput"
    TITLE_TEXT: ClassVar[str] = ""
    PRIMARY: ClassVar[str] = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="entry", can_focus=False), Center(), Vertical(id="column"):
            yield Static("Connectware", id="name", markup=False)
            yield Static(self.account_app.host, id="host", markup=False)
            yield Static(self.TITLE_TEXT, id="title", markup=False)
            yield from self.question()
            yield Static("", id="said", markup=False)
            yield Button(self.PRIMARY, id="primary", variant="primary", compact=True)
            yield from self.ways_out()
        yield Footer(compact=True, show_command_palette=False)
        yield TooSmall()

    def question(self) -> ComposeResult:
        """The fields of this screen."""
        yield from ()

    def ways_out(self) -> ComposeResult:
        """What stands below the primary button."""
        yield from ()

    def on_code_input_complete(self, message: CodeInput.Complete) -> None:
        message.stop()
        self._submit_once()


class EntryStep(EntryScreen):
    """A later step of a sign-in, which Esc gives up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Back to sign-in")]

    def action_give_up(self) -> None:
        # What is being checked may sign in: it is waited for.
        if self.may_act:
            self.account_app.back_to_sign_in()
