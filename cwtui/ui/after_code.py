"""Ignores Enter after a code was submitted, and where one Enter may come twice.

The sixth digit submits a code, but many people press Enter after it by habit. By then, Enter
would press a button on a screen that they have not seen yet.
"""

import time
from collections.abc import Callable
from math import inf
from typing import Final

from textual import events

SECONDS: Final = 1.0
"""How long Enter is ignored after the answer to the code is shown, unless another key comes."""


class AfterCode:
    """Says which Enter keys to ignore. `now` is monotonic, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._until: float | None = None
        """When Enter works again; None if nothing was noted since the last other key."""

    def submitted(self) -> None:
        """Note that a code was submitted. Ignore Enter until the answer is shown."""
        self._until = inf

    def answered(self) -> None:
        """Note that the answer or a new screen is shown, and give the person time to see it."""
        if self._until is not None:
            self._until = self.now() + SECONDS

    def came_once(self) -> None:
        """Note an Enter that led to a button, which a second one would press by accident."""
        self._until = self.now() + SECONDS

    def ignores(self, event: events.Event) -> bool:
        """Whether the event is an Enter to ignore. Any other key, click or paste ends the wait."""
        if self._until is None or event.is_forwarded:
            return False
        if isinstance(event, events.Key) and event.key == "enter":
            return self.now() < self._until
        if isinstance(event, events.Key | events.MouseDown | events.Paste):
            self._until = None
        return False
