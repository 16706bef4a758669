"""Find the line of a key in a TOML file, which tomllib does not report."""

import re
from typing import Final

from cwtui.language import _

_WHERE: Final = re.compile(r"at `\$((?:\.[\w-]+)+)")
_NAMED: Final = re.compile(r"`([A-Za-z_][\w.-]*)`")
_TABLE: Final = re.compile(r"\s*\[+\s*([^\]#]+?)\s*\]+\s*(?:#.*)?")
_KEY: Final = re.compile(r"""\s*([\w."'-]+(?:\s*\.\s*[\w."'-]+)*)\s*=""")


def place(content: str, reason: str) -> str:
    """Return ` (line N)` for the key in msgspec's error message; empty if it is not found."""
    where, named = _WHERE.search(reason), _NAMED.search(reason)
    parts = where[1].strip(".").split(".") if where else []
    lines = _lines(content)
    for path in ([*parts, *named[1].split(".")] if named else parts, parts):
        if tuple(path) in lines:
            line = _("line {number}", number=lines[tuple(path)])
            return f" ({line})"
    return ""


def _lines(content: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key and table. Multi-line strings may add false keys."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(content.splitlines(), 1):
        if header := _TABLE.fullmatch(line):
            table = _split(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(table + _split(key[1]), number)
    return found


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
