"""What time it is on this host: one-time codes depend on it."""

from typing import Final

from textual.widgets import Static

from cwtui.accounts.times import minute
from cwtui.ui.context import context_of

_MINUTE: Final = 60.0


class HostTime(Static):
    """Such as `08:00 UTC`, after the words given. It wakes up once a minute."""

    DEFAULT_CSS = "HostTime { width: auto; height: 1; color: $text-muted; }"

    def __init__(self, before: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__("", id=id, markup=False)
        self._before = before

    def on_mount(self) -> None:
        self._tick()

    def _tick(self) -> None:
        now = context_of(self).clock()
        self.update(f"{self._before}{minute(now)[-5:]} UTC", layout=False)
        # A little later than the minute begins: timers may fire a little early.
        self.set_timer(_MINUTE - now % _MINUTE + 0.05, self._tick)
