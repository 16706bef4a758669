"""The bind account's password: from a file or a systemd credential, read each time anew."""

import os
import stat
from pathlib import Path
from typing import Final

from cwtui.accounts.directory import DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.directory.config import DirectoryConfig
from cwtui.trust import why_untrusted

_MOST: Final = 8192
"""In bytes."""

_BY_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP
"""Its group may read it: that of a service whose configuration belongs to root."""


def read(config: DirectoryConfig) -> Secret:
    """The first line of the file. Raises DirectoryMisconfigured."""
    path = _path(config)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no file can have that name").lower()
        raise _unusable(path, reason) from None
    if config.bind_password_file and stat.S_IMODE(mode) & _BY_OTHERS:
        raise DirectoryMisconfigured(
            f"Others on this host can reach the bind password in {visible(str(path))}. "
            f"Change it, then run: chmod 600 {visible(str(path))}"
        )
    untrusted = why_untrusted(path) if config.bind_password_file else None
    if untrusted:
        raise DirectoryMisconfigured(untrusted)
    try:
        line, _, rest = content.decode().rstrip("\r\n").partition("\n")
    except UnicodeDecodeError:
        raise _unusable(path, "it is not UTF-8") from None
    if not line or rest or len(content) > _MOST or "\0" in line:
        raise _unusable(path, "it is not one line with the password alone")
    return Secret(line)


def _path(config: DirectoryConfig) -> Path:
    if config.bind_password_file:
        return Path(config.bind_password_file)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise DirectoryMisconfigured(
            f"There is no systemd credential {visible(config.bind_password_credential)}: "
            "CREDENTIALS_DIRECTORY is not set. Start cwtui in a unit with LoadCredential=, or set "
            "bind_password_file."
        )
    return Path(folder) / config.bind_password_credential


def _unusable(path: Path, reason: str) -> DirectoryMisconfigured:
    return DirectoryMisconfigured(
        f"Cannot read the bind password from {visible(str(path))}: {reason}."
    )
