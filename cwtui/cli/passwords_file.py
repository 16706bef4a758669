"""The new file for the initial passwords of many accounts."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from cwtui.accounts.errors import AlreadyExists, Refused
from cwtui.accounts.secret import Secret
from cwtui.cli.output import say
from cwtui.host.files import cannot, closed, discard, sync_folder, write_all

Keep: TypeAlias = Callable[[Iterable[tuple[str, Secret]]], None]
"""Writes usernames and their initial passwords to disk. Raises CannotCheck."""


@contextmanager
def passwords_file(path: Path | None) -> Iterator[Keep]:
    """Create the file, and yield the function that writes to it.

    At the end the file is removed if it has no passwords or, as they are not valid, after Refused.
    Raises AlreadyExists and OSError.
    """
    if path is None:
        yield lambda _: None
        return
    is_written = False
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        opened = os.open(path, flags, 0o600)
    except FileExistsError:
        raise AlreadyExists(f"{path} exists. Name a new file for the initial passwords.") from None
    with closed(opened) as descriptor:

        def keep(made: Iterable[tuple[str, Secret]]) -> None:
            nonlocal is_written
            header = [] if is_written else [("username", "initial_password")]
            rows = [*header, *((name, password.reveal()) for name, password in made)]
            try:
                write_all(descriptor, _lines(rows))
                os.fsync(descriptor)
            except OSError as error:
                raise cannot("write", path, error) from None
            if not is_written:
                sync_folder(path.parent)
            is_written = True

        try:
            yield keep
        except Refused:
            is_written = False
            raise
        except BaseException:
            if is_written:
                say(
                    f"{path} is kept, as some of its passwords may be valid. Look with: cwtui user "
                    "list"
                )
            raise
        finally:
            if not is_written:
                discard(path)


def _lines(rows: Iterable[tuple[str, str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()
