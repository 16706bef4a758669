"""Packets of RADIUS: RFC 2865, with Message-Authenticator (RFC 2869 section 5.14).

A packet is taken apart here, within bounds, and pyrad only gets what has passed. Everything that
needs the secret is pyrad's: Message-Authenticator, the password, and the authenticator of replies.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from pyrad.packet import AuthPacket

from cwtui.accounts.secret import Secret

MOST: Final = 4096
"""Bytes of a packet (RFC 2865 section 3)."""
MOST_VALUE: Final = 253
"""Bytes of an attribute's value."""
_MOST_ATTRIBUTES: Final = 64
"""Real requests have about 20."""
_MOST_OF_PROXIES: Final = 2048
"""Bytes of Proxy-State. They are sent back, so the reply must have room for them."""
_HEADER: Final = struct.Struct("!BBH16s")
_SIGNATURE: Final = 16
_PASSWORD: Final = range(16, 129, 16)
_MICROSOFT: Final = (311).to_bytes(4, "big")


class Code(IntEnum):
    """Kinds of packets."""

    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCESS_CHALLENGE = 11
    STATUS_SERVER = 12


class Attribute(IntEnum):
    """Attributes that cwtui reads or writes."""

    USER_NAME = 1
    USER_PASSWORD = 2
    CHAP_PASSWORD = 3
    REPLY_MESSAGE = 18
    STATE = 24
    VENDOR_SPECIFIC = 26
    CALLING_STATION_ID = 31
    PROXY_STATE = 33
    EAP_MESSAGE = 79
    MESSAGE_AUTHENTICATOR = 80


_ONCE: Final = (
    Attribute.USER_NAME,
    Attribute.USER_PASSWORD,
    Attribute.STATE,
    Attribute.CALLING_STATION_ID,
    Attribute.MESSAGE_AUTHENTICATOR,
)
_REQUESTS: Final = (Code.ACCESS_REQUEST, Code.STATUS_SERVER)


class Reason(StrEnum):
    """Why a packet gets no answer. Each continues the sentence `A packet was dropped: ...`."""

    UNKNOWN_CLIENT = "its sender is not in [radius.clients]."
    MALFORMED = "it is not a valid request."
    UNSIGNED = (
        "it has no Message-Authenticator. Without it others could forge answers (BlastRADIUS): "
        "switch it on in the client, or update the client."
    )
    WRONGLY_SIGNED = "its Message-Authenticator is wrong. Is the secret the same on both sides?"
    BUSY = "too many requests are waiting."


