"""The bind account's password: from a file or a systemd credential, read each time anew."""

from typing import Final

from cwtui.accounts.secret import Secret
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.secret_file import SecretFile

_MOST: Final = 8192
"""In bytes."""


def read(config: DirectoryConfig) -> Secret:
    """The first line of the file. Raises DirectoryMisconfigured."""
    file = SecretFile(
        "the bind password",
        "bind_password_file",
        config.bind_password_file,
        config.bind_password_credential,
    )
    content = file.read(_MOST)
    try:
        line, _, rest = content.decode().rstrip("\r\n").partition("\n")
    except UnicodeDecodeError:
        raise file.unusable("it is not UTF-8") from None
    if not line or rest or "\0" in line:
        raise file.unusable("it is not one line with the password alone")
    return Secret(line)
