"""A countdown to the moment when the code in the app changes."""

from textual.widgets import Static

from cwtui.accounts.credentials import totp
from cwtui.ui.context import context_of


class CodeCountdown(Static):
    DEFAULT_CSS = "CodeCountdown { height: 1; color: $text-muted; }"

    _shown = 0

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def on_mount(self) -> None:
        self._tick()
        self.set_interval(1, self._tick)

    def _tick(self) -> None:
        left = totp.seconds_left(context_of(self).clock())
        if totp.is_news(left, self._shown):
            self._shown = left
            self.update(f"The code changes in {left:2} s", layout=False)
