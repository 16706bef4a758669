"""What an LDAP library has to offer: one request at a time, over a connection that is given to it.

Connecting, TLS, time-outs and limits belong to `transport`; which requests to send, and what the
answers mean, belongs to `channel` and `answers`. So all of it holds for each library.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.text import visible
from cwtui.directory.answers import Answer
from cwtui.directory.entries import Entry
from cwtui.directory.transport import Unreachable
from cwtui.language import _

START_TLS: Final = "1.3.6.1.4.1.1466.20037"
PAGED: Final = "1.2.840.113556.1.4.319"


class Search(NamedTuple):
    """A search request; a size limit or a page size of 0 means none."""

    base: str
    search_filter: str
    attributes: Sequence[str]
    below: bool
    """Search everything below the base, and not the base alone."""
    time_limit: int
    size_limit: int = 0
    page_size: int = 0
    cookie: bytes = b""


class Found(NamedTuple):
    """The result of a search; if there is a cookie, there are more pages."""

    answer: Answer
    entries: list[Entry]
    cookie: bytes


class Library(Protocol):
    """An LDAP library that uses the Wire it was created with.

    `bind`, `start_tls` and `search` raise Unreachable and DirectoryMisconfigured. Referrals and
    aliases are never followed.
    """

    def bind(self, dn: str, password: bytes) -> Answer:
        """Bind, and ask for the password policy information as well."""

    def start_tls(self) -> Answer:
        """Ask the server for TLS. The caller then starts TLS on the wire."""

    def search(self, search: Search) -> Found: ...

    def read_rdn(self, dn: str) -> list[tuple[str, str]]: ...

    def unbind(self) -> None:
        """Tell the server that the connection ends. Raises Unreachable."""

    def close(self) -> None:
        """Free what the library holds, without a word to the server."""


def not_a_filter() -> DirectoryMisconfigured:
    return DirectoryMisconfigured(
        _("The search_filter in [directory] is not a valid LDAP filter (RFC 4515).")
    )


def closed_early() -> Unreachable:
    return Unreachable(_("closed the connection early"))


def not_ldap(why: str) -> Unreachable:
    return Unreachable(_("sent an answer that is not valid LDAP ({why})", why=visible(why)))


def wrong_type() -> Unreachable:
    return Unreachable(_("sent an answer of the wrong type"))
