"""Read files that hold secrets for cwtui: the operator's files, or systemd credentials."""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.text import visible
from cwtui.host.reasons import reason_of
from cwtui.host.trust import why_untrusted
from cwtui.host.untrusted_files import open_regular, read_opened
from cwtui.language import _

_BY_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP
"""The group may read the file, as for a service whose configuration belongs to root."""
_MOST_OF_PASSWORD: Final = 8192
"""The maximum size in bytes of a file with a password."""


class SecretFile(NamedTuple):
    """A file, or a systemd credential if `file` is empty.

    `what` names the secret in error messages; `key` is the file's key in the configuration.
    `refusal` is what is raised.
    """

    what: str
    key: str
    file: str
    credential: str
    refusal: type[CannotCheck] = CannotCheck

    def read(self, most: int) -> bytes:
        """Return the content, at most `most` bytes.

        Raises `refusal`, also if other users can read or replace the file.
        """
        path = self.path()
        try:
            descriptor = open_regular(path)
            try:
                mode = os.fstat(descriptor).st_mode
                content = read_opened(descriptor, most, path)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self.unusable(reason_of(error)) from None
        except ValueError:  # a lone surrogate, or NUL
            raise self.unusable(_("the file name is not valid")) from None
        # systemd protects credentials with their folder.
        if self.file and stat.S_IMODE(mode) & _BY_OTHERS:
            raise self.refusal(
                _(
                    "Other users can access {what} in {path}. "
                    "Replace the secret, then run: chmod 600 {path}",
                    what=self.what,
                    path=visible(str(path)),
                )
            )
        untrusted = why_untrusted(path) if self.file else None
        if untrusted:
            raise self.refusal(untrusted)
        return content

    def password(self) -> str:
        """Return the only line of the file. Raises `refusal`, also for any other content."""
        content = self.read(_MOST_OF_PASSWORD)
        try:
            line, _newline, rest = content.decode().rstrip("\r\n").partition("\n")
        except UnicodeDecodeError:
            raise self.unusable(_("it is not UTF-8")) from None
        if not line or rest or "\0" in line:
            raise self.unusable(_("it must contain only the password, on one line"))
        return line

    def path(self) -> Path:
        """Return the path. Raises `refusal` if systemd provided no credentials."""
        if self.file:
            return Path(self.file)
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise self.refusal(
                _(
                    "The systemd credential {credential} is missing: CREDENTIALS_DIRECTORY is not "
                    "set. Start cwtui in a unit with LoadCredential=, or set {key}.",
                    credential=visible(self.credential),
                    key=self.key,
                )
            )
        return Path(folder) / self.credential

    def unusable(self, reason: str) -> CannotCheck:
        path = visible(str(self.path()))
        return self.refusal(
            _("Cannot read {what} from {path}: {reason}.", what=self.what, path=path, reason=reason)
        )
