"""Let signals end a dialogue, so that a session's end is logged and the terminal echoes again."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

_ENDS: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@contextmanager
def at_signals(
    leave: Callable[[], None], cancel: Callable[[], None] | None = None
) -> Iterator[None]:
    """Call `leave` when a signal asks this block to end, and `cancel` at Ctrl+C."""
    acts = dict.fromkeys(_ENDS, leave) | {signal.SIGINT: cancel or leave}
    before = {one: signal.signal(one, _handler(act)) for one, act in acts.items()}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _handler(act: Callable[[], None]) -> Callable[..., None]:
    return lambda *_: act()


def at_once() -> NoReturn:
    """End where it is: nothing is lost, but a service may keep it waiting."""
    for one in _ENDS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt
