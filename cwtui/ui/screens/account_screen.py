"""What all screens share: calls in a thread, errors at their fields, and changes of screen."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import work
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.widgets import Static
from textual.worker import Worker

from cwtui.accounts.errors import (
    AccountsError,
    InvalidInput,
    SessionEnded,
    SignInEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.text import visible
from cwtui.language import N_
from cwtui.ui.context import Context, context_of
from cwtui.ui.messages import BackToSignIn, Ending, LeadAway, OpenPage, SessionOver
from cwtui.ui.room import MIN_COLUMNS, MIN_ROWS
from cwtui.ui.screens.attempt_wait import AttemptWait
from cwtui.ui.screens.shows_secrets import ShowsSecrets
from cwtui.ui.screens.steady import ARROWS, FROM_FIELD, NEXT_OR_PREVIOUS, SteadyScreen
from cwtui.ui.widgets.fields import Field, SecretInput, TextInput

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports
    from cwtui.ui.widgets.code_input import CodeInput

T = TypeVar("T")


class AccountScreen(ShowsSecrets, SteadyScreen[None]):
    """A screen that calls the services.

    Calls run in a thread and touch no widget. Their result is shown here, in the event loop. While
    a screen waits for a result, or for the router to replace it, it is busy and does nothing else.
    So pressing Enter twice has the effect of pressing it once.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (MIN_COLUMNS, "-narrow"), (80, "-wide-enough")]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MIN_ROWS, "-high-enough")]
    NEEDS_SESSION: ClassVar[bool] = False
    """Whether the screen is shown only during a session. Only there the command palette opens."""
    TAKES_STRAY_TEXT: ClassVar[bool] = False
    """Whether text typed while a button or nothing has the focus goes to the first empty field."""
    whose = ""
    """Who is signing in, once it is known; empty if nobody is."""
    RESTING: ClassVar[bool] = False
    """Whether the screen may stay open when nobody is there, because no sign-in has begun."""

    comes_back: bool = False
    """Whether the person comes back here, so that the focus belongs where it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.help", N_("Help")),
        # With priority, so that keys typed ahead on a slow line end up in the right field.
        Binding("tab", "app.focus_next", NEXT_OR_PREVIOUS, show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", NEXT_OR_PREVIOUS, show=False, priority=True),
        Binding("enter", "enter", show=False, priority=True),
        # In one list, because the keys of a derived class replace those of its base.
        *FROM_FIELD,
        *ARROWS,
    ]

    def __init__(self) -> None:
        # Textual styles everything again when a class changes. In most windows, these fit at once.
        super().__init__(classes="-wide-enough -high-enough")
        self._call: Worker[None] | None = None
        self._leads_away = False
        """Whether the screen has asked the router for another one, and waits for it."""
        self._wait = AttemptWait(self)

    @property
    def has_room(self) -> bool:
        return self.app.size.width >= MIN_COLUMNS and self.app.size.height >= MIN_ROWS

    def hide_secrets(self) -> None:
        for entry in self.query(TextInput):
            if entry.HOLDS_SECRET:
                entry.forget()

    @property
    def context(self) -> Context:
        return context_of(self)

    # Calls in a thread

    def run_in_thread(
        self, call: "Callable[[Ports], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        """Run `call` in a thread, show `waiting` meanwhile, and pass the result to `handle`."""
        if self.is_up and not self.is_busy:
            self._call = self._run(call, handle, waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a call is running, or the router was asked for another screen."""
        return self._leads_away or self._is_calling

    @property
    def _is_calling(self) -> bool:
        """Whether a call is running, and was not cancelled and did not fail."""
        call = self._call
        # Textual never finishes a worker that was cancelled before its first step.
        return call is not None and not (call.is_cancelled or call.is_finished)

    @property
    def may_act(self) -> bool:
        return self.is_active and not self.is_busy

    # In its own group, so that workers that load something do not cancel it.
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
        """Handle the result. The call counts as running until then."""
        call, handled = self._call, asyncio.Event()

        def hand_over() -> None:
            if self._call is not call:
                return  # this call was cancelled, and another one is running
            self._call = None  # handling the result may start the next call
            try:
                if self.is_up:
                    self.say("")
                    handle(result)
                self.context.after_code.answered()
            finally:
                handled.set()

        # Called from the application's own context. A screen that is created in the worker's
        # context would keep the worker alive, and with it this screen and its secrets.
        if self.app.call_later(hand_over):
            await handled.wait()

    def _say_what_is_waited_for(self, waiting: str) -> None:
        refusal = self._wait.refusal
        self.clear_errors()
        self._wait.refusal = refusal  # the answer may not say it again
        self.say(f"… {waiting}")

    # Leaving for another screen

    def lead_away(self, message: LeadAway) -> None:
        """Ask the router for another screen. Until it answers, this screen does nothing."""
        if isinstance(message, OpenPage) and not self.may_be_left:
            return
        # This blocks another Enter, for example: a code submitted again would count as wrong.
        message.is_awaited = True
        if message.send(self):
            self._leads_away = True

    @property
    def may_be_left(self) -> bool:
        """Whether another page may be opened instead, if the person chooses one.

        Not while a call is running, nor while its result leads to another screen, such as to backup
        codes, which are shown only once.
        """
        return not self.is_busy

    def unsaved(self) -> str:
        """Return what would be lost if the screen were left now, such as `your changes to alice`.

        Empty if nothing would be lost.
        """
        return ""

    def leave(self, go: Callable[[], object], ends: Ending | None = None) -> None:
        """Go, as the person chose to leave. Pages ask first if unsaved changes would be lost.

        `ends` is how this ends the session, if it does.
        """
        del ends
        go()

    def wait_to_be_left(self, waiting: str) -> None:
        """Wait while the router loads the page that will be shown instead."""
        self._leads_away = True
        self._say_what_is_waited_for(waiting)

    def stay(self) -> None:
        """Stop waiting: the router has answered."""
        self._leads_away = False

    # Keys and buttons

    @property
    def takes_stray_text(self) -> bool:
        """Whether text typed where no field has the focus goes to a field."""
        return self.TAKES_STRAY_TEXT and bool(self.query(TextInput))

    def entry_for_text(self) -> TextInput | None:
        """Return where text goes that is typed where no field has the focus.

        That is the field that gets the focus back in a moment, or else the first empty one.
        """
        if self.focused is None and isinstance(self._kept_focus, TextInput):
            return self._kept_focus
        return next((entry for entry in self.query(TextInput) if not entry.value), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in {"enter", "leave_field"}:
            return isinstance(self.focused, TextInput)
        return super().check_action(action, parameters)

    def action_leave_field(self, direction: str) -> None:
        """Go up or down from a field. Elsewhere, lists and choices use these keys first."""
        self.action_focus_beside(direction)

    def action_enter(self) -> None:
        """In an input: go to the next empty input, or submit."""
        entries = list(self.query(TextInput))
        here = self.focused
        if not isinstance(here, TextInput):
            return
        # If this input is empty, submit, so that the rules say what belongs here. Keys that it has
        # not handled yet count as text.
        is_filled = bool(here.value or here.message_queue_size)
        if not is_filled and here.HOLDS_SECRET and _shows_error(here):
            return  # the reason why it was emptied says more than that it is empty
        later = entries[entries.index(here) + 1 :] if is_filled else []
        following = next(
            (entry for entry in later if not (entry.value or self.may_stay_empty(entry))), None
        )
        if following is not None:
            self.set_focus(following)
        else:
            self._after_typing(self.submit_once)

    def may_stay_empty(self, entry: TextInput) -> bool:
        """Whether Enter passes over this input if it is empty, because of what others have."""
        del entry
        return False

    def on_code_input_complete(self, message: "CodeInput.Complete") -> None:
        """Submit a one-time code at its last digit, unless something else must be filled in."""
        message.stop()
        # If Enter came at the same time, it has already submitted the code.
        self._after_typing(self._submit_if_filled)

    def _submit_if_filled(self) -> None:
        if all(entry.value for entry in self.query(TextInput)):
            self.submit_once()

    def _after_typing(self, act: Callable[[], object]) -> None:
        """Call this once all inputs have handled the keys that came before."""
        for entry in self.query(TextInput):
            if entry.message_queue_size:
                act = partial(entry.call_later, act)
        act()

    def submit_once(self) -> None:
        """Submit, unless the screen is busy."""
        # While it is busy, the inputs were already emptied and would be refused.
        if not self.may_act:
            return
        if self.query("CodeInput"):
            self.context.after_code.submitted()
        self.submit()
        if not self.is_busy:
            self.context.after_code.answered()

    def submit(self) -> None:
        """Do what the primary button says."""

    def pressed(self, button: str) -> None:
        if button == "primary":
            self.submit()

    def refuse(self, error: AccountsError) -> None:
        """Show the error where it belongs: at its field, on this screen, or on the login screen."""
        match error:
            case SessionEnded():
                self.lead_away(SessionOver(error.reason, str(error), error.may_return))
            case SignInEnded():
                username = self.whose if error.may_return else ""
                self.lead_away(BackToSignIn(str(error), wrong=True, username=username))
            case SignInFailed(until=float(until)):
                self.show_error(error.field, str(error))
                self._wait.begin(error, until)
            case SignInFailed():
                self._wait.end()  # it was checked
                self.show_error(error.field, str(error))
            case InvalidInput():
                self.show_error(error.field, str(error))
                self._wait.go_on(error)
            case _:
                self.say(f"✗ {error}", wrong=True)
                self._wait.go_on(error)

    def show_error(self, field: str, sentence: str) -> None:
        """Show the error under its field, and focus the field."""
        try:
            wrong = self.query_one(f"#{field}", Field)
        except NoMatches:
            self.say(f"✗ {sentence}", wrong=True)
            return
        wrong.show_error(sentence)
        # Secret fields were emptied, so focus the first of them if it comes before.
        entries = list(self.query(TextInput))
        emptied = (
            entry
            for entry in entries[: entries.index(wrong.entry)]
            if isinstance(entry, SecretInput) and not entry.value
        )
        next(emptied, wrong.entry).focus()
        if wrong.query("NumberInput"):
            wrong.entry.select_all()  # it may have had the focus already

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """Show the sentence in the screen's status line; an empty one clears it."""
        for line in self.query("#status-line").results(Static):
            text = visible(sentence)
            if line.content != text:  # else the whole page would get a new layout at each key
                line.update(text)
            line.set_class(wrong, "-wrong")
            if wrong and sentence:
                # On a page that scrolls it may be below what is shown.
                self.call_after_refresh(line.scroll_visible, animate=False)

    def clear_errors(self) -> None:
        self._wait.end()
        for field in self.query(Field):
            if field.has_class("-wrong"):
                field.show_hint()

    @work(exclusive=True, group="wait")
    async def show_wait(self, find: "Callable[[Ports], Throttled | None]") -> None:
        """Show on arrival how long attempts are refused, before anything is typed."""
        try:
            ports = await self.context.connected()
            wait = await asyncio.to_thread(find, ports)
        except AccountsError:
            return  # submitting will say it
        if wait is not None:
            self.app.call_later(self._show_wait, wait)

    def _show_wait(self, wait: Throttled) -> None:
        if self.is_up and not self.is_busy:  # else the answer to a submitted code says it
            # The focus stays: a password that is being typed must not end in another field.
            self._wait.begin(wait, wait.until)


def _shows_error(entry: TextInput) -> bool:
    return isinstance(entry.parent, Field) and entry.parent.is_wrong
