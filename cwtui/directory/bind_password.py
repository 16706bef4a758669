"""The bind account's password, re-read from a file or systemd credential each time."""

from typing import Final

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.directory.config import DirectoryConfig
from cwtui.host.secret_file import SecretFile

_MOST: Final = 8192
"""The maximum file size in bytes."""


def read(config: DirectoryConfig) -> Secret:
    """Return the password, the file's only line. Raises DirectoryMisconfigured."""
    file = SecretFile(
        "the bind password",
        "bind_password_file",
        config.bind_password_file,
        config.bind_password_credential,
        DirectoryMisconfigured,
    )
    content = file.read(_MOST)
    try:
        line, _, rest = content.decode().rstrip("\r\n").partition("\n")
    except UnicodeDecodeError:
        raise file.unusable("it is not UTF-8") from None
    if not line or rest or "\0" in line:
        raise file.unusable("it must contain only the password, on one line")
    return Secret(line)
