"""Let signals end a dialogue, so that a session's end is logged and the terminal echoes again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cwtui.dialogue.terminal import TerminalPerson

_ENDS: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@contextmanager
def signals_end(person: TerminalPerson) -> Iterator[None]:
    """In this block, signals let the person leave."""
    before = {one: signal.signal(one, lambda *_: person.leave()) for one in _ENDS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
