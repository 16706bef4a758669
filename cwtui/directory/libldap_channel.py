"""Speak LDAP with OpenLDAP's libldap, through python-ldap.

Only this module and ldap3_channel.py import an LDAP library. libldap reads and writes one end of
a socket pair, and never blocks. This module copies what it writes from the other end to the wire,
and gives it what the wire receives, one checked message at a time:

    libldap  <- socket pair ->  Libldap  <- Wire: TLS, deadline, size limit ->  server

So connections, certificates, TLS and time-outs are cwtui's own, as with ldap3. libldap knows no
server and uses no TLS, and ldap.conf cannot weaken what it does not do.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from pyasn1.error import PyAsn1Error

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.accounts.text import visible
from cwtui.directory import answers, messages
from cwtui.directory.answers import Answer
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
from cwtui.directory.result_names import RESULT_NAMES
from cwtui.directory.transport import ANSWER_MOST, Unsafe, Wire, too_much
from cwtui.language import _

_OBEYED: Final = ("LDAP", "PYTHON_LDAP_", "SASL_", "GSS_")
"""Prefixes of environment variables that libldap, python-ldap and SASL plug-ins obey, such as
LDAPCONF, PYTHON_LDAP_TRACE_FILE (which gets passwords) and SASL_PATH (which loads code).
"""


@contextmanager
def _clean_environment() -> Iterator[None]:
    """Hide those variables during the import, the only time they are read.

    LDAPNOINIT makes libldap ignore ldap.conf as well (see ldap.conf(5)).
    """
    kept = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith(_OBEYED)}
    os.environ["LDAPNOINIT"] = "1"
    try:
        yield
    finally:
        del os.environ["LDAPNOINIT"]
        os.environ.update(kept)


with _clean_environment():
    import ldap
    from ldap.controls import RequestControl, ResponseControl
    from ldap.controls.libldap import SimplePagedResultsControl
    from ldap.dn import str2dn
    from ldap.extop import ExtendedRequest

_NOWHERE: Final = "ldapi://%2Fdev%2Fnull%2Fnowhere"
"""Where libldap would connect if it ever did so by itself: nothing can exist below /dev/null."""

_OPTIONS: Final = {
    ldap.OPT_REFERRALS: 0,
    ldap.OPT_DEREF: ldap.DEREF_NEVER,
    ldap.OPT_RESTART: 0,
    ldap.OPT_SIZELIMIT: 0,
    ldap.OPT_TIMELIMIT: 0,
}
"""Set for each connection, as another library may have made libldap read ldap.conf before."""


class _Controls(dict[str, Any]):
    """Makes python-ldap return the raw value of every control."""

    def __missing__(self, kind: str) -> Any:
        return ResponseControl


_CONTROLS: Final = _Controls({PAGED: ResponseControl})

_CHUNK: Final = 65536
_DEPTH_MOST: Final = 100
"""Nested parentheses in a filter: libldap parses them by recursion, without a limit."""


class Libldap:
    """Implements `Library`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._received = bytearray()
        """Received from the server, but not yet given to libldap."""
        self._handing = memoryview(b"")
        """The rest of a message that libldap has not read yet."""
        self._is_open = True
        self._ours, theirs = socket.socketpair()
        try:
            self._ours.setblocking(False)
            theirs.setblocking(False)
            self._ldap: Any = ldap.initialize(_NOWHERE, fileno=theirs.fileno())
            theirs.detach()  # libldap closes it
            for option, value in _OPTIONS.items():
                self._ldap.set_option(option, value)
        except (ldap.LDAPError, ValueError) as error:
            self._ours.close()
            theirs.close()
            why = visible(str(error))
            raise DirectoryMisconfigured(
                _(
                    'This python-ldap cannot be used ({why}). Set library = "ldap3" in '
                    "[directory].",
                    why=why,
                )
            ) from None

    def bind(self, dn: str, password: bytes) -> Answer:
        with _speaking():
            ask_for_policy = [RequestControl(answers.POLICY_CONTROL, False, None)]
            message = self._ldap.simple_bind(dn, password, ask_for_policy)
            answer, _, controls = self._answer(message, messages.BIND_DONE)
            return answer._replace(policy=answers.policy_of(controls))

    def start_tls(self) -> Answer:
        with _speaking():
            message = self._ldap.extop(ExtendedRequest(START_TLS, None))
            answer, *_rest = self._answer(message, messages.EXTENDED_DONE)
            if self._received:
                raise Unsafe(_("sent more than the answer to StartTLS before TLS started"))
            return answer

    def search(self, search: Search) -> Found:
        with _speaking():
            _check_depth(search.search_filter)
            pages = SimplePagedResultsControl(False, search.page_size, search.cookie)
            message = self._ldap.search_ext(
                search.base,
                ldap.SCOPE_SUBTREE if search.below else ldap.SCOPE_BASE,
                search.search_filter,
                list(search.attributes),
                serverctrls=[pages] if search.page_size else None,
                timeout=search.time_limit,
                sizelimit=search.size_limit,
            )
            answer, shown, controls = self._answer(message, messages.SEARCH_DONE)
            return Found(
                answer, shown, messages.cookie(controls[PAGED]) if PAGED in controls else b""
            )

    def read_rdn(self, dn: str) -> list[tuple[str, str]]:
        return read_rdn(dn)

    def unbind(self) -> None:
        with _speaking():
            self._end()
            self._carry_out()

    def close(self) -> None:
        with suppress(ldap.LDAPError):
            self._end()
        self._ours.close()

    def _end(self) -> None:
        if self._is_open:
            self._is_open = False
            self._ldap.unbind_ext()

    def _answer(self, asked: int, kind: int) -> tuple[Answer, list[Entry], dict[str, bytes]]:
        """Return the answer to this request, its entries and its controls."""
        shown: list[Entry] = []
        while True:
            self._carry_out()
            try:
                came, data, _, controls, *_ = self._ldap.result4(
                    asked, all=0, timeout=0, resp_ctrl_classes=_CONTROLS
                )
            except ldap.LDAPError as error:
                refused, controls = _refused(error)
                return refused, shown, _values(controls)
            if came is None:
                self._carry_in(asked, kind)
            elif came == kind:
                return Answer(0, RESULT_NAMES[0], ""), shown, _values(controls)
            else:
                shown += (_entry(dn, attributes) for dn, attributes in data)

    def _carry_out(self) -> None:
        """Send what libldap wrote to the server."""
        with suppress(BlockingIOError):
            while written := self._ours.recv(_CHUNK):
                self._wire.sendall(written)

    def _carry_in(self, asked: int, kind: int) -> None:
        """Give libldap a message of the answer, or as much of it as fits into the socket pair."""
        self._wire.deadline.left()
        if not self._handing:
            self._handing = memoryview(self._message(asked, kind))
        with suppress(BlockingIOError):
            self._handing = self._handing[self._ours.send(self._handing) :]

    def _message(self, asked: int, kind: int) -> bytes:
        """Return the next message for this request, without references to other servers."""
        while True:
            message = self._next_message()
            number, came = messages.checked(message)
            if number == 0:  # the server ends the connection (RFC 4511 section 4.4.1)
                raise closed_early()
            if number == asked and came not in {messages.REFERENCE, messages.INTERMEDIATE}:
                is_entry = (came, kind) == (messages.ENTRY, messages.SEARCH_DONE)
                if came != kind and not is_entry:
                    raise wrong_type()
                return message

    def _next_message(self) -> bytes:
        while True:
            size = messages.size(self._received)
            if size > ANSWER_MOST:
                raise too_much()
            if size and size <= len(self._received):
                message = bytes(self._received[:size])
                del self._received[:size]
                return message
            came = self._wire.recv(_CHUNK)
            if not came:
                raise closed_early()
            self._received += came


