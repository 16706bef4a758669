"""Where a person sits: what is known of the far end of the terminal."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Final

CONSOLE: Final = "local console"


def source_of(environ: Mapping[str, str]) -> str:
    """The client's address that sshd tells in SSH_CONNECTION, else the local console."""
    client = environ.get("SSH_CONNECTION", "").partition(" ")[0]
    try:
        # A link-local address may carry a zone, such as fe80::1%eth0.
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return CONSOLE
    # The same client, whether sshd listens on IPv4 or on both.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
