"""Recognise people in the directory by ids that never change, whatever their username is.

Ids are stored by attribute name: entryUUID (RFC 4530), objectGUID, nsUniqueId, ipaUniqueID. A
server may add one later, and cwtui may lose the right to read one.
"""

from collections.abc import Mapping
from typing import Final

UNNAMED: Final = ""
"""The key of an id that was stored before attribute names were."""


def is_same(kept: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether these ids certainly belong to one person: at least one matches, and none differs."""
    return _shares_one(kept, found) and not is_another(kept, found)


def is_another(kept: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether these ids certainly belong to two people. False if they share no attribute."""
    old = kept.get(UNNAMED)
    if old is not None and found and old not in found.values():
        return True
    return any(kept[name] != found[name] for name in kept.keys() & found.keys())


def learned(kept: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the stored ids of a person, updated with those found in the directory."""
    named = {name: id_ for name, id_ in kept.items() if name != UNNAMED or not found}
    return named | dict(found)


def _shares_one(kept: Mapping[str, str], found: Mapping[str, str]) -> bool:
    if kept.get(UNNAMED) in found.values():
        return True
    return any(kept[name] == found[name] for name in kept.keys() & found.keys())
