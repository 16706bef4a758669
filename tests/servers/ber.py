"""An independent encoder and decoder for LDAP (RFC 4511, BER); the product uses a library."""

import socket
from typing import Final, NamedTuple

SEQUENCE: Final = 0x30
OCTETS: Final = 0x04
INTEGER: Final = 0x02
ENUMERATED: Final = 0x0A
BIND, BOUND = 0x60, 0x61
SEARCH, ENTRY, DONE = 0x63, 0x64, 0x65
EXTENDED, EXTENDED_DONE = 0x77, 0x78


class Node(NamedTuple):
    """A tag with its content; `parts` are those of a constructed one."""

    tag: int
    content: bytes

    @property
    def parts(self) -> "list[Node]":
        found, rest = [], self.content
        while rest:
            node, rest = split(rest)
            found.append(node)
        return found

    @property
    def number(self) -> int:
        return int.from_bytes(self.content, "big", signed=True)


class Request(NamedTuple):
    id: int
    operation: Node


def split(data: bytes) -> tuple[Node, bytes]:
    """The first node and what follows it. IndexError if it is incomplete."""
    length, start = data[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise IndexError
    return Node(data[0], data[start : start + length]), data[start + length :]


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(text: str) -> bytes:
    return tlv(OCTETS, text.encode())


def request(data: bytes) -> Request:
    message, _ = split(data)
    number, operation, *_ = message.parts
    return Request(number.number, operation)


def received(connection: socket.socket) -> Request | None:
    """The next request; None at the end."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
        try:
            return request(data)
        except IndexError:
            continue
    return None


def result(id_: int, tag: int, code: int = 0, message: str = "", referral: str = "") -> bytes:
    """An LDAPResult as the answer to a message."""
    content = [integer(code, ENUMERATED), octets(""), octets(message)]
    if referral:
        content.append(tlv(0xA3, octets(referral)))
    return tlv(SEQUENCE, integer(id_), tlv(tag, *content))


def entry(id_: int, dn: str, attributes: dict[str, list[bytes]]) -> bytes:
    listed = [
        tlv(SEQUENCE, octets(name), tlv(0x31, *(tlv(OCTETS, value) for value in values)))
        for name, values in attributes.items()
    ]
    return tlv(SEQUENCE, integer(id_), tlv(ENTRY, octets(dn), tlv(SEQUENCE, *listed)))
