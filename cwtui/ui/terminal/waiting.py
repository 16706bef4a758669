"""The queue of events between the terminal and the application, which is limited."""

from collections import deque
from threading import Lock
from typing import Final

from textual import events
from textual.message import Message

_LAST_COUNTS: Final[dict[type[Message], str]] = {
    events.MouseMove: "place",
    events.AppFocus: "focus",
    events.AppBlur: "focus",
    events.Resize: "size",
}
"""Events, and what they tell. If several follow each other that tell the same, the last counts."""


class Waiting:
    """A limited queue of events between the reading thread and the application.

    Nobody types enough to overflow it, so an overflow is a flood. A flood is dropped until the
    terminal is silent. This limits memory, and ending the session need not wait behind the flood.
    """

    MOST: Final = 8192
    """More than anyone types ahead, and twice the longest password that a field accepts."""
    MOST_OTHERS: Final = 256
    """The limit for keys that type nothing, such as F1. Each may cause some work."""
    MOST_AT_ONCE: Final = 32
    """The limit for keys that type text into a field and are taken together."""
    _MOST_URGENT: Final = 8

    def __init__(self, urgent: str) -> None:
        """`urgent` is a key that a flood does not drop."""
        self._urgent = urgent
        self._events: deque[Message] = deque()
        self._others = 0
        self._lock = Lock()
        self._is_taken = False
        self.is_flooded = False

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Message) -> bool:
        """Add the event, unless there are too many. Return whether the caller must start `take`."""
        with self._lock:
            self._put(event)
            begins = bool(self._events) and not self._is_taken
            self._is_taken = self._is_taken or begins
            return begins

    def _put(self, event: Message) -> None:
        tells = _LAST_COUNTS.get(type(event))
        if tells and self._events and tells == _LAST_COUNTS.get(type(self._events[-1])):
            self._events[-1] = event
            return
        if len(self._events) >= self.MOST or self._others >= self.MOST_OTHERS:
            self.is_flooded = True
            self._events.clear()
            self._others = 0
        if not self.is_flooded or (self._is_urgent(event) and len(self) < self._MOST_URGENT):
            self._events.append(event)
            self._others += not _is_typing(event)

    def _is_urgent(self, event: Message) -> bool:
        return isinstance(event, events.Key) and event.key == self._urgent

    def take(self, *, is_text: bool) -> list[Message]:
        """Return the next event; if letters are text for a field now, all that are typed together.

        Elsewhere, each letter may be a shortcut. What it opens gets the next one.

        The caller takes until nothing is left. Then `put` says when to start again. So there are
        never two takers at once, and the order is kept.
        """
        with self._lock:
            taken: list[Message] = []
            while self._events and (not taken or (is_text and self._goes_with(taken))):
                event = self._events.popleft()
                self._others -= not _is_typing(event)
                taken.append(event)
            self._is_taken = bool(taken)
            return taken

    def _goes_with(self, taken: list[Message]) -> bool:
        typed = _is_typing(taken[-1]) and _is_typing(self._events[0])
        return typed and len(taken) < self.MOST_AT_ONCE


def _is_typing(event: Message) -> bool:
    return isinstance(event, events.Key) and event.is_printable
