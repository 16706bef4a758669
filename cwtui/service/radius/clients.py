"""Who may ask over RADIUS, with the secret of each."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.host.secret_file import SecretFile
from cwtui.language import _, grouped

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

SHORTEST: Final = 16
"""Characters of a secret: RFC 2865 section 3 asks for 16 octets."""
_LONGEST: Final = 128
_MOST_CLIENTS: Final = 1000


@dataclass(frozen=True)
class Clients:
    """Secrets by network. Looking for one takes as many steps as there are sizes of networks."""

    _secrets: Mapping[tuple[int, int], Mapping[int, Secret]]
    """By version and length of the prefix, the longest first, then by the prefix."""

    @classmethod
    def load(cls, files: Mapping[str, str]) -> Self:
        """Read all secrets. Raises CannotCheck."""
        if not files:
            raise CannotCheck(
                _(
                    "RADIUS has no clients. Add them to [radius.clients] in the configuration; "
                    "see: cwtui help doors"
                )
            )
        if len(files) > _MOST_CLIENTS:
            raise CannotCheck(
                _("[radius.clients] can have at most {most} clients.", most=grouped(_MOST_CLIENTS))
            )
        found: dict[tuple[int, int], dict[int, Secret]] = {}
        for name, file in files.items():
            network = _network(name)
            same = found.setdefault((network.version, network.prefixlen), {})
            prefix = _prefix(network.network_address, network.prefixlen)
            if prefix in same:
                raise CannotCheck(_("[radius.clients] has {network} twice.", network=network))
            same[prefix] = _secret(name, file)
        return cls(dict(sorted(found.items(), key=lambda item: -item[0][1])))

    def secret_of(self, address: Address) -> Secret | None:
        """Return the secret of the smallest network with this address; None if there is none."""
        for (version, length), secrets in self._secrets.items():
            if version == address.version:
                secret = secrets.get(_prefix(address, length))
                if secret is not None:
                    return secret
        return None


def plain(address: str) -> Address:
    """Return the address; one of IPv4 as such, even if it came through a socket of IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _network(name: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(name)
    except ValueError:
        raise CannotCheck(
            _(
                "[radius.clients]: {name} is neither an address nor a network, such "
                "as 192.0.2.10 or 192.0.2.0/24.",
                name=visible(name)[:100],
            )
        ) from None


def _prefix(address: Address, length: int) -> int:
    return int(address) >> (address.max_prefixlen - length)


def _secret(name: str, path: str) -> Secret:
    file = SecretFile(_("the RADIUS secret of {name}", name=name), "radius.clients", path, "")
    try:
        secret = file.read(_LONGEST + 2).decode("ascii").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise file.unusable(_("it must contain only ASCII")) from None
    if not secret.isprintable() or " " in secret:
        raise file.unusable(_("it must contain only the secret, on one line without spaces"))
    if not SHORTEST <= len(secret) <= _LONGEST:
        # MD5 is quick: whoever records one packet can try billions of secrets each second.
        raise file.unusable(
            _(
                "the secret needs {shortest} to {longest} characters, because whoever records a "
                "packet can guess it without asking this host. Make one with: openssl rand -base64 "
                "24",
                shortest=SHORTEST,
                longest=_LONGEST,
            )
        )
    return Secret(secret)
