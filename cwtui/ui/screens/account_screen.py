"""What all screens share: calls in a thread, what went wrong where, and being led away from."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import work
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.timer import Timer
from textual.widgets import Static
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
from cwtui.ui.context import Context, context_of
from cwtui.ui.messages import BackToSignIn, LeadAway, OpenPage, SessionOver
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.screens.steady import SteadyScreen
from cwtui.ui.widgets.fields import CodeInput, Field, SecretInput, TextInput
from cwtui.ui.widgets.too_small import MIN_COLUMNS, MIN_ROWS

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports

T = TypeVar("T")

NEXT_OR_PREVIOUS: Final = "Next or previous field or button"


class AccountScreen(ShowsSecrets, SteadyScreen[None]):
    """A screen that calls the services.

    They run in a thread and touch no widget; their result is shown here, in the event loop. A
    screen that waits for a result, or to be led away from, is busy and does nothing else: Enter
    twice is Enter once.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (MIN_COLUMNS, "-narrow"), (80, "-wide-enough")]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MIN_ROWS, "-high-enough")]
    NEEDS_SESSION: ClassVar[bool] = False
    """Whether it is a page of a session: not shown without one; commands may lead away from it."""
    RESTING: ClassVar[bool] = False
    """Whether the screen may stay when nobody is there: it belongs to no one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.help", "Help"),
        # Before other keys are handed out: what is typed ahead on a slow line finds its field.
        Binding("tab", "app.focus_next", NEXT_OR_PREVIOUS, show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", NEXT_OR_PREVIOUS, show=False, priority=True),
        Binding("enter", "enter", show=False, priority=True),
    ]

    def __init__(self) -> None:
        # Textual styles all again when a class changes; in most windows none does.
        super().__init__(classes="-wide-enough -high-enough")
        self._call: Worker[None] | None = None
        self._leads_away = False
        """Whether it has asked the router for another screen, and waits for it."""
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
    def context(self) -> Context:
        return context_of(self)

    # Calls in a thread

    def run_in_thread(
        self, call: "Callable[[Ports], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        """Run `call` in a thread, say what is waited for, and hand the result to `handle`."""
        if self.is_up and not self.is_busy:
            self._call = self._run(call, handle, waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a call runs, or the router was asked for another screen."""
        return self._leads_away or self._is_calling

    @property
    def _is_calling(self) -> bool:
        """Whether a call runs. One that was cancelled, or failed, does not."""
        call = self._call
        # Textual never finishes a worker that was cancelled before its first step.
        return call is not None and not (call.is_cancelled or call.is_finished)

    @property
    def may_act(self) -> bool:
        return self.is_active and not self.is_busy

    # A group of its own: what others read, and read anew, does not cancel what was called here.
    @work(group="call")
    async def _run(
        self, call: "Callable[[Ports], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        self._say_what_is_waited_for(waiting)
        try:
            ports = await self.context.connected()
            result = await asyncio.to_thread(call, ports)
        except AccountsError as error:
            await self._hand_over(self.refuse, error)
        else:
            await self._hand_over(handle, result)

    async def _hand_over(self, handle: Callable[[T], None], result: T) -> None:
        """The call runs until its result is handled."""
        call, handled = self._call, asyncio.Event()

        def hand_over() -> None:
            if self._call is not call:
                return  # it was cancelled, and another one runs
            self._call = None  # the result may lead to the next one
            try:
                if self.is_up:
                    self.say("")
                    handle(result)
            finally:
                handled.set()

        # From the application's own context: a screen that is made in the worker's would keep the
        # worker, and with it this screen and its secrets, as long as it lives.
        if self.app.call_later(hand_over):
            await handled.wait()

    def _say_what_is_waited_for(self, waiting: str) -> None:
        self.clear_errors()
        self.say(f"… {waiting}")

    # Being led away from

    def lead_away(self, message: LeadAway) -> None:
        """Ask the router for another screen. Until it has answered, nothing is done here."""
        if isinstance(message, OpenPage) and not self.may_be_left:
            return
        # Not another Enter, for example: a code that is submitted again counts as a wrong try.
        message.is_awaited = True
        if message.send(self):
            self._leads_away = True

    @property
    def may_be_left(self) -> bool:
        """Whether a page may be opened instead, which somebody chose.

        Not while a call runs, or while its result leads on: to backup codes, for example, which are
        shown once.
        """
        return not self.is_busy

    def wait_to_be_left(self, waiting: str) -> None:
        """The router loads what is shown instead."""
        self._leads_away = True
        self._say_what_is_waited_for(waiting)

    def stay(self) -> None:
        """The router has answered."""
        self._leads_away = False

    # Keys and buttons

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
            here.call_later(self.submit_once)

    def submit_once(self) -> None:
        """Do the primary thing, unless something is going on."""
        # While it is busy, what was typed was taken already: an empty input would be refused.
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
                self.lead_away(SessionOver(error.reason, str(error)))
            case SignInEnded():
                self.lead_away(BackToSignIn(str(error), wrong=True))
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
        for line in self.query("#status-line").results(Static):
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
            left = round(until - self.context.clock())
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
