"""The servers: how each is written, and which of them are worth asking now."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

SKIP_SECONDS: Final = 30.0
"""How long a server that did not answer is passed over, as long as another one does."""

_PORTS: Final = {"ldap": 389, "ldaps": 636}
"""RFC 4516 section 2, and IANA's registry for ldaps."""

Protection: TypeAlias = Literal["ldaps", "starttls", "none"]


class Server(NamedTuple):
    url: str
    host: str
    port: int
    protection: Protection


def parsed(url: str, *, starttls: bool, plain_on_loopback: bool) -> Server:
    """The server of a URL such as ldaps://ldap.example.com:636. Raises ValueError."""
    from urllib.parse import urlsplit

    example = "write it as ldaps://HOST or ldap://HOST, with :PORT if need be"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"`servers` holds {url!r}: {example}") from None
    bare = parts._replace(scheme="", netloc="", path=parts.path.removesuffix("/"))
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or bare.geturl():
        raise ValueError(f"`servers` holds {url!r}: {example}")
    protection: Protection = (
        "ldaps" if parts.scheme == "ldaps" else "starttls" if starttls else "none"
    )
    if protection == "none":
        _check_plain(url, host, plain_on_loopback=plain_on_loopback)
    return Server(url, host, port or _PORTS[parts.scheme], protection)


def is_address(host: str) -> bool:
    """Whether it is an IP address rather than a name."""
    from ipaddress import ip_address

    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Whether an IP address leads to this host; a name does not count."""
    from ipaddress import ip_address

    return is_address(address) and ip_address(address).is_loopback


def _check_plain(url: str, host: str, *, plain_on_loopback: bool) -> None:
    if not plain_on_loopback:
        raise ValueError(
            f"`servers` holds {url!r}, over which passwords would travel unprotected: "
            "set starttls = true, or write ldaps://"
        )
    if host != "localhost" and not is_loopback(host):
        raise ValueError(
            f"`servers` holds {url!r}: unsafe_plain_ldap_on_loopback is for 127.0.0.1, ::1 and "
            "localhost alone; set starttls = true instead, or write ldaps://"
        )


class Servers:
    """The servers in their order; one that did not answer is passed over for a while."""

    def __init__(self, servers: Iterable[Server], clock: Callable[[], float]) -> None:
        self._servers = tuple(servers)
        self._clock = clock
        self._dead_until: dict[Server, float] = {}

    def in_turn(self) -> Iterator[tuple[Server, int]]:
        """Each server to ask, and how many are left with it. Where all are dead, all are asked."""
        now = self._clock()
        alive = [server for server in self._servers if self._dead_until.get(server, now) <= now]
        worth_asking = alive or self._servers
        for place, server in enumerate(worth_asking):
            yield server, len(worth_asking) - place

    def did_not_answer(self, server: Server) -> None:
        self._dead_until[server] = self._clock() + SKIP_SECONDS

    def answered(self, server: Server) -> None:
        self._dead_until.pop(server, None)
