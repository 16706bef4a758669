"""Imitations of Active Directory: its attributes on a slapd, and its answers from a fake server.

Neither is a real Active Directory. The slapd shows that its attributes are searched, read and
understood; the fake knows nested groups by matching rule and error 49 with its documented
sub-codes.
"""

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from cwtui.directory.membership import IN_CHAIN
from tests.directory import filters
from tests.directory.people import PASSWORD, PEOPLE
from tests.servers import ber, odd_servers

_TYPES: Final = (
    (221, "sAMAccountName", "caseIgnoreMatch", 15),
    (656, "userPrincipalName", "caseIgnoreMatch", 15),
    (8, "userAccountControl", "integerMatch", 27),
    (159, "accountExpires", "integerMatch", 27),
    (2, "objectGUID", "octetStringMatch", 40),
)
_CLASS: Final = (
    "objectclass ( 1.3.6.1.4.1.32473.1 NAME 'adUser' SUP top AUXILIARY MAY ( "
    f"{' $ '.join(name for _, name, _, _ in _TYPES)} ) )"
)
SCHEMA: Final = [
    f"attributetype ( 1.2.840.113556.1.4.{number} NAME '{name}' EQUALITY {equality} "
    f"SYNTAX 1.3.6.1.4.1.1466.115.121.1.{syntax} SINGLE-VALUE )"
    for number, name, equality, syntax in _TYPES
] + [_CLASS]
"""Active Directory's numbers and types; Debian's msuser.schema has them without EQUALITY."""

GUID: Final = uuid.UUID("7b95f0d5-a3ed-486c-919c-077b8c9731f2")
NEVER: Final = "9223372036854775807"


def filetime(at: float) -> str:
    """Seconds since 1970, as Active Directory counts."""
    return str(int((at + 11_644_473_600) * 10_000_000))


@dataclass
class FakeDirectory:
    """A fake server.

    `groups` maps groups to members, `codes` maps DNs to the sub-codes of their binds, and
    `spelled` maps names to other names that the server treats as equal.
    """

    groups: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[int]:
        with odd_servers.answering(self._serve) as port:
            yield port

    def _serve(self, connection: socket.socket) -> None:
        while request := ber.received(connection):
            if request.operation.tag == ber.BIND:
                connection.sendall(self._bound(request))
            elif request.operation.tag == ber.SEARCH:
                connection.sendall(self._found(request))

    def _bound(self, request: ber.Request) -> bytes:
        _, dn, password = request.operation.parts
        code = self.codes.get(dn.content.decode())
        if code is None and b"wrong" in password.content:
            code = "52e"
        if code is None:
            return ber.result(request.id, ber.BOUND)
        message = (
            "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, "
            f"data {code}, v3839\0"
        )
        return ber.result(request.id, ber.BOUND, 49, message)

    def _found(self, request: ber.Request) -> bytes:
        base, scope, *_, asked, _ = request.operation.parts
        dn = base.content.decode()
        meant = filters.from_bytes(asked)
        done = ber.result(request.id, ber.DONE)
        if scope.number == 0:
            if meant == ("present", "objectClass"):
                return self._entry(request, dn) + done
            kind, attribute, rule, group = meant
            assert (kind, attribute, rule) == (":=", "memberOf", IN_CHAIN)
            is_in = self._is_in(dn, group.decode())
            return (self._entry(request, dn) if is_in else b"") + done
        *_, name = meant if meant[0] == "and" else (meant,)
        # Composed and decomposed names are asked for, the decomposed one first.
        name = name[-1] if name[0] == "or" else name
        typed = name[-1].decode()
        found = self.spelled.get(typed, typed)
        return self._entry(request, f"CN={found},{PEOPLE}", found) + done

    def _is_in(self, dn: str, group: str) -> bool:
        members = self.groups.get(group, [])
        return dn in members or any(self._is_in(dn, member) for member in members)

    def _entry(self, request: ber.Request, dn: str, name: str = "") -> bytes:
        attributes = {
            "sAMAccountName": [name.encode()],
            "objectGUID": [GUID.bytes_le],
            "userAccountControl": [b"512"],
        }
        return ber.entry(request.id, dn, attributes)


def ad_user(sam: str, *lines: str, dn: str = "") -> str:
    """An entry for slapd, in LDIF."""
    more = "".join(f"{line}\n" for line in lines)
    return (
        f"dn: {dn or f'cn={sam},{PEOPLE}'}\nobjectClass: inetOrgPerson\nobjectClass: adUser\n"
        f"sn: {sam}\nsAMAccountName: {sam}\nuserPassword: {PASSWORD.reveal()}\n{more}\n"
    )
