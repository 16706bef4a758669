"""The URL of a database: what it may contain, and what is added to it.

psycopg is not needed to check a URL, because a configuration with one must load quickly.
"""

from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from cwtui.language import _

_SECRETS: Final = ("password", "sslpassword", "oauth_client_secret", "scram_client_key")
_SHOWN: Final = 200


class BadAddress(ValueError):
    """The URL cannot be used. The text says why, and shows no password."""


def check(url: str) -> None:
    """Raise BadAddress for a URL that cannot be used, above all for one with a password.

    Others can read a password in a URL: in the list of processes, in the environment, in shell
    histories and in configuration files that are not secret.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise BadAddress(_("The store's URL is not valid: {error}.", error=error)) from None
    if "\0" in unquote(url) or len(url) > 4 * _SHOWN:
        raise BadAddress(_("The store's URL is too long or contains a NUL character."))
    user = parts.netloc.rpartition("@")[0]
    if ":" in user or any(name.lower() in _SECRETS for name, _ in query):
        raise BadAddress(
            _(
                "The store's URL contains a password, which other users of this host can see. Put "
                "it into a file and name that in store.password_file, or use ~/.pgpass or a "
                "service file. See: cwtui help postgresql"
            )
        )


def shown(url: str) -> str:
    """Return the URL for messages and lists, without its parameters."""
    return url.partition("?")[0]


def is_near(hosts: str) -> bool:
    """Whether all of these hosts, separated by commas, are this one: sockets and loopback."""
    return all(map(_is_near, hosts.split(",")))


def _is_near(host: str) -> bool:
    host = unquote(host.strip())
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
