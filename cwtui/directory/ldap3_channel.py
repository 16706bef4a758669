"""Speak LDAP with ldap3. Only this module and libldap_channel.py import an LDAP library."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ldap3 import BASE, DEREF_NEVER, NONE, SIMPLE, SUBTREE, SYNC, Connection
from ldap3 import Server as Ldap3Server
from ldap3.core.exceptions import (
    LDAPExceptionError,
    LDAPInvalidDnError,
    LDAPInvalidFilterError,
    LDAPSessionTerminatedByServerError,
)
from ldap3.operation.bind import bind_operation
from ldap3.utils.conv import ldap_escape_to_bytes
from ldap3.utils.dn import safe_rdn
from pyasn1.error import PyAsn1Error

from cwtui.directory import answers
from cwtui.directory.answers import Answer, Policy
from cwtui.directory.entries import Entry
from cwtui.directory.library import (
    PAGED,
    START_TLS,
    Found,
    Search,
    closed_early,
    not_a_filter,
    not_ldap,
    wrong_type,
)
from cwtui.directory.transport import Wire


class Ldap3:
    """Implements `Library`."""

    def __init__(self, wire: Wire) -> None:
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
        self._connection.socket = wire
        self._connection.closed = False
        self._connection.listening = True
        self._connection.strategy._outstanding = {}  # noqa: SLF001  as open() would have

    def bind(self, dn: str, password: bytes) -> Answer:
        with _speaking():
            # As bytes, because ldap3 refuses characters that are unknown to SASLprep (Unicode 3.2).
            request = bind_operation(3, SIMPLE, dn, password)
            ask_for_policy = [(answers.POLICY_CONTROL, False, None)]
            connection = self._connection
            connection.post_send_single_response(
                connection.send("bindRequest", request, ask_for_policy)
            )
            connection.request = None
            answer = self._answer("bindResponse")
            return answer._replace(policy=_policy(self._connection.result))

    def start_tls(self) -> Answer:
        with _speaking():
            self._connection.extended(START_TLS)
            return self._answer("extendedResp")

    def search(self, search: Search) -> Found:
        with _speaking():
            self._connection.search(
                search.base,
                search.search_filter,
                SUBTREE if search.below else BASE,
                DEREF_NEVER,
                list(search.attributes),
                size_limit=search.size_limit,
                time_limit=search.time_limit,
                paged_size=search.page_size or None,
                paged_cookie=search.cookie or None,
            )
            answer = self._answer("searchResDone")
            controls = self._connection.result.get("controls") or {}
            cookie = controls.get(PAGED, {}).get("value", {}).get("cookie") or b""
            return Found(answer, self._entries(), cookie)

    def read_rdn(self, dn: str) -> list[tuple[str, str]]:
        return read_rdn(dn)

    def unbind(self) -> None:
        with _speaking():
            self._connection.unbind()

    def close(self) -> None:
        """Nothing to free: the wire belongs to the channel."""

    def _entries(self) -> list[Entry]:
        return [
            Entry(
                found["dn"],
                {name.lower(): tuple(values) for name, values in found["raw_attributes"].items()},
            )
            for found in self._connection.response or []
            if found["type"] == "searchResEntry"
        ]

    def _answer(self, kind: str) -> Answer:
        result = self._connection.result
        if result["type"] != kind:
            # ldap3 would treat the end of a search as a successful bind.
            raise wrong_type()
        return Answer(int(result["result"]), result["description"], result["message"])


def read_rdn(dn: str) -> list[tuple[str, str]]:
    try:
        rdn = safe_rdn(dn, decompose=True)
    except LDAPInvalidDnError:
        return []
    return [(name, ldap_escape_to_bytes(value).decode("utf-8", "replace")) for name, value in rdn]


def _policy(result: Any) -> Policy:
    """Return the password policy information in the answer to a bind."""
    controls = result.get("controls") or {}
    return answers.policy_of({name: control["value"] for name, control in controls.items()})


@contextmanager
def _speaking() -> Iterator[None]:
    """Translate the errors of ldap3. Its decoder raises many types for invalid data."""
    try:
        yield
    except LDAPInvalidFilterError:
        raise not_a_filter() from None
    except LDAPSessionTerminatedByServerError:
        raise closed_early() from None
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
        raise not_ldap(type(error).__name__) from None
