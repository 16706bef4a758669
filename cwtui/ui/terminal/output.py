"""The terminal as a file that is written to: all of it, or the application ends."""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

from cwtui.ui.glyphs import encoded

_MOST_BYTES: Final = 1 << 16
"""How much is collected before it is written."""
_LOOK_EVERY: Final = 100
"""Milliseconds between two looks whether `let_go` was called."""


class Output:
    """What Textual's writing thread writes to. No method raises or waits for ever.

    The thread would end, and the next to write would wait for it for ever. `failed` is called once,
    in that thread, when the terminal takes no more, such as after a hang-up.

    It writes by itself: of what a terminal in non-blocking mode refuses, Python's files keep some,
    drop some and write some twice.
    """

    def __init__(
        self, file: TextIO, failed: Callable[[], None], charset: str | None = None
    ) -> None:
        self._charset = charset or file.encoding
        self._descriptor = file.fileno()
        self._failed = failed
        self._collected = bytearray()
        self._is_over = False

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._descriptor

    def write(self, text: str) -> None:
        """Write it now or with the next `flush`."""
        self._collected += encoded(text, self._charset)
        if len(self._collected) >= _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was collected; wait until the terminal has taken it, or `let_go`."""
        data = memoryview(bytes(self._collected))
        self._collected.clear()
        try:
            while data and not self._is_over:
                data = data[self._write(data) :]
        except OSError:
            self._is_over = True
            self._failed()

    def let_go(self) -> None:
        """Drop what was not written, and all that comes."""
        self._is_over = True

    def _write(self, data: memoryview) -> int:
        """How many bytes the terminal has taken."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll(_LOOK_EVERY)
            return 0


@contextmanager
def blocking(descriptor: int) -> Iterator[None]:
    """Writing waits until it is taken; afterwards as before.

    A program that ran before may have left the terminal in non-blocking mode, which is the
    terminal's and not the process's.
    """
    was_blocking = os.get_blocking(descriptor)
    os.set_blocking(descriptor, True)
    try:
        yield
    finally:
        with suppress(OSError):
            os.set_blocking(descriptor, was_blocking)
