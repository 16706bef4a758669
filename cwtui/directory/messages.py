"""Check that a message is valid LDAP (RFC 4511) before libldap reads it.

python-ldap 3.4.3 crashes the process if a DN is not UTF-8, or if a bind is answered with a
reference. So libldap only gets messages whose every part has the right type and length, and whose
every text is UTF-8.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

SEQUENCE: Final = 0x30
_SET: Final = 0x31
_BOOLEAN: Final = 0x01
_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_ENUMERATED: Final = 0x0A
_CONTROLS: Final = 0xA0
_REFERRAL: Final = 0xA3

BIND_DONE: Final = 0x61
ENTRY: Final = 0x64
SEARCH_DONE: Final = 0x65
REFERENCE: Final = 0x73
EXTENDED_DONE: Final = 0x78
INTERMEDIATE: Final = 0x79

_LONG: Final = 0x80
_LENGTH_MOST: Final = 4
_NUMBER_MOST: Final = 4
"""In bytes; the maximum number is 2^31 - 1 (RFC 4511 section 4.1.1.1)."""
_HEAD_LEAST: Final = 2


class NotAMessage(ValueError):
    """The data is not a valid LDAP message."""


class _Part(NamedTuple):
    tag: int
    content: bytes


def size(received: bytes | bytearray) -> int:
    """Return the size of the first message, in bytes; 0 if not enough has been received to tell.

    Raises NotAMessage. Callers limit the size, as libldap allocates it before the data arrives.
    """
    if received and received[0] != SEQUENCE:
        raise NotAMessage
    if len(received) < _HEAD_LEAST:
        return 0
    first = received[1]
    if first < _LONG:
        return _HEAD_LEAST + first
    digits = first - _LONG
    if not 1 <= digits <= _LENGTH_MOST:  # lengths are definite (RFC 4511 section 5.1)
        raise NotAMessage
    head = _HEAD_LEAST + digits
    if len(received) < head:
        return 0
    return head + int.from_bytes(received[_HEAD_LEAST:head], "big")


def checked(message: bytes) -> tuple[int, int]:
    """Return the id and type of a valid message. Raises NotAMessage.

    References and intermediate responses are not checked: libldap does not get them.
    """
    try:
        return _checked(message)
    except ValueError:
        raise NotAMessage from None


def _checked(message: bytes) -> tuple[int, int]:
    (whole,) = _parts(message)
    number, operation, *controls = _inside(whole, SEQUENCE)
    if operation.tag not in {REFERENCE, INTERMEDIATE}:
        _expect(operation.tag in _CHECKS)
        _CHECKS[operation.tag](_parts(operation.content))
        for part in controls:
            _expect(part.tag == _CONTROLS and len(controls) == 1)
            for control in _parts(part.content):
                _check_control(_inside(control, SEQUENCE))
    return _number(number, _INTEGER), operation.tag


def cookie(control_value: bytes) -> bytes:
    """Return the cookie for the next page (RFC 2696); empty after the last. Raises ValueError."""
    (whole,) = _parts(control_value)
    size_of_all, found = _inside(whole, SEQUENCE)
    _number(size_of_all, _INTEGER)
    _check_octets((found,))
    return found.content


def _check_entry(parts: Sequence[_Part]) -> None:
    name, attributes = parts
    _check_texts((name,))
    for attribute in _inside(attributes, SEQUENCE):
        kind, values = _inside(attribute, SEQUENCE)
        _check_texts((kind,))
        _check_octets(_inside(values, _SET))


def _check_result(parts: Sequence[_Part], more: Sequence[int] = ()) -> None:
    code, matched, said, *rest = parts
    _number(code, _ENUMERATED)
    _check_texts((matched, said))
    if rest and rest[0].tag == _REFERRAL:
        _check_texts(_parts(rest.pop(0).content))
    tags = [part.tag for part in rest]
    _expect(tags == [tag for tag in more if tag in tags])


def _check_control(parts: Sequence[_Part]) -> None:
    kind, *rest = parts
    _check_texts((kind,))
    if rest and rest[0].tag == _BOOLEAN:
        _expect(len(rest.pop(0).content) == 1)
    _expect(len(rest) <= 1)
    _check_octets(rest)


_CHECKS: Final[dict[int, Callable[[Sequence[_Part]], None]]] = {
    BIND_DONE: lambda parts: _check_result(parts, (0x87,)),
    ENTRY: _check_entry,
    SEARCH_DONE: _check_result,
    EXTENDED_DONE: lambda parts: _check_result(parts, (0x8A, 0x8B)),
}


def _check_octets(parts: Sequence[_Part]) -> None:
    _expect(all(part.tag == _OCTETS for part in parts))


def _check_texts(parts: Sequence[_Part]) -> None:
    """Require UTF-8 without NUL, where C strings end. Active Directory sends one at the end."""
    _check_octets(parts)
    for part in parts:
        _expect("\0" not in part.content.decode().removesuffix("\0"))


def _number(part: _Part, tag: int) -> int:
    number = int.from_bytes(part.content, "big", signed=True)
    _expect(part.tag == tag and 1 <= len(part.content) <= _NUMBER_MOST and number >= 0)
    return number


def _inside(part: _Part, tag: int) -> list[_Part]:
    _expect(part.tag == tag)
    return _parts(part.content)


def _parts(data: bytes) -> list[_Part]:
    """Split data into its parts, which must fill it."""
    parts = []
    at = 0
    while at < len(data):
        _expect(at + _HEAD_LEAST <= len(data))
        tag, length = data[at], data[at + 1]
        at += _HEAD_LEAST
        if length >= _LONG:
            digits = length - _LONG
            _expect(1 <= digits <= _LENGTH_MOST and at + digits <= len(data))
            length = int.from_bytes(data[at : at + digits], "big")
            at += digits
        _expect(at + length <= len(data))
        parts.append(_Part(tag, data[at : at + length]))
        at += length
    return parts


def _expect(right: bool) -> None:
    if not right:
        raise NotAMessage
