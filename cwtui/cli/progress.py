"""Progress bars for long-running commands, only on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from cwtui.accounts.progress import ShowProgress


@contextmanager
def progress(what: str) -> Iterator[ShowProgress]:
    """Show a progress bar on standard error, and yield the function that updates it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    with click.progressbar(length=1, label=what, file=sys.stderr) as bar:

        def tell(done: int, of: int) -> None:
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        yield tell
