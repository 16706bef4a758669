"""Usernames that look alike: alice and a1ice, or one in letters of another script.

Two names look alike if their skeletons are the same (Unicode Technical Standard 39, section 4).
Two rules are ours: skeletons are casefolded, as usernames are (0 is read as O, which is o), and a w
is two v. The table is read when the first account is made, which few processes do.
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
"""How many look-alikes a sentence names."""


def skeleton(name: str) -> str:
    """What all look-alikes of the name have in common; not to be shown."""
    table = _table()
    upper = unicodedata.normalize("NFD", name).translate(table)
    # What is read as a capital is read like the small letter, which may have a skeleton as well.
    lower = unicodedata.normalize("NFD", upper.casefold()).translate(table)
    return unicodedata.normalize("NFD", lower).replace("w", "vv")


def among(usernames: Iterable[str], typed: str) -> tuple[str, ...]:
    """Those of the usernames that the typed one looks like, without itself. Raises InvalidInput.

    As typed, too: in capitals an I is read as an l. One pass: about 0.2 s for 100,000.
    """
    name = text.username(typed)
    skeletons_of_name = {skeleton(name), skeleton(text.normal(typed.strip()))}
    # All at once, which is quicker: no letter's skeleton depends on its neighbours.
    others = [other for other in usernames if other != name and "\n" not in other]
    skeletons = skeleton("\n".join(others)).split("\n")
    return tuple(
        other for other, its in zip(others, skeletons, strict=False) if its in skeletons_of_name
    )


def among_later(usernames: Iterable[str], seen: Iterable[str], typed: str) -> tuple[str, ...]:
    """The same of those that were not there when `seen` was looked through."""
    later = set(usernames).difference(seen)
    return among(sorted(later), typed) if later else ()


def check(similar: tuple[str, ...], typed: str) -> None:
    """Raise LooksAlike if there are names that look like it."""
    if similar:
        shown = text.listed(similar, _NAMED)
        raise LooksAlike(
            f"{text.visible(typed.strip())} looks like the existing username {text.visible(shown)}."
        )


@lru_cache(maxsize=1)
def _table() -> Mapping[int, str]:
    content = _TABLE.read_text("ascii")
    rows = (line.split() for line in content.splitlines() if not line.startswith("#"))
    return {int(one, 16): "".join(chr(int(c, 16)) for c in read_as) for one, *read_as in rows}
