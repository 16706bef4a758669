"""Writes to the terminal: everything, or else the application ends."""

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

from cwtui.ui.glyphs import encoded

_MOST_BYTES: Final = 1 << 16
"""How many bytes are collected before they are written."""
_SOON: Final = 0.02
"""Seconds within which a terminal accepts what is written, unless it is slow or stopped."""
_LOOK_EVERY: Final = 100
"""Milliseconds between two checks whether `let_go` was called."""


class Output:
    """The file that Textual's writing thread writes to. No method raises or waits forever.

    An exception would end the thread, and whatever writes next would wait for it forever. `failed`
    is called once, in that thread, if the terminal accepts no more output, such as after a hang-up.

    It does not use Python's files. If a terminal in non-blocking mode refuses data, they keep some
    of it, drop some and write some twice.
    """

    def __init__(
        self, file: TextIO, failed: Callable[[], None], charset: str | None = None
    ) -> None:
        self._charset = charset or file.encoding
        self._descriptor = file.fileno()
        self._failed = failed
        self._collected = bytearray()
        self._is_over = False
        self._waits_since: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the terminal lets what was written wait, so that more would be late."""
        since = self._waits_since
        return since is not None and time.monotonic() - since > _SOON

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._descriptor

    def write(self, text: str) -> None:
        """Write it now or with the next `flush`."""
        self._collected += encoded(text, self._charset)
        if len(self._collected) >= _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was collected. Wait until the terminal has accepted it, or for `let_go`."""
        data = memoryview(bytes(self._collected))
        self._collected.clear()
        try:
            while data and not self._is_over:
                self._waits_since = self._waits_since or time.monotonic()
                data = data[self._write(data) :]
        except OSError:
            self._is_over = True
            self._failed()
        self._waits_since = None

    def let_go(self) -> None:
        """Drop what was not written yet, and everything that follows."""
        self._is_over = True

    def _write(self, data: memoryview) -> int:
        """Return how many bytes the terminal has accepted."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll(_LOOK_EVERY)
            return 0


@contextmanager
def blocking(descriptor: int) -> Iterator[None]:
    """Use blocking mode in the `with` block, and restore the previous mode afterwards.

    An earlier program may have left the terminal in non-blocking mode, which belongs to the
    terminal and not to the process.
    """
    was_blocking = os.get_blocking(descriptor)
    os.set_blocking(descriptor, True)
    try:
        yield
    finally:
        with suppress(OSError):
            os.set_blocking(descriptor, was_blocking)
