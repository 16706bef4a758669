"""Independent parsers for search filters, as text and as bytes.

Both give the same nested tuples, such as ("and", ("=", "uid", b"alice"), ("present", "mail")).
"""

import re
from typing import Any

from tests.servers.ber import Node

Filter = tuple[Any, ...]

_SETS = {"&": "and", "|": "or"}
_ATTRIBUTE = re.compile(r"[A-Za-z0-9.;-]+")
_VALUE = re.compile(rb"(?:[^\0()*\\]|\\[0-9a-fA-F]{2})*")
_HEX = re.compile(rb"\\([0-9a-fA-F]{2})")


def from_text(text: str) -> Filter:
    """Parse by the grammar of RFC 4515 section 3; ValueError for anything else."""
    found, rest = _one(text)
    if rest:
        raise ValueError(rest)
    return found


def _one(text: str) -> tuple[Filter, str]:
    if text[:1] != "(":
        raise ValueError(text)
    if text[1:2] in _SETS:
        parts, rest = [], text[2:]
        while rest[:1] == "(":
            part, rest = _one(rest)
            parts.append(part)
        found: Filter = (_SETS[text[1]], *parts)
    elif text[1:2] == "!":
        part, rest = _one(text[2:])
        found = ("not", part)
    else:
        item, _, rest = text[1:].partition(")")
        return _item(item), rest
    if rest[:1] != ")":
        raise ValueError(rest)
    return found, rest[1:]


def _item(text: str) -> Filter:
    name, _, value = text.partition("=")
    if value == "*":
        return ("present", _attribute(name))
    if name.endswith(":"):
        attribute, rule = name[:-1].split(":")
        return (":=", _attribute(attribute), rule, _value(value))
    if "*" in value:
        return ("substrings", _attribute(name), *map(_value, value.split("*")))
    return ("=", _attribute(name), _value(value))


def _attribute(name: str) -> str:
    if not _ATTRIBUTE.fullmatch(name):
        raise ValueError(name)
    return name


def _value(text: str) -> bytes:
    raw = text.encode()
    if not _VALUE.fullmatch(raw):
        raise ValueError(text)
    return _HEX.sub(lambda match: bytes.fromhex(match[1].decode()), raw)


def from_bytes(node: Node) -> Filter:
    """Parse by RFC 4511 section 4.5.1.7."""
    match node.tag:
        case 0xA0 | 0xA1:
            return ("and" if node.tag == 0xA0 else "or", *map(from_bytes, node.parts))
        case 0xA2:
            return ("not", from_bytes(node.parts[0]))
        case 0xA3:
            name, value = node.parts
            return ("=", name.content.decode(), value.content)
        case 0x87:
            return ("present", node.content.decode())
        case 0xA9:
            parts = {part.tag: part.content for part in node.parts}
            return (":=", parts[0x82].decode(), parts[0x81].decode(), parts[0x83])
    raise ValueError(hex(node.tag))
