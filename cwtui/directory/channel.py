"""An LDAP connection to one server, with either library."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.directory import answers
from cwtui.directory.answers import Answer
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.entries import Entry
from cwtui.directory.library import Found, Library, Search
from cwtui.directory.servers import Server
from cwtui.directory.transport import (
    ANSWER_MOST,
    Certificate,
    Deadline,
    Unreachable,
    Unsafe,
    Wire,
    connect,
)
from cwtui.language import N_, _

PAGE: Final = 200
"""Entries per page (RFC 2696); servers allow 500 (OpenLDAP) or 1000 (Active Directory)."""

_ACTIVE_DIRECTORY: Final = "1.2.840.113556.1.4.800"
"""LDAP_CAP_ACTIVE_DIRECTORY_OID (MS-ADTS 3.1.1.3.4.3.1)."""

_NO_LIBLDAP: Final = N_(
    'library = "libldap" in [directory] needs python-ldap, which is not installed here. Set '
    'library = "ldap3", or install python-ldap. See: cwtui help ldap'
)
_TWO: Final = 2
_NO_ATTRIBUTES: Final = ["1.1"]
"""RFC 4511 section 4.5.1.8."""


class Channel:
    """An open connection, to use in a `with` block.

    All methods raise Unreachable and DirectoryMisconfigured.
    """

    def __init__(self, server: Server, config: DirectoryConfig, deadline: Deadline) -> None:
        self._config = config
        self._deadline = deadline
        self.certificate: Certificate | None = None
        self._wire = connect(server, deadline.within(config.connect_seconds, "connect_seconds"))
        try:
            self._library: Library = library(config.library)(self._wire)
        except BaseException:
            self._wire.close()
            raise
        try:
            self._protect(server)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(Unreachable):
            self._library.unbind()
        self._close()

    def bind(self, dn: str, password: Secret) -> Answer:
        """Bind, and return the answer, which `answers` interprets."""
        if not dn or not password:
            # This would succeed as an anonymous bind (RFC 4513 section 5.1.2).
            raise ValueError("a bind needs a DN and a password")
        self._begin(self._config.bind_seconds, "bind_seconds")
        return self._library.bind(dn, password.reveal().encode())

    def read(self, dn: str, search_filter: str, attributes: Sequence[str] = ()) -> list[Entry]:
        """Return the entry if it exists and matches; otherwise an empty list."""
        found = self._search(dn, search_filter, attributes, below=False)
        return _entries(found, answers.NO_SUCH_OBJECT)

    def exists(self, dn: str) -> bool:
        """Whether the entry exists and is visible."""
        return bool(self.read(dn, "(objectClass=*)"))

    def is_active_directory(self) -> bool:
        """Whether the server says that it is Active Directory."""
        root = self._search("", "(objectClass=*)", ["supportedCapabilities"], below=False)
        return any(
            _ACTIVE_DIRECTORY in entry.texts("supportedCapabilities")
            for entry in _entries(root, is_root=True)
        )

    def read_rdn(self, dn: str) -> list[tuple[str, str]]:
        """Return the attributes and values in the first part of a DN; empty if it is invalid."""
        return self._library.read_rdn(dn)

    def first_two(self, base: str, search_filter: str, attributes: Sequence[str]) -> list[Entry]:
        """Return up to two matching entries below the base; two mean that it is ambiguous."""
        found = self._search(base, search_filter, attributes, size_limit=_TWO)
        shown = _entries(found, answers.SIZE_LIMIT)
        if found.answer.code == answers.SIZE_LIMIT and len(shown) < _TWO:
            raise DirectoryMisconfigured(
                _(
                    "The directory returns fewer than two entries per search to the bind account, "
                    "so cwtui could not notice a second entry of the same name. Raise its size "
                    "limit."
                )
            )
        return shown

    def pages(
        self, base: str, search_filter: str, attributes: Sequence[str]
    ) -> Iterator[list[Entry]]:
        """Yield all matching entries below the base in pages, or at once if pages are refused."""
        cookie = b""
        while True:
            found = self._search(base, search_filter, attributes, page_size=PAGE, cookie=cookie)
            if not cookie and found.answer.code in answers.NO_PAGES:
                found = self._search(base, search_filter, attributes)
            yield _entries(found)
            cookie = found.cookie
            if not cookie:
                return

    def _protect(self, server: Server) -> None:
        if server.protection == "none":
            return
        if server.protection == "starttls":
            answer = self._library.start_tls()
            if answer.code != answers.SUCCESS:
                answers.check_now(answer)
                raise Unsafe(_("does not offer StartTLS ({technical})", technical=answer.technical))
        self.certificate = self._wire.protect(server.host, self._config)

    def _search(
        self,
        base: str,
        search_filter: str,
        attributes: Sequence[str],
        *,
        below: bool = True,
        size_limit: int = 0,
        page_size: int = 0,
        cookie: bytes = b"",
    ) -> Found:
        seconds = self._config.search_seconds
        self._begin(seconds, "search_seconds")
        return self._library.search(
            Search(
                base,
                search_filter,
                attributes or _NO_ATTRIBUTES,
                below,
                math.ceil(seconds),
                size_limit,
                page_size,
                cookie,
            )
        )

    def _begin(self, seconds: float, key: str) -> None:
        """Start the time limit and the size limit of the next request."""
        self._wire.deadline = self._deadline.within(seconds, key)
        self._wire.allowance = ANSWER_MOST

    def _close(self) -> None:
        self._library.close()
        self._wire.close()


def _entries(found: Found, fine: int = answers.SUCCESS, *, is_root: bool = False) -> list[Entry]:
    """Return the entries that the search found; `fine` is a code treated as success.

    Other entries without a DN are dropped, as a bind without a DN would be anonymous.
    """
    if found.answer.code != fine:
        if found.answer.code == answers.NO_SUCH_OBJECT:
            raise DirectoryMisconfigured(
                _("The base in [directory] does not exist, or the directory does not show it.")
            )
        answers.check_answer(found.answer)
    return [entry for entry in found.entries if entry.dn or is_root]


def library(name: str) -> Callable[[Wire], Library]:
    """Return what opens a connection with this library. Raises DirectoryMisconfigured.

    Imports the library, which takes a while.
    """
    if name == "libldap":
        try:
            from cwtui.directory.libldap_channel import Libldap
        except ImportError:
            raise DirectoryMisconfigured(_(_NO_LIBLDAP)) from None
        return Libldap
    from cwtui.directory.ldap3_channel import Ldap3

    return Ldap3
