"""A file to read that is named by an argument, or standard input."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from cwtui.cli.errors import WrongUsage
from cwtui.host.untrusted_files import open_regular
from cwtui.language import _

STANDARD_INPUT: Final = "-"


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open the file. Raises WrongUsage if - is a terminal, and OSError."""
    if file != STANDARD_INPUT:
        with os.fdopen(open_regular(Path(file)), "rb") as source:
            yield source
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise WrongUsage(_("FILE is -, so it must come from a pipe or a file."))
    yield sys.stdin.buffer
