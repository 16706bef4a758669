"""The servers: parse their URLs, and decide which to ask."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from cwtui.language import _

SKIP_SECONDS: Final = 30.0
"""How long a server that did not answer is skipped, if other servers are left."""

_PORTS: Final = {"ldap": 389, "ldaps": 636}
"""RFC 4516 section 2, and IANA's registry for ldaps."""

Protection: TypeAlias = Literal["ldaps", "starttls", "none"]


class Server(NamedTuple):
    url: str
    host: str
    port: int
    protection: Protection


def parsed(url: str, *, starttls: bool, plain_on_loopback: bool) -> Server:
    """Parse a URL such as ldaps://ldap.example.com:636. Raises ValueError."""
    from urllib.parse import urlsplit

    example = _("use ldaps://HOST or ldap://HOST, with :PORT if needed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            _("`{key}` contains {url!r}: {example}", key="servers", url=url, example=example)
        ) from None
    bare = parts._replace(scheme="", netloc="", path=parts.path.removesuffix("/"))
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or bare.geturl():
        raise ValueError(
            _("`{key}` contains {url!r}: {example}", key="servers", url=url, example=example)
        )
    protection: Protection = (
        "ldaps" if parts.scheme == "ldaps" else "starttls" if starttls else "none"
    )
    if protection == "none":
        _check_plain(url, host, plain_on_loopback=plain_on_loopback)
    return Server(url, host, port or _PORTS[parts.scheme], protection)


def is_address(host: str) -> bool:
    """Whether the host is an IP address rather than a name."""
    from ipaddress import ip_address

    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Whether the address is a loopback IP address; names do not count."""
    from ipaddress import ip_address

    return is_address(address) and ip_address(address).is_loopback


def _check_plain(url: str, host: str, *, plain_on_loopback: bool) -> None:
    if not plain_on_loopback:
        raise ValueError(
            _(
                "`{key}` contains {url!r}, which would send passwords unencrypted: "
                "set starttls = true, or use ldaps://",
                key="servers",
                url=url,
            )
        )
    if host != "localhost" and not is_loopback(host):
        raise ValueError(
            _(
                "`{key}` contains {url!r}: unsafe_plain_ldap_on_loopback allows only 127.0.0.1, "
                "::1 and localhost; set starttls = true instead, or use ldaps://",
                key="servers",
                url=url,
            )
        )


class Servers:
    """The servers in configured order; one that did not answer is skipped for a while."""

    def __init__(self, servers: Iterable[Server], clock: Callable[[], float]) -> None:
        self._servers = tuple(servers)
        self._clock = clock
        self._dead_until: dict[Server, float] = {}

    def in_turn(self) -> Iterator[tuple[Server, int]]:
        """Yield each server to ask, and how many are left including it.

        If no server answered recently, all are asked.
        """
        now = self._clock()
        alive = [server for server in self._servers if self._dead_until.get(server, now) <= now]
        worth_asking = alive or self._servers
        for place, server in enumerate(worth_asking):
            yield server, len(worth_asking) - place

    def did_not_answer(self, server: Server) -> None:
        self._dead_until[server] = self._clock() + SKIP_SECONDS

    def answered(self, server: Server) -> None:
        self._dead_until.pop(server, None)
