"""Ends the process when it is told to or its terminal is gone, whatever the event loop is doing."""

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
"""Each with the reason for the audit log.

No key sends SIGINT or SIGQUIT: the terminal is in raw mode. Nothing here uses the last eight, which
would end the process and leave the terminal raw.
"""
_TAKEN: Final = frozenset({*ENDING_SIGNALS, signal.SIGWINCH})
"""Python would call its own handler of SIGWINCH amid its last call, where a window is resized very
fast, up to a RecursionError; and the event loop's deadlocks once its pipe is full.
"""
_LOOK_EVERY: Final = 1.0
_BETWEEN_SIZES: Final = 0.02
"""Seconds. Of the sizes that a window has meanwhile, only the last one is told."""
ORDERLY_SECONDS: Final = 1.0
"""How long leaving may take, before what is written to the terminal is given up."""
LAST_SECONDS: Final = 3.0
"""How long leaving may take, before the process ends all the same."""


class Watchdog:
    """A thread that takes the ending signals and looks whether the terminal is there.

    It asks the application to leave, then lets go of a terminal that takes no more output, and in
    the end restores the terminal and ends the process. If the thread itself fails, it ends the
    process at once: the signals that it takes would reach nobody.
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
        # Threads inherit this: the signals come to the watchdog, which waits for nothing else.
        signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        try:
            # No other signal interrupts the waiting: see _reason.
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
        """Why to end; None after a second without a reason."""
        taken = signal.sigtimedwait(_TAKEN, _LOOK_EVERY)
        # CPython answers with a number of any value where the time runs out just as something
        # interrupts it: a signal, or a stop by SIGSTOP, which cannot be blocked.
        if taken is not None and taken.si_signo in ENDING_SIGNALS:
            return ENDING_SIGNALS[taken.si_signo]
        if taken is not None and taken.si_signo == signal.SIGWINCH:
            self._resized()
            time.sleep(_BETWEEN_SIZES)
        return "hang-up" if is_gone(self._terminal) else None


def is_gone(terminal: int) -> bool:
    """Whether nobody is at the other end of the terminal any more."""
    poll = select.poll()
    poll.register(terminal, 0)
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return any(event & gone for _, event in poll.poll(0))
