"""Python's logging at its most verbose, in memory."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Log(logging.Handler):
    """Each line once."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.add(self.format(record))


@contextmanager
def logged() -> Iterator[Log]:
    """All that is logged in the block, and only here: pytest's two copies take longer."""
    log, root = Log(), logging.getLogger()
    before, others = root.level, root.handlers[:]
    root.handlers[:] = [log]
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.handlers[:] = others
        root.setLevel(before)
