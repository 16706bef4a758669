"""Progress of long-running commands: a bar on a terminal, elsewhere a line now and then."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from cwtui.accounts.progress import ShowProgress
from cwtui.cli.output import say
from cwtui.language import _

_LINE_EVERY: Final = 10.0
"""Seconds."""


@contextmanager
def progress(what: str) -> Iterator[ShowProgress]:
    """Show a progress bar on standard error, and yield the function that updates it.

    If that is no terminal, it gets a line every ten seconds, so that logs say how far it is.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield _lines(what)
        return
    with click.progressbar(length=1, label=what, file=sys.stderr) as bar:

        def tell(done: int, of: int) -> None:
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        yield tell


def _lines(what: str) -> ShowProgress:
    said_at = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= _LINE_EVERY:
            said_at = now
            say(_("{what}: {percent} %", what=what, percent=100 * done // max(of, 1)))

    return tell
