"""Who a person of the directory is, whatever name they have: ids that are never given again.

Ids are kept by the name of their attribute: entryUUID (RFC 4530), objectGUID, nsUniqueId,
ipaUniqueID. A server may fill one in later, and a reader may lose the right to see one.
"""

from collections.abc import Mapping
from typing import Final

UNNAMED: Final = ""
"""The attribute of an id that was kept before its attribute was."""


def is_same(kept: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether these are surely ids of one person: one id is the same, and none differs."""
    return _shares_one(kept, found) and not is_another(kept, found)


def is_another(kept: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether these are surely ids of two people. Without an attribute in common, nobody knows."""
    old = kept.get(UNNAMED)
    if old is not None and found and old not in found.values():
        return True
    return any(kept[name] != found[name] for name in kept.keys() & found.keys())


def learned(kept: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """The ids of a person, with those that the directory shows now."""
    named = {name: id_ for name, id_ in kept.items() if name != UNNAMED or not found}
    return named | dict(found)


def _shares_one(kept: Mapping[str, str], found: Mapping[str, str]) -> bool:
    if kept.get(UNNAMED) in found.values():
        return True
    return any(kept[name] == found[name] for name in kept.keys() & found.keys())
