"""Find usernames that look alike, such as alice and a1ice, also across scripts.

Two names look alike if their skeletons are equal (Unicode Technical Standard 39, section 4). Two
rules are added: skeletons are casefolded like usernames (0 reads as O, which becomes o), and w
reads as two v. The table is loaded on first use, because few processes create accounts.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cwtui.accounts import text
from cwtui.accounts.errors import LooksAlike

_TABLE: Final = Path(__file__).with_name("confusables.txt")
_NAMED: Final = 3
"""The maximum number of look-alikes that a message names."""


def skeleton(name: str) -> str:
    """Return a string that is equal for all names that look alike. Not for display."""
    table = _table()
    upper = unicodedata.normalize("NFD", name).translate(table)
    # A letter that reads as a capital also reads as the small letter, which may have a skeleton.
    lower = unicodedata.normalize("NFD", upper.casefold()).translate(table)
    return unicodedata.normalize("NFD", lower).replace("w", "vv")


def among(usernames: Iterable[str], typed: str) -> tuple[str, ...]:
    """Return the other usernames that the typed one looks like. Raises InvalidInput.

    Also compares the name as typed, because a capital I reads as an l. Takes about 0.2 s for
    100,000 names.
    """
    name = text.username(typed)
    skeletons_of_name = {skeleton(name), skeleton(text.normal(typed.strip()))}
    # All names in one string is faster, and possible because a letter's skeleton does not depend
    # on its neighbours.
    others = [other for other in usernames if other != name and "\n" not in other]
    skeletons = skeleton("\n".join(others)).split("\n")
    return tuple(
        other for other, its in zip(others, skeletons, strict=False) if its in skeletons_of_name
    )


def among_later(usernames: Iterable[str], seen: Iterable[str], typed: str) -> tuple[str, ...]:
    """Like `among`, but only for usernames that are not in `seen`, which was already searched."""
    later = set(usernames).difference(seen)
    return among(sorted(later), typed) if later else ()


def check(similar: tuple[str, ...], typed: str) -> None:
    """Raise LooksAlike if there are similar names."""
    if similar:
        raise LooksAlike(f"{text.visible(typed.strip())} looks like {existing(similar)}.")


def existing(similar: tuple[str, ...]) -> str:
    """Return the names that another one looks like, as the end of a sentence."""
    names = "usernames" if len(similar) > 1 else "username"
    return f"the existing {names} {text.visible(text.listed(similar, _NAMED))}"


@lru_cache(maxsize=1)
def _table() -> Mapping[int, str]:
    content = _TABLE.read_text("ascii")
    rows = (line.split() for line in content.splitlines() if not line.startswith("#"))
    return {int(one, 16): "".join(chr(int(c, 16)) for c in read_as) for one, *read_as in rows}
