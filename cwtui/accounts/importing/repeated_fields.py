"""Finds a field that an object of JSON has twice: decoders keep one of the two and say nothing."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from cwtui.accounts.errors import InvalidInput, WrongFile
from cwtui.accounts.text import shortened, visible
from cwtui.language import _

_TOKEN: Final = re.compile(
    rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"([ \t\r\n]*+:)?|\\?\Z)|[{}]', re.DOTALL
)
"""A text, perhaps with what makes it the name of a field, or the begin or end of an object.

A text that does not end is one too, so that nothing is looked at again and again.
"""
_TOKENS_MOST: Final = 20_000_000
"""A realm of Keycloak has about sixty for each user."""
_OPEN_MOST: Final = 1_000_000
"""How many fields of objects that have not ended yet are remembered."""
_NESTED_MOST: Final = 1_000
"""How many objects may be open. Decoders refuse as many (Python's recursion limit)."""
_QUOTED: Final = 64


class Repeated(NamedTuple):
    """A field that appears for the second time on this line."""

    name: str
    line: int

    @property
    def sentence(self) -> str:
        return _("The field {name} appears twice in one object.", name=self.name)


def first(text: bytes) -> Repeated | None:
    """Return the first field that an object of this JSON has twice. Raises WrongFile for too many.

    Of what is not JSON, it may find anything.
    """
    objects: list[set[bytes]] = []
    is_open = 0
    for number, token in enumerate(_TOKEN.finditer(text)):
        name, is_name = token.groups()
        if name is None:
            if token[0] == b"{":
                objects.append(set())
            elif objects:
                is_open -= len(objects.pop())
        elif is_name and objects:
            fields, name = objects[-1], _plain(name)
            if name in fields:
                shown = visible(shortened(name.decode(errors="replace"), _QUOTED))
                return Repeated(shown, text.count(b"\n", 0, token.start()) + 1)
            fields.add(name)
            is_open += 1
        if len(objects) > _NESTED_MOST:
            return None
        if number > _TOKENS_MOST or is_open > _OPEN_MOST:
            raise WrongFile(_("The file is too long."))
    return None


def refuse(line: str, fields: Mapping[str, object]) -> None:
    """Raise InvalidInput if an object of this line has a field twice.

    `fields` is what a decoder made of the line.
    """
    # Quicker for most lines: each field has a colon, so there are no others than these.
    if line.count(":") == len(fields):
        return
    found = first(line.encode(errors="surrogatepass"))
    if found is not None:
        raise InvalidInput("line", found.sentence)


def _plain(name: bytes) -> bytes:
    """Return the name of a field without escapes."""
    if b"\\" not in name:
        return name
    try:
        return msgspec.json.decode(b'"%b"' % name, type=str).encode(errors="surrogatepass")
    except (msgspec.MsgspecError, UnicodeError):
        return name
