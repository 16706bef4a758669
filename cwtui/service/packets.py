"""What the service and its clients exchange: one packet of a SOCK_SEQPACKET socket per message.

A client begins with a request: `cwtui1`, the phase, and fields as `name=value`, each of them
followed by NUL. The service answers with packets of one letter and a text. Each question is
answered by a packet that begins with `a`; a verdict ends the conversation.

The C module in `cwtui/pam/` has the same limits. Both sides close on anything else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

MOST_REQUEST: Final = 4096
"""Bytes. A longer request is refused."""
MOST_FIELD: Final = 1024
"""Bytes of one value."""
MOST_SHOWN: Final = 8192
"""Bytes of a packet from the service: a QR code as text has up to 6,000."""
MOST_ANSWER: Final = 1025
"""Bytes of an answer with its letter: twice PAM_MAX_RESP_SIZE."""

_VERSION: Final = b"cwtui1"
_ANSWER: Final = b"a"
_NAME: Final = re.compile(r"[a-z]{1,16}")
_MOST_FIELDS: Final = 16


class BadPacket(Exception):
    """The other side sent what it must not. The conversation ends."""


class Phase(StrEnum):
    """What a client wants."""

    AUTH = "auth"
    ACCOUNT = "account"
    OPEN = "open"
    CLOSE = "close"
    GATE = "gate"
    VERIFY = "verify"
    STATUS = "status"


class Shown(Enum):
    """What the client does with a text of the service."""

    SECRET = "h"  # noqa: S105  a letter
    """Ask, and do not show the answer."""
    QUESTION = "p"
    TEXT = "i"
    ERROR = "e"


class Verdict(Enum):
    """How a conversation ends."""

    ACCEPTED = "A"
    REFUSED = "R"
    TOO_MANY = "M"
    UNUSABLE = "X"
    """The account cannot be used: it is disabled, for example."""
    UNKNOWN = "N"
    """There is no such account."""
    CANNOT_CHECK = "U"


@dataclass(frozen=True)
class Request:
    """The first packet of a client. Unknown fields are kept, and ignored by who reads it."""

    phase: Phase
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return the field's value; empty if it was not given."""
        return self.fields.get(name, "")

    def encoded(self) -> bytes:
        """Return the packet. Raises BadPacket for what `request` would refuse."""
        parts = [_VERSION, self.phase.value.encode()]
        for name, value in self.fields.items():
            if value:
                parts.append(name.encode() + b"=" + _encoded_value(value))
        packet = b"\0".join([*parts, b""])
        if len(packet) > MOST_REQUEST:
            raise BadPacket
        return packet


def _encoded_value(value: str) -> bytes:
    try:
        content = value.encode()
    except UnicodeEncodeError:  # arguments that are not UTF-8
        raise BadPacket from None
    if len(content) > MOST_FIELD or b"\0" in content:
        raise BadPacket
    return content


def request(packet: bytes) -> Request:
    """Return the request in a client's first packet. Raises BadPacket."""
    version, *parts = packet.split(b"\0")
    if len(packet) > MOST_REQUEST or version != _VERSION or not parts or parts.pop():
        raise BadPacket
    try:
        phase, *fields = [part.decode() for part in parts]
        return Request(Phase(phase), _fields(fields))
    except ValueError:  # also of UTF-8
        raise BadPacket from None


def _fields(parts: list[str]) -> dict[str, str]:
    if len(parts) > _MOST_FIELDS:
        raise BadPacket
    fields: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or name in fields or not _NAME.fullmatch(name):
            raise BadPacket
        if len(value.encode()) > MOST_FIELD:
            raise BadPacket
        fields[name] = value
    return fields


def shown(kind: Shown, text: str) -> bytes:
    """Return the packet that shows or asks this. What is too long is cut; NUL is left out."""
    content = text.replace("\0", "").encode(errors="replace")[: MOST_SHOWN - 1]
    return kind.value.encode() + content.decode(errors="ignore").encode()


def verdict(verdict: Verdict) -> bytes:
    """Return the packet that ends a conversation."""
    return verdict.value.encode()


def from_service(packet: bytes) -> tuple[Shown, str] | Verdict:
    """Return what the service sent. Raises BadPacket."""
    kind, text = packet[:1].decode("latin-1"), packet[1:]
    if not packet or len(packet) > MOST_SHOWN:
        raise BadPacket
    if kind in _VERDICTS:
        if text:
            raise BadPacket
        return Verdict(kind)
    try:
        return Shown(kind), text.decode()
    except ValueError:
        raise BadPacket from None


_VERDICTS: Final = frozenset(verdict.value for verdict in Verdict)


def answer(text: str) -> bytes:
    """Return the packet with this answer. Raises BadPacket if it is too long or contains NUL."""
    packet = _ANSWER + text.encode(errors="surrogateescape")
    if len(packet) > MOST_ANSWER or b"\0" in packet:
        raise BadPacket
    return packet


def answered(packet: bytes) -> str:
    """Return the answer of a client; what is not UTF-8 as lone surrogates. Raises BadPacket."""
    if not packet.startswith(_ANSWER) or len(packet) > MOST_ANSWER or b"\0" in packet:
        raise BadPacket
    return packet[1:].decode(errors="surrogateescape")
