"""The new file for initial passwords that an import makes."""

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cwtui.accounts.errors import AlreadyExists, Refused
from cwtui.accounts.importing.creating import New
from cwtui.cli.output import say
from cwtui.host.files import closed, discard, sync_folder, write_all


@contextmanager
def passwords_file(path: Path | None) -> Iterator[Callable[[Sequence[New]], None]]:
    """Create the file, and yield the function that writes the passwords to disk.

    After an exception the file is removed, unless the accounts may exist by then. Raises
    AlreadyExists and OSError.
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

        def hand_over(made: Sequence[New]) -> None:
            nonlocal is_written
            write_all(descriptor, _content(made))
            os.fsync(descriptor)
            sync_folder(path.parent)
            is_written = True

        try:
            yield hand_over
        except Refused:
            discard(path)
            raise
        except BaseException:
            if is_written:
                say(
                    f"{path} is kept, as some of its accounts may exist. Look with: cwtui user list"
                )
            else:
                discard(path)
            raise


def _content(made: Sequence[New]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("username", "initial_password"))
    writer.writerows(
        (one.account.username, one.password.reveal()) for one in made if one.password is not None
    )
    return written.getvalue().encode()
