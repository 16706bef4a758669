"""The new file for the initial passwords of many accounts."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cwtui.accounts.secret import Secret
from cwtui.host.files import cannot, close, discard, open_new, sync_folder, write_all

_COLUMNS: Final = {False: "initial_password", True: "invitation_code"}


class PasswordsFile:
    """A new file of mode 0600: CSV with the header line `username,initial_password`.

    With `invitations`, it is `username,invitation_code`, and if that is None, it has all three
    columns, of which one is empty. An empty file that a killed process left is as good as new.

    Raises OSError, and ValueError for a path with NUL or a lone surrogate.
    """

    def __init__(self, path: Path, *, invitations: bool | None = False) -> None:
        self.path = path
        self._kinds = (False, True) if invitations is None else (invitations,)
        self.count = 0
        """How many passwords are in the file."""
        self.descriptor = open_new(path, or_abandoned=True)

    def add(self, made: Iterable[tuple[str, Secret]], *, invited: bool | None = None) -> None:
        """Write these usernames and their passwords to disk. Raises CannotCheck.

        `invited`: they are invitation codes, for a file that has both.
        """
        is_first = not self.count
        header = [("username", *(_COLUMNS[kind] for kind in self._kinds))] if is_first else []
        rows = [(username, *self._cells(secret.reveal(), invited)) for username, secret in made]
        try:
            write_all(self.descriptor, _lines([*header, *rows]))
            os.fsync(self.descriptor)
        except OSError as error:
            raise cannot("write", self.path, error) from None
        if is_first:
            sync_folder(self.path.parent)
        self.count += len(rows)

    def _cells(self, revealed: str, invited: bool | None) -> list[str]:
        if len(self._kinds) == 1:
            return [revealed]
        return [revealed if kind is invited else "" for kind in self._kinds]

    def close(self, *, keep: bool = True) -> None:
        """Close the file. Remove it if it has no passwords, or unless `keep`."""
        if not (keep and self.count):
            discard(self.path)  # first, as nobody else may take it over
        close(self.descriptor)


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()
