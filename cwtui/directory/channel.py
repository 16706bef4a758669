"""An LDAP connection to one server. The only module that uses ldap3's connections."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self

from ldap3 import BASE, DEREF_NEVER, NONE, SIMPLE, SUBTREE, SYNC, Connection
from ldap3 import Server as Ldap3Server
from ldap3.core.exceptions import (
    LDAPExceptionError,
    LDAPInvalidFilterError,
    LDAPSessionTerminatedByServerError,
)
from ldap3.operation.bind import bind_operation
from pyasn1.error import PyAsn1Error

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.directory import answers
from cwtui.directory.answers import Answer, Policy
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.entries import Entry
from cwtui.directory.servers import Server
from cwtui.directory.transport import Certificate, Deadline, Unreachable, Unsafe, connect

PAGE: Final = 200
"""Entries per page (RFC 2696); servers allow 500 (OpenLDAP) or 1000 (Active Directory)."""

_START_TLS: Final = "1.3.6.1.4.1.1466.20037"
_PAGED: Final = "1.2.840.113556.1.4.319"
_ACTIVE_DIRECTORY: Final = "1.2.840.113556.1.4.800"
"""LDAP_CAP_ACTIVE_DIRECTORY_OID (MS-ADTS 3.1.1.3.4.3.1)."""

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
        # No password here: ldap3's logging and repr would show it.
        self._connection: Any = Connection(
            Ldap3Server("localhost", get_info=NONE),
            client_strategy=SYNC,
            auto_referrals=False,
            auto_range=False,
            auto_escape=False,
            auto_encode=False,
            check_names=False,
        )
        # Instead of ldap3's open(), which would open its own connection.
        self._connection.socket = self._wire
        self._connection.closed = False
        self._connection.listening = True
        self._connection.strategy._outstanding = {}  # noqa: SLF001  as open() would have
        try:
            self._protect(server)
        except BaseException:
            self._wire.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(Unreachable, LDAPExceptionError):
            self._connection.unbind()
        self._wire.close()

    def bind(self, dn: str, password: Secret) -> Answer:
        """Bind, and return the answer, which `answers` interprets."""
        if not dn or not password:
            # This would succeed as an anonymous bind (RFC 4513 section 5.1.2).
            raise ValueError("a bind needs a DN and a password")
        self._wire.deadline = self._deadline.within(self._config.bind_seconds, "bind_seconds")
        with _speaking():
            # As bytes, because ldap3 refuses characters that are unknown to SASLprep (Unicode 3.2).
            request = bind_operation(3, SIMPLE, dn, password.reveal().encode())
            ask_for_policy = [(answers.POLICY_CONTROL, False, None)]
            connection = self._connection
            connection.post_send_single_response(
                connection.send("bindRequest", request, ask_for_policy)
            )
            connection.request = None
            answer = self._answer("bindResponse")
            return answer._replace(policy=_policy(self._connection.result))

    def read(self, dn: str, search_filter: str, attributes: Sequence[str] = ()) -> list[Entry]:
        """Return the entry if it exists and matches; otherwise an empty list."""
        self._search(dn, search_filter, attributes, BASE)
        return self._found(answers.NO_SUCH_OBJECT)

    def exists(self, dn: str) -> bool:
        """Whether the entry exists and is visible."""
        return bool(self.read(dn, "(objectClass=*)"))

    def is_active_directory(self) -> bool:
        """Whether the server says that it is Active Directory."""
        self._search("", "(objectClass=*)", ["supportedCapabilities"], BASE)
        root = self._found(is_root=True)
        return any(_ACTIVE_DIRECTORY in entry.texts("supportedCapabilities") for entry in root)

    def first_two(self, base: str, search_filter: str, attributes: Sequence[str]) -> list[Entry]:
        """Return up to two matching entries below the base; two mean that it is ambiguous."""
        self._search(base, search_filter, attributes, SUBTREE, size_limit=2)
        found = self._found(answers.SIZE_LIMIT)
        if self._answer("searchResDone").code == answers.SIZE_LIMIT and len(found) < _TWO:
            raise DirectoryMisconfigured(
                "The directory returns fewer than two entries per search to the bind account, so "
                "cwtui could not notice a second entry of the same name. Raise its size limit."
            )
        return found

    def pages(
        self, base: str, search_filter: str, attributes: Sequence[str]
    ) -> Iterator[list[Entry]]:
        """Yield all matching entries below the base in pages, or at once if pages are refused."""
        cookie = None
        while True:
            self._search(
                base, search_filter, attributes, SUBTREE, paged_size=PAGE, paged_cookie=cookie
            )
            if cookie is None and self._answer("searchResDone").code in answers.NO_PAGES:
                self._search(base, search_filter, attributes, SUBTREE)
            yield self._found()
            controls = self._connection.result.get("controls") or {}
            cookie = controls.get(_PAGED, {}).get("value", {}).get("cookie")
            if not cookie:
                return

    def _protect(self, server: Server) -> None:
        if server.protection == "none":
            return
        if server.protection == "starttls":
            with _speaking():
                self._connection.extended(_START_TLS)
                answer = self._answer("extendedResp")
            if answer.code != answers.SUCCESS:
                answers.check_now(answer)
                raise Unsafe(f"does not offer StartTLS ({answer.technical})")
        self.certificate = self._wire.protect(server.host, self._config)

    def _search(
        self, base: str, search_filter: str, attributes: Sequence[str], scope: str, **more: Any
    ) -> None:
        self._wire.deadline = self._deadline.within(self._config.search_seconds, "search_seconds")
        with _speaking():
            self._connection.search(
                base,
                search_filter,
                scope,
                DEREF_NEVER,
                list(attributes) or _NO_ATTRIBUTES,
                time_limit=math.ceil(self._config.search_seconds),
                **more,
            )

    def _found(self, fine: int = answers.SUCCESS, *, is_root: bool = False) -> list[Entry]:
        """Return the entries that the search found; `fine` is a code treated as success.

        Other entries without a DN are dropped, as a bind without a DN would be anonymous.
        """
        answer = self._answer("searchResDone")
        if answer.code != fine:
            if answer.code == answers.NO_SUCH_OBJECT:
                raise DirectoryMisconfigured(
                    "The base in [directory] does not exist, or the directory does not show it."
                )
            answers.check_answer(answer)
        with _speaking():
            return [
                Entry(
                    found["dn"],
                    {
                        name.lower(): tuple(values)
                        for name, values in found["raw_attributes"].items()
                    },
                )
                for found in self._connection.response or []
                if found["type"] == "searchResEntry" and (found["dn"] or is_root)
            ]

    def _answer(self, kind: str) -> Answer:
        with _speaking():
            result = self._connection.result
            if result["type"] != kind:
                # ldap3 would treat the end of a search as a successful bind.
                raise Unreachable("sent an answer of the wrong type")
            return Answer(int(result["result"]), result["description"], result["message"])


def _policy(result: Any) -> Policy:
    """Return the password policy information in the answer to a bind."""
    controls = result.get("controls") or {}
    if answers.POLICY_CONTROL in controls:
        return answers.policy(controls[answers.POLICY_CONTROL]["value"])
    if answers.EXPIRED_CONTROL in controls:
        return Policy(error=answers.EXPIRED)
    if answers.EXPIRING_CONTROL in controls:
        return Policy(seconds=int(controls[answers.EXPIRING_CONTROL]["value"]))
    return Policy()


@contextmanager
def _speaking() -> Iterator[None]:
    """Translate the errors of ldap3. Its decoder raises many types for invalid data."""
    try:
        yield
    except LDAPInvalidFilterError:
        raise DirectoryMisconfigured(
            "The search_filter in [directory] is not a valid LDAP filter (RFC 4515)."
        ) from None
    except LDAPSessionTerminatedByServerError:
        raise Unreachable("closed the connection early") from None
    except (
        LDAPExceptionError,
        PyAsn1Error,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        name = visible(type(error).__name__)
        raise Unreachable(f"sent an answer that is not valid LDAP ({name})") from None
