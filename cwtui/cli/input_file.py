"""A file to read that is named by an argument, or standard input."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from cwtui.accounts.errors import CannotCheck
from cwtui.cli.errors import WrongUsage
from cwtui.host.untrusted_files import NotRegular, open_regular
from cwtui.language import _

STANDARD_INPUT: Final = "-"


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open the file. Raises WrongUsage if - is a terminal, and CannotCheck and OSError."""
    if file != STANDARD_INPUT:
        with os.fdopen(open_file(Path(file)), "rb") as source:
            yield source
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise WrongUsage(_("FILE is -, so it must come from a pipe or a file."))
    yield sys.stdin.buffer


def open_file(path: Path) -> int:
    """Return the descriptor of the open file. Raises CannotCheck for a pipe, and OSError."""
    try:
        return open_regular(path)
    except NotRegular as error:
        if not path.is_fifo():
            raise
        raise CannotCheck(
            _(
                "Cannot use {file}: {reason}. To read from a pipe, use - for standard input.",
                file=path,
                reason=error.strerror,
            )
        ) from None
