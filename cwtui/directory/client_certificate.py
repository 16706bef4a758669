"""The certificate that cwtui shows to servers that demand one: read each time anew."""

import ssl
from typing import Final

from cwtui.directory.config import DirectoryConfig
from cwtui.directory.secret_file import SecretFile

_MOST: Final = 65536
"""In bytes."""


def show(context: ssl.SSLContext, config: DirectoryConfig) -> bool:
    """Let the context show it; False where there is none. Raises DirectoryMisconfigured."""
    if not (config.client_certificate_file or config.client_certificate_credential):
        return False
    file = SecretFile(
        "the client certificate",
        "client_certificate_file",
        config.client_certificate_file,
        config.client_certificate_credential,
    )
    file.read(_MOST)
    try:
        # Without a password, OpenSSL would ask for that of an encrypted key on the terminal.
        context.load_cert_chain(file.path(), password="")
    except OSError:  # ssl.SSLError is one
        raise file.unusable(
            "it has to hold the certificate and its key in PEM, the key without a password"
        ) from None
    return True
