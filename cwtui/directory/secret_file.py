"""Files with a secret of cwtui's own: of the operator's, or credentials of systemd."""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.text import visible
from cwtui.host.trust import why_untrusted
from cwtui.host.untrusted_files import open_regular, read_opened

_BY_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP
"""Its group may read it: that of a service whose configuration belongs to root."""


class SecretFile(NamedTuple):
    """`what` names it in sentences. Without a `file`, it is the credential of that name.

    `key` is that of [directory] for a file.
    """

    what: str
    key: str
    file: str
    credential: str

    def read(self, most: int) -> bytes:
        """All of it, at most so many bytes. Raises DirectoryMisconfigured, also where others on
        this host can read it or replace it.
        """
        path = self.path()
        try:
            descriptor = open_regular(path)
            try:
                mode = os.fstat(descriptor).st_mode
                content = read_opened(descriptor, most, path)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "no file can have that name").lower()
            raise self.unusable(reason) from None
        # systemd guards credentials by their folder.
        if self.file and stat.S_IMODE(mode) & _BY_OTHERS:
            raise DirectoryMisconfigured(
                f"Others on this host can reach {self.what} in {visible(str(path))}. "
                f"Change it, then run: chmod 600 {visible(str(path))}"
            )
        untrusted = why_untrusted(path) if self.file else None
        if untrusted:
            raise DirectoryMisconfigured(untrusted)
        return content

    def path(self) -> Path:
        """Raises DirectoryMisconfigured."""
        if self.file:
            return Path(self.file)
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise DirectoryMisconfigured(
                f"There is no systemd credential {visible(self.credential)}: "
                "CREDENTIALS_DIRECTORY is not set. Start cwtui in a unit with LoadCredential=, or "
                f"set {self.key}."
            )
        return Path(folder) / self.credential

    def unusable(self, reason: str) -> DirectoryMisconfigured:
        path = visible(str(self.path()))
        return DirectoryMisconfigured(f"Cannot read {self.what} from {path}: {reason}.")