def read_rdn(dn: str) -> list[tuple[str, str]]:
    try:
        rdns = str2dn(dn)
    except (ldap.LDAPError, ValueError):
        return []
    return [(name, value) for name, value, _ in rdns[0]] if rdns else []


def _entry(dn: str, attributes: dict[str, list[bytes]]) -> Entry:
    return Entry(dn, {name.lower(): tuple(values) for name, values in attributes.items()})


def _refused(error: Any) -> tuple[Answer, list[Any]]:
    """Return the answer that python-ldap raised as an error; raise errors of libldap itself."""
    said = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code = said.get("result", -1)
    if "msgtype" not in said or code <= 0:
        raise error
    controls = ldap.controls.DecodeControlTuples(said.get("ctrls"), _CONTROLS)
    return Answer(code, RESULT_NAMES.get(code, "unknown"), said.get("info", "")), controls


def _values(controls: list[Any]) -> dict[str, bytes]:
    return {control.controlType: control.encodedControlValue or b"" for control in controls}


def _check_depth(search_filter: str) -> None:
    depth = 0
    for character in search_filter:
        depth += (character == "(") - (character == ")")
        if depth > _DEPTH_MOST:
            raise not_a_filter()


@contextmanager
def _speaking() -> Iterator[None]:
    """Translate the errors of python-ldap, which raises MemoryError for some invalid data."""
    try:
        yield
    except ldap.FILTER_ERROR:
        raise not_a_filter() from None
    except (
        ldap.LDAPError,
        PyAsn1Error,
        LookupError,
        MemoryError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        raise not_ldap(type(error).__name__) from None
