"""Where a person signs in from: what is known about the far end of the terminal."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from cwtui.accounts.sources import CONSOLE, UNKNOWN_ADDRESS


def source_of(environ: Mapping[str, str]) -> str:
    """Return where the person is: the address that sshd puts into SSH_CONNECTION, or here.

    Somebody can come through sshd, but not from an address: through a pipe, for example.
    """
    return address_of(environ) or (UNKNOWN_ADDRESS if environ.get("SSH_CONNECTION") else CONSOLE)


def address_of(environ: Mapping[str, str]) -> str:
    """Return the client's address that sshd puts into SSH_CONNECTION; empty if there is none."""
    return normal_address(environ.get("SSH_CONNECTION", "").partition(" ")[0])


def normal_address(client: str) -> str:
    """Return the address in its usual form; empty if it is not an address."""
    try:
        # A link-local address may carry a zone, such as fe80::1%eth0.
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    # The same client has the same address, whether sshd listens on IPv4 only or on both.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
