"""Progress of long-running commands: a bar on a terminal, elsewhere a line now and then.

Both say how long it has taken so far, and how long the rest will take at this speed.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from cwtui.accounts.progress import ShowProgress, as_clock, seconds_left
from cwtui.cli.output import say
from cwtui.language import _

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_LINE_EVERY: Final = 10.0
"""Seconds."""
_BAR: Final = 20
"""Columns of the bar. With the times beside it, the line fits 80."""


@contextmanager
def progress(what: str) -> Iterator[ShowProgress]:
    """Show a progress bar on standard error, and yield the function that updates it.

    If that is no terminal, it gets a line every ten seconds, so that logs say how far it is.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield _lines(what)
        return
    began, times = time.monotonic(), ""
    drawn: ProgressBar[int] = click.progressbar(
        length=1,
        label=what,
        file=sys.stderr,
        width=_BAR,
        show_eta=False,
        item_show_func=lambda _: times,
    )
    with drawn as bar:

        def tell(done: int, of: int) -> None:
            nonlocal times
            times = _times(time.monotonic() - began, done, of)
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        yield tell


def _lines(what: str) -> ShowProgress:
    began = said_at = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= _LINE_EVERY:
            said_at = now
            times = _times(now - began, done, of)
            percent = 100 * done // max(of, 1)
            say(_("{what}: {percent} %, {times}", what=what, percent=percent, times=times))

    return tell


def _times(elapsed: float, done: int, of: int) -> str:
    """Return how many seconds have passed, and about how many are left if that can be known."""
    so_far, left = as_clock(elapsed), seconds_left(elapsed, done, of)
    if left is None:
        return _("{time} elapsed", time=so_far)
    return _("{time} elapsed, about {rest} left", time=so_far, rest=as_clock(left))
