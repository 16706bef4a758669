"""A RADIUS client written independently, from RFC 2865 and RFC 2869: cwtui uses a library."""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cwtui.service.radius.packets import Attribute, Code

SECRET: Final = "a-secret-of-27-characters:)"
AUTHENTICATOR: Final = bytes(range(16))

Attributes = Sequence[tuple[int, bytes]]


def hidden(password: bytes, secret: str = SECRET, authenticator: bytes = AUTHENTICATOR) -> bytes:
    """RFC 2865 section 5.2."""
    padded = password.ljust(max(16, (len(password) + 15) // 16 * 16), b"\0")
    result, last = b"", authenticator
    for at in range(0, len(padded), 16):
        mask = hashlib.md5(secret.encode() + last, usedforsecurity=False).digest()
        last = bytes(a ^ b for a, b in zip(padded[at : at + 16], mask, strict=True))
        result += last
    return result


def encoded(attributes: Attributes) -> bytes:
    return b"".join(bytes((kind, len(value) + 2)) + value for kind, value in attributes)


def packet(
    attributes: Attributes,
    *,
    code: int = Code.ACCESS_REQUEST,
    id_: int = 7,
    authenticator: bytes = AUTHENTICATOR,
) -> bytes:
    """A packet as it is, without anything added."""
    content = encoded(attributes)
    return struct.pack("!BBH", code, id_, 20 + len(content)) + authenticator + content


def signed(
    attributes: Attributes,
    *,
    code: int = Code.ACCESS_REQUEST,
    id_: int = 7,
    authenticator: bytes = AUTHENTICATOR,
    secret: str = SECRET,
) -> bytes:
    """A packet with Message-Authenticator at the end."""
    bare = packet(attributes, code=code, id_=id_, authenticator=authenticator)
    return with_signature(bare, secret)


def with_signature(bare: bytes, secret: str = SECRET) -> bytes:
    """The packet with Message-Authenticator added at the end."""
    content = bare[20:] + encoded([(Attribute.MESSAGE_AUTHENTICATOR, bytes(16))])
    empty = bare[:2] + struct.pack("!H", 20 + len(content)) + bare[4:20] + content
    return empty[:-16] + hmac.digest(secret.encode(), empty, "md5")


def asked(
    password: bytes, username: bytes = b"alice", state: bytes = b"", *, id_: int = 7
) -> bytes:
    """A usual Access-Request. Its authenticator is different for each id."""
    authenticator = hashlib.sha256(bytes((id_,))).digest()[:16]
    attributes = [
        (Attribute.USER_NAME, username),
        (Attribute.USER_PASSWORD, hidden(password, authenticator=authenticator)),
    ]
    if state:
        attributes.append((Attribute.STATE, state))
    return signed(attributes, id_=id_, authenticator=authenticator)


@dataclass(frozen=True)
class Reply:
    code: int
    id: int
    attributes: Attributes

    def value(self, attribute: Attribute) -> bytes:
        (found,) = [value for kind, value in self.attributes if kind == attribute]
        return found

    @property
    def message(self) -> str:
        return self.value(Attribute.REPLY_MESSAGE).decode()


def reply(content: bytes, request: bytes, secret: str = SECRET) -> Reply:
    """Take a reply apart, after checking everything that a client should check."""
    code, id_, length = struct.unpack_from("!BBH", content)
    assert length == len(content) <= 4096
    asked_with = request[4:20]
    expected = hashlib.md5(
        content[:4] + asked_with + content[20:] + secret.encode(), usedforsecurity=False
    ).digest()
    assert content[4:20] == expected
    attributes, at = [], 20
    while at < length:
        attributes.append((content[at], content[at + 2 : at + content[at + 1]]))
        at += content[at + 1]
    assert at == length
    # Message-Authenticator comes first, and was made with zeros in its place.
    assert content[20:22] == bytes((Attribute.MESSAGE_AUTHENTICATOR, 18))
    zeroed = content[:4] + asked_with + content[20:22] + bytes(16) + content[38:]
    assert content[22:38] == hmac.digest(secret.encode(), zeroed, "md5")
    return Reply(code, id_, attributes)
