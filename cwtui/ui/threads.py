"""Threads for calls that may hang, on a dead network disk for example: leaving waits a moment only.

Python waits for the threads of its own pool, without end, when the event loop closes and again
when the process ends. Those here are daemons: a call that is cut off is as if the process had been
killed, and every write has to stand that anyway.
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
"""Seconds that calls have to end, once the application is left."""
_LOOK_EVERY: Final = 0.01


class PatientThreads(ThreadPoolExecutor):
    """A pool for `loop.set_default_executor`, which takes no other type; its methods are replaced.

    Has at most `most` threads; of calls that wait for one, those that were cancelled are dropped.
    """

    def __init__(self, most: int = 8) -> None:
        super().__init__(most, "call")
        self._most = most
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = Lock()
        self._threads_made = 0
        self._open = 0
        """Calls that wait or run."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = call(*args, **kwargs)
                except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
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
        """Wait `PATIENCE` seconds for what runs, and no longer."""
        del cancel_futures
        until = time.monotonic() + PATIENCE
        while wait and self._open and time.monotonic() < until:
            time.sleep(_LOOK_EVERY)


def call_within(seconds: float, call: Callable[[], T], otherwise: T) -> T:
    """What the call returns; `otherwise` if it takes longer, and it is left to itself.

    Raises what the call raises.
    """
    future: Future[T] = PatientThreads(1).submit(call)
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        return otherwise
