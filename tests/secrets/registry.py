"""Every secret that existed, and a search for each in every form it may be written in."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

LEAST: Final = 9
"""The length from which a match is no coincidence; screens contain the word "password"."""

_KEY: Final = re.compile(r"[A-Z2-7]{32}")
_ONE_TIME_CODE: Final = re.compile(r"\d{6}")
_DROPPED: Final = b" \t\r\n\0-"
"""Grouping, line ends, and the zeros of UTF-16, which are ignored when comparing."""

_CONTROL_SEQUENCES: Final = re.compile(rb"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]")


class Secrets:
    """What to look for. `add` takes what was typed, made or derived."""

    def __init__(self) -> None:
        self.kept: dict[str | bytes, str] = {}
        """By value: what it is."""

    def add(self, value: str | bytes, what: str) -> None:
        self.kept.setdefault(value, what)
        if isinstance(value, str) and _KEY.fullmatch(value):
            self.kept.setdefault(base64.b32decode(value), f"{what}, as bytes")
            # It is displayed on two lines.
            self.kept.setdefault(value[:16], f"{what}, first half")
            self.kept.setdefault(value[16:], f"{what}, second half")

    def __len__(self) -> int:
        return len(self.kept)

    def count(self, what: str) -> int:
        """How many of a kind are known, to be sure that the search has something to look for."""
        return sum(kind.startswith(what) for kind in self.kept.values())

    def found_in(
        self, content: bytes, *, but: Iterable[str | bytes] = (), codes: bool = True
    ) -> set[str]:
        """The secrets found in the content, and in which form; those in `but` are allowed.

        `codes`: whether one-time codes count, which an input shows while they are typed.
        """
        spared = Secrets()
        for value in but:
            spared.add(value, "")
        spared_forms = set(map(_reduced_value, spared.kept))
        plain = _CONTROL_SEQUENCES.sub(b"", content)
        reduced = _reduced(plain)
        found = set()
        for value, what in self.kept.items():
            if _reduced_value(value) in spared_forms:
                continue
            if isinstance(value, str) and _ONE_TIME_CODE.fullmatch(value):
                if codes and _has_number(value, plain):
                    found.add(f"{what} as a number")
                continue
            seen = next((form for form, needle in forms(value) if needle in reduced), None)
            if seen is not None:
                found.add(f"{what} as {seen}")
        return found


@cache
def forms(value: str | bytes) -> tuple[tuple[str, bytes], ...]:
    """The forms in which a value may be written, reduced like the searched content."""
    raw = _raw(value)
    written = {"itself": raw, "reversed": raw[::-1], "hex": binascii.hexlify(raw)}
    written |= dict(_base64s(raw))
    if isinstance(value, str):
        text = raw.decode("utf-8", "replace")
        written |= {
            "JSON": json.dumps(text)[1:-1].encode(),
            "JSON, not ASCII": json.dumps(text, ensure_ascii=False)[1:-1].encode(),
            "Python": ascii(text)[1:-1].encode(),
            "URL": quote(text, safe="").encode(),
            "form": quote_plus(text).encode(),
            "HTML": escape(text).encode(),
            "UTF-16": text.encode("utf-16-le"),
        }
    needles = ((name, _reduced(form)) for name, form in written.items())
    return tuple((name, needle) for name, needle in needles if len(needle) >= LEAST)


def _raw(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _reduced_value(value: str | bytes) -> bytes:
    return _reduced(_raw(value))


def _base64s(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """At each of its three possible offsets within a longer text."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        # The characters at both ends depend on their neighbours.
        core = coded[(0, 2, 3)[before] : len(coded) - 4]
        yield f"base64 at {before}", core
        yield f"base64url at {before}", core.translate(bytes.maketrans(b"+/", b"-_"))


def _reduced(content: bytes) -> bytes:
    return content.lower().translate(None, _DROPPED)


def _has_number(digits: str, content: bytes) -> bool:
    return re.search(rb"(?<![\w.])%b(?![\w.])" % digits.encode(), content) is not None
