"""The time on this host, which one-time codes depend on, in the person's time zone."""

from typing import Final

from textual.widgets import Static

from cwtui.accounts.times import clock
from cwtui.ui.context import context_of

_MINUTE: Final = 60.0


class HostTime(Static):
    """Shows the time, such as `08:00 UTC` or `09:00 +01:00`, after the words given.

    It updates once a minute.
    """

    DEFAULT_CSS = "HostTime { width: auto; height: 1; color: $text-muted; }"

    def __init__(self, before: str = "", *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__("", id=id, markup=False)
        self._before = before

    def on_mount(self) -> None:
        self._tick()

    def _tick(self) -> None:
        context = context_of(self)
        now = context.clock()
        self.update(f"{self._before}{clock(now, context.zone)}", layout=False)
        # Slightly after the minute begins, because timers may fire slightly early.
        self.set_timer(_MINUTE - now % _MINUTE + 0.05, self._tick)
