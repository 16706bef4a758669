"""Ends the process after a signal, or if its terminal is gone, even if the event loop hangs."""

import os
import select
import signal
import time
from collections.abc import Callable
from threading import Thread
from typing import Final

ENDING_SIGNALS: Final[dict[int, str]] = {
    signal.SIGHUP: "hang-up",
    signal.SIGTERM: "terminated",
    signal.SIGINT: "interrupted",
    signal.SIGQUIT: "quit",
    **dict.fromkeys(
        (
            signal.SIGUSR1,
            signal.SIGUSR2,
            signal.SIGALRM,
            signal.SIGVTALRM,
            signal.SIGPROF,
            signal.SIGPOLL,
            signal.SIGPWR,
            signal.SIGXCPU,
        ),
        "signal",
    ),
}
"""Each signal with the reason for the audit log.

No key sends SIGINT or SIGQUIT, because the terminal is in raw mode. Nothing here uses the last
eight, but they would end the process and leave the terminal in raw mode.
"""
_TAKEN: Final = frozenset({*ENDING_SIGNALS, signal.SIGWINCH})
"""SIGWINCH is included because of windows that are resized very fast. Python would call its handler
again before the last call has finished, up to a RecursionError. The event loop's own handler would
deadlock once its pipe is full.
"""
_LOOK_EVERY: Final = 1.0
_BETWEEN_SIZES: Final = 0.02
"""Seconds. If the size changes several times within this time, only the last is reported."""
ORDERLY_SECONDS: Final = 1.0
"""How long leaving may take before output to the terminal is dropped."""
LAST_SECONDS: Final = 3.0
"""How long leaving may take before the process ends anyway."""


class Watchdog:
    """A thread that receives the ending signals and checks whether the terminal is still there.

    It asks the application to leave, then gives up on a terminal that accepts no more output, and
    finally restores the terminal and ends the process. If the thread itself fails, it ends the
    process at once, because nothing else receives these signals.
    """

    def __init__(
        self,
        terminal: int,
        leave: Callable[[str], None],
        let_go: Callable[[], None],
        restore: Callable[[], None],
        resized: Callable[[], None] = lambda: None,
    ) -> None:
        self._terminal = terminal
        self._leave = leave
        self._let_go = let_go
        self._restore = restore
        self._resized = resized

    def start(self) -> None:
        """Watch until the process ends. Call it once, before other threads are started."""
        # All threads inherit this mask, so only the watchdog receives these signals.
        signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        try:
            # No other signal may interrupt the wait: see _reason.
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            self._wait_and_leave()
        finally:
            try:
                self._restore()
            finally:
                os._exit(1)

    def _wait_and_leave(self) -> None:
        while (reason := self._reason()) is None:
            pass
        begun = time.monotonic()
        self._leave(reason)
        while (waited := time.monotonic() - begun) < LAST_SECONDS:
            time.sleep(0.05)
            if waited >= ORDERLY_SECONDS:
                self._let_go()

    def _reason(self) -> str | None:
        """Return why to end the process, or None after a second without a reason."""
        taken = signal.sigtimedwait(_TAKEN, _LOOK_EVERY)
        # CPython may return an arbitrary number if the time runs out just as something interrupts
        # the call: a signal, or SIGSTOP, which cannot be blocked.
        if taken is not None and taken.si_signo in ENDING_SIGNALS:
            return ENDING_SIGNALS[taken.si_signo]
        if taken is not None and taken.si_signo == signal.SIGWINCH:
            self._resized()
            time.sleep(_BETWEEN_SIZES)
        return "hang-up" if is_gone(self._terminal) else None


def is_gone(terminal: int) -> bool:
    """Whether nothing is at the other end of the terminal any more."""
    poll = select.poll()
    poll.register(terminal, 0)
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return any(event & gone for _, event in poll.poll(0))
