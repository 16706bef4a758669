"""Counts down under a field how long attempts are refused, after too many failed ones."""

from typing import Any

from textual.screen import Screen
from textual.timer import Timer

from cwtui.accounts.errors import AccountsError, InvalidInput, SignInFailed, Throttled
from cwtui.accounts.times import countdown
from cwtui.language import _
from cwtui.ui.context import context_of
from cwtui.ui.widgets.fields import Field


class AttemptWait:
    """The wait on one screen, if there is one."""

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._timer: Timer | None = None
        self.refusal: Throttled | None = None
        """What any attempt gets until the wait is over; None without a wait."""

    def begin(self, failed: SignInFailed, until: float) -> None:
        """Count down to `until`, in seconds since the epoch, under the field of this error."""
        self.refusal = Throttled.after(failed, until)
        self._count_down(str(failed), self.refusal)

    def go_on(self, error: AccountsError) -> None:
        """Go on with the countdown, if there is one, beside an error at another or the same field.

        That attempt was not counted, and the wait is not over.
        """
        refusal = self.refusal
        if refusal is not None:
            is_there = isinstance(error, InvalidInput) and error.field == refusal.field
            self._count_down(f"{error} {refusal}" if is_there else str(refusal), refusal)

    def end(self) -> None:
        """Stop the countdown: the wait is over, or the fields are about something else now."""
        self.refusal = None
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()

    def _count_down(self, sentence: str, refusal: Throttled) -> None:
        def tick() -> None:
            left = round(refusal.until - context_of(self._screen).clock())
            fields = self._screen.query(f"#{refusal.field}").results(Field)
            if left > 0:
                wait = _("Wait {time}.", time=countdown(left))
                for field in fields:
                    field.show_error(f"{sentence} {wait}")
                return
            self.end()
            for field in fields:
                field.show_hint(_("You can try again now."))

        self._stop()
        tick()
        self._timer = self._screen.set_interval(1, tick)
