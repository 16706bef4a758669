"""Find usernames that look alike, such as alice and a1ice, also across scripts.

Two names look alike if their skeletons are equal (Unicode Technical Standard 39, section 4). There
are three additions: skeletons are casefolded like usernames (0 reads as O, which becomes o), w
reads as two v, and a digit reads as the letter that people often write it for (adm1n, al1c3). The
table is loaded on first use, because few processes create accounts.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cwtui.accounts import text
from cwtui.accounts.errors import LooksAlike
from cwtui.language import ngettext

_TABLE: Final = Path(__file__).with_name("confusables.txt")
_NAMED: Final = 3
"""The maximum number of look-alikes that a message names."""

_COMPARED: Final = 50
"""The maximum number of names that one of many is compared with."""

_NUMBER: Final = re.compile("[0-9]+")
_ALONE: Final = {"0": "o", "1": "l"}
"""What digits read as anywhere. This is what the table has for them."""
_IN_WORDS: Final = _ALONE | {"1": "li", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}
"""What digits read as beside a letter. Elsewhere they are numbers: plant-3 is not plant-e. Not from
the table, which compares shapes only.
"""
_ALIKE: Final = str.maketrans("01i34578", "olleastb")
"""Makes names equal that could look alike. Quicker than comparing all of them."""


def among(usernames: Iterable[str], typed: str) -> tuple[str, ...]:
    """Return the other usernames that the typed one looks like. Raises InvalidInput.

    Also compares the name as typed, because a capital I reads as an l. Takes about 0.2 s for
    100,000 names.
    """
    name = text.username(typed)
    forms = {_drawn(name), _drawn(text.normal(typed.strip()))}
    wanted = {form.translate(_ALIKE) for form in forms}
    # All names in one string is faster, and possible because how a letter is drawn does not depend
    # on its neighbours.
    others = [other for other in usernames if other != name and "\n" not in other]
    drawn = _drawn("\n".join(others))
    candidates = zip(others, drawn.split("\n"), drawn.translate(_ALIKE).split("\n"), strict=False)
    return tuple(
        other
        for other, its, key in candidates
        if key in wanted and any(_read_alike(its, form) for form in forms)
    )


def among_later(usernames: Iterable[str], seen: Iterable[str], typed: str) -> tuple[str, ...]:
    """Like `among`, but only for usernames that are not in `seen`, which was already searched."""
    later = set(usernames).difference(seen)
    return among(sorted(later), typed) if later else ()


def of_many(usernames: Iterable[str], typed: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the usernames that each of many new ones looks like, if there are any.

    `typed` is how each new name was typed. Names that look alike are rare; of very many, only some
    are compared. Raises InvalidInput.
    """
    if not typed:
        return {}
    # All names in one string is faster, as in `among`.
    as_kept = _drawn("\n".join(typed)).split("\n")
    as_typed = _drawn("\n".join(text.normal(one.strip()) for one in typed.values())).split("\n")
    forms = [{kept, other} for kept, other in zip(as_kept, as_typed, strict=True)]
    keys = [{form.translate(_ALIKE) for form in some} for some in forms]
    alike: dict[str, list[tuple[str, str]]] = {key: [] for some in keys for key in some}
    names = [name for name in (*usernames, *typed) if "\n" not in name]
    drawn = _drawn("\n".join(names))
    for name, its, key in zip(
        names, drawn.split("\n"), drawn.translate(_ALIKE).split("\n"), strict=True
    ):
        if key in alike and len(alike[key]) < _COMPARED:
            alike[key].append((name, its))
    found: dict[str, tuple[str, ...]] = {}
    for name, its_forms, its_keys in zip(typed, forms, keys, strict=True):
        near = [one for key in sorted(its_keys) for one in alike[key]]
        if len(near) == 1:
            continue  # only the name itself
        similar = tuple(
            other
            for other, its in near
            if other != name and any(_read_alike(its, form) for form in its_forms)
        )
        if similar:
            found[name] = similar
    return found


def check(similar: tuple[str, ...], typed: str) -> None:
    """Raise LooksAlike if there are similar names."""
    if similar:
        raise LooksAlike(
            ngettext(
                "{name} looks like the existing username {similar}.",
                "{name} looks like the existing usernames {similar}.",
                len(similar),
                name=text.visible(typed.strip()),
                similar=_named(similar),
            )
        )


def told(similar: tuple[str, ...]) -> str:
    """Return what an admin is told of a name that looks like these."""
    return ngettext(
        "It looks like the existing username {similar}.",
        "It looks like the existing usernames {similar}.",
        len(similar),
        similar=_named(similar),
    )


def _named(similar: tuple[str, ...]) -> str:
    return text.visible(text.listed(similar, _NAMED))


def _drawn(name: str) -> str:
    """Return the skeleton, but with digits as they are. Not for display."""
    table = _table()
    upper = unicodedata.normalize("NFD", name).translate(table)
    # A letter that reads as a capital also reads as the small letter, which may have a skeleton.
    lower = unicodedata.normalize("NFD", upper.casefold()).translate(table)
    return unicodedata.normalize("NFD", lower).replace("w", "vv")


def _read_alike(drawn: str, other: str) -> bool:
    """Whether two drawn names differ only in digits that read as the other's letters."""
    if len(drawn) != len(other):
        return False
    pairs = zip(drawn, other, _readings(drawn, other), _readings(other, drawn), strict=True)
    return all(
        here == there or there in read_here or here in read_there
        for here, there, read_here, read_there in pairs
    )


def _readings(drawn: str, other: str) -> list[str]:
    """Return for each character the letters that it reads as, if it is a digit."""
    readings = [_ALONE.get(character, "") for character in drawn]
    for number in _NUMBER.finditer(drawn):
        start, end = number.span()
        is_beside_letter = drawn[:start][-1:].isalpha() or drawn[end : end + 1].isalpha()
        # If only a part of it is letters in the other name, it is a number, as in room14, room1a.
        if is_beside_letter and not _NUMBER.search(other, start, end):
            readings[start:end] = [_IN_WORDS.get(digit, "") for digit in number[0]]
    return readings


@lru_cache(maxsize=1)
def _table() -> Mapping[int, str]:
    """Return what characters read as. Digits have more readings than the table's one."""
    content = _TABLE.read_text("ascii")
    rows = (line.split() for line in content.splitlines() if not line.startswith("#"))
    read_as = {int(one, 16): "".join(chr(int(c, 16)) for c in reading) for one, *reading in rows}
    return {one: reading for one, reading in read_as.items() if chr(one) not in _IN_WORDS}
