"""A countdown to the moment when the code in the app changes."""

from typing import Final

from textual.timer import Timer
from textual.widgets import Static

from cwtui.accounts.credentials import totp
from cwtui.language import _
from cwtui.ui.context import context_of

_LATER: Final = 0.05
"""Seconds to wait longer than needed, so that timers that are early do not come twice."""


class CodeCountdown(Static):
    DEFAULT_CSS = "CodeCountdown { height: 1; color: $text-muted; }"

    _shown = 0
    _timer: Timer | None = None

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_mount(self) -> None:
        self._tick()

    def _tick(self) -> None:
        left, wait = totp.countdown(context_of(self).clock())
        if left != self._shown:
            self._shown = left
            seconds = f"{left:2}"
            self.update(_("The code changes in {seconds} s", seconds=seconds), layout=False)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(wait + _LATER, self._tick)
