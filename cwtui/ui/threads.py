"""Threads for calls that may hang, such as on a dead network disk. Leaving waits only briefly.

Python waits for the threads of its own pool without a limit, when the event loop closes and again
when the process ends. The threads here are daemons. Cutting off a call is like killing the process,
and every write must survive that anyway.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 2.0
"""How many seconds calls may take to finish once the application is left."""
_LOOK_EVERY: Final = 0.01


class PatientThreads(ThreadPoolExecutor):
    """A thread pool whose calls may be abandoned. `loop.set_default_executor` requires this type.

    It has at most `most` threads. Calls that are cancelled while they wait for one are dropped.
    """

    def __init__(self, most: int = 8) -> None:
        super().__init__(most, "call")
        self._most = most
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = Lock()
        self._threads_made = 0
        self._open = 0
        """The number of calls that are waiting or running."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = call(*args, **kwargs)
                except BaseException as error:  # noqa: BLE001  raised again where the result is awaited
                    future.set_exception(error)
                else:
                    future.set_result(result)

        with self._lock:
            self._open += 1
            needs_thread = self._threads_made < min(self._open, self._most)
            self._threads_made += needs_thread
        self._calls.put(run)
        if needs_thread:
            Thread(target=self._work, name="call", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            self._calls.get()()
            with self._lock:
                self._open -= 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait at most `PATIENCE` seconds for running calls."""
        del cancel_futures
        until = time.monotonic() + PATIENCE
        while wait and self._open and time.monotonic() < until:
            time.sleep(_LOOK_EVERY)


def call_within(seconds: float, call: Callable[[], T], otherwise: T) -> T:
    """Return the result of the call, or `otherwise` if it takes too long.

    The call then continues by itself. Raises what the call raises.
    """
    future: Future[T] = PatientThreads(1).submit(call)
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        return otherwise