class Dropped(Exception):
    """The packet gets no answer."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NotUtf8(Exception):
    """The password cannot be read as text."""


@dataclass(frozen=True)
class Request:
    """A request whose form is right. Nobody knows yet who has sent it."""

    code: int
    id: int
    authenticator: bytes
    attributes: Mapping[int, Sequence[bytes]]
    raw: bytes

    def values(self, attribute: Attribute) -> Sequence[bytes]:
        return self.attributes.get(attribute, ())

    def value(self, attribute: Attribute) -> bytes:
        """Return the value of an attribute that occurs once; empty if it is missing."""
        return next(iter(self.values(attribute)), b"")

    def signed(self, secret: Secret) -> "SignedRequest":
        """Return the request of a client with this secret. Raises Dropped if it is not."""
        packet = AuthPacket(
            self.code,
            self.id,
            secret.reveal().encode(),
            self.authenticator,
            message_authenticator=True,
        )
        packet.raw_packet = self.raw
        packet[Attribute.MESSAGE_AUTHENTICATOR] = [self.value(Attribute.MESSAGE_AUTHENTICATOR)]
        proxies = self.values(Attribute.PROXY_STATE)
        if proxies:
            packet[Attribute.PROXY_STATE] = [*proxies]
        if not packet.verify_message_authenticator():
            raise Dropped(Reason.WRONGLY_SIGNED)
        return SignedRequest(self, packet)


@dataclass(frozen=True)
class SignedRequest:
    """A request of a client that knows the secret."""

    request: Request
    _packet: AuthPacket

    @property
    def is_status(self) -> bool:
        return self.request.code == Code.STATUS_SERVER

    @property
    def username(self) -> str:
        return self.request.value(Attribute.USER_NAME).decode(errors="replace")

    @property
    def calling_station(self) -> str:
        return self.request.value(Attribute.CALLING_STATION_ID).decode(errors="replace")

    @property
    def state(self) -> bytes:
        return self.request.value(Attribute.STATE)

    @property
    def password(self) -> Secret | None:
        """The password or code that was typed; None if there is none. Raises NotUtf8."""
        hidden = self.request.value(Attribute.USER_PASSWORD)
        if not hidden:
            return None
        password = str(self._packet.PwDecrypt(hidden))
        # pyrad leaves out what is not UTF-8, which would make another password right.
        padded = password.encode().ljust(len(hidden), b"\0")
        if self._packet.PwCrypt(padded) != hidden:
            raise NotUtf8
        return Secret(password)

    @property
    def other_method(self) -> str:
        """How the client wants to sign in if not with a plain password; otherwise empty."""
        request = self.request
        if request.values(Attribute.EAP_MESSAGE):
            return "EAP"
        if request.values(Attribute.CHAP_PASSWORD):
            return "CHAP"
        vendors = request.values(Attribute.VENDOR_SPECIFIC)
        if any(value.startswith(_MICROSOFT) for value in vendors):
            return "MS-CHAP" if not request.value(Attribute.USER_PASSWORD) else ""
        return ""

    def reply(self, code: Code, message: str = "", state: bytes = b"") -> bytes:
        """Return the packet that answers. Message-Authenticator comes first in it."""
        reply = self._packet.CreateReply()
        reply.code = code
        if message:
            reply[Attribute.REPLY_MESSAGE] = [cut(message).encode()]
        if state:
            reply[Attribute.STATE] = [state]
        return bytes(reply.ReplyPacket())


def request(packet: bytes) -> Request:
    """Take a packet apart. Raises Dropped.

    Whoever sends it may know no secret, so this costs little whatever it contains.
    """
    if not _HEADER.size <= len(packet) <= MOST:
        raise Dropped(Reason.MALFORMED)
    code, id_, length, authenticator = _HEADER.unpack_from(packet)
    if code not in _REQUESTS or not _HEADER.size <= length <= len(packet):
        raise Dropped(Reason.MALFORMED)
    packet = packet[:length]  # the rest is padding
    made = Request(code, id_, authenticator, _attributes(packet), packet)
    _check(made)
    return made


def _attributes(packet: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    at, size, number = _HEADER.size, len(packet), 0
    while at < size:
        end = at + packet[at + 1] if at + 1 < size else 0
        number += 1
        if not at + 2 <= end <= size or number > _MOST_ATTRIBUTES:
            raise Dropped(Reason.MALFORMED)
        found.setdefault(packet[at], []).append(packet[at + 2 : end])
        at = end
    return found


def _check(made: Request) -> None:
    if any(len(made.values(attribute)) > 1 for attribute in _ONCE):
        raise Dropped(Reason.MALFORMED)
    if not made.values(Attribute.MESSAGE_AUTHENTICATOR):
        raise Dropped(Reason.UNSIGNED)
    hidden = made.values(Attribute.USER_PASSWORD)
    proxies = sum(len(value) + 2 for value in made.values(Attribute.PROXY_STATE))
    if (
        len(made.value(Attribute.MESSAGE_AUTHENTICATOR)) != _SIGNATURE
        or (hidden and len(hidden[0]) not in _PASSWORD)
        or proxies > _MOST_OF_PROXIES
    ):
        raise Dropped(Reason.MALFORMED)


def cut(text: str, most: int = MOST_VALUE) -> str:
    """Return at most this many bytes of a text."""
    return text.encode(errors="replace")[:most].decode(errors="ignore")
