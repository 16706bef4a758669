"""The bind account's password, re-read from a file or systemd credential each time."""

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.directory.config import DirectoryConfig
from cwtui.host.secret_file import SecretFile
from cwtui.language import _


def read(config: DirectoryConfig) -> Secret:
    """Return the password, the file's only line. Raises DirectoryMisconfigured."""
    file = SecretFile(
        _("the bind password"),
        "bind_password_file",
        config.bind_password_file,
        config.bind_password_credential,
        DirectoryMisconfigured,
    )
    return Secret(file.password())
