"""The new file for the initial passwords of many accounts."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from cwtui.accounts.secret import Secret
from cwtui.host.files import cannot, close, discard, open_new, sync_folder, write_all


class PasswordsFile:
    """A new file of mode 0600: CSV with the header line `username,initial_password`.

    With `invitations`, it is `username,invitation_code`. An empty file that a killed process left
    is as good as new.

    Raises OSError, and ValueError for a path with NUL or a lone surrogate.
    """

    def __init__(self, path: Path, *, invitations: bool = False) -> None:
        self.path = path
        self._what = "invitation_code" if invitations else "initial_password"
        self.count = 0
        """How many passwords are in the file."""
        self.descriptor = open_new(path, or_abandoned=True)

    def add(self, made: Iterable[tuple[str, Secret]]) -> None:
        """Write these usernames and their passwords to disk. Raises CannotCheck."""
        is_first = not self.count
        header = [("username", self._what)] if is_first else []
        rows = [(username, password.reveal()) for username, password in made]
        try:
            write_all(self.descriptor, _lines([*header, *rows]))
            os.fsync(self.descriptor)
        except OSError as error:
            raise cannot("write", self.path, error) from None
        if is_first:
            sync_folder(self.path.parent)
        self.count += len(rows)

    def close(self, *, keep: bool = True) -> None:
        """Close the file. Remove it if it has no passwords, or unless `keep`."""
        if not (keep and self.count):
            discard(self.path)  # first, as nobody else may take it over
        close(self.descriptor)


def _lines(rows: Iterable[tuple[str, str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()
