"""The client certificate for servers that require one, re-read each time."""

import ssl
from typing import Final

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.directory.config import DirectoryConfig
from cwtui.host.secret_file import SecretFile
from cwtui.language import _

_MOST: Final = 65536
"""The maximum file size in bytes."""


def show(context: ssl.SSLContext, config: DirectoryConfig) -> bool:
    """Load the certificate into the context. Returns False if none is configured.

    Raises DirectoryMisconfigured.
    """
    if not (config.client_certificate_file or config.client_certificate_credential):
        return False
    file = SecretFile(
        _("the client certificate"),
        "client_certificate_file",
        config.client_certificate_file,
        config.client_certificate_credential,
        DirectoryMisconfigured,
    )
    file.read(_MOST)
    try:
        # Without a password here, OpenSSL would ask for an encrypted key's on the terminal.
        context.load_cert_chain(file.path(), password="")
    except OSError:  # includes ssl.SSLError
        raise file.unusable(
            _("it must contain the certificate and its unencrypted key in PEM format")
        ) from None
    return True
