"""What of an export with secrets can be restored with the keys of this host."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import msgspec

from cwtui.accounts.importing.entries import Entry

_NO_HASH: Final = "Its password was hashed with a key that this host lacks: it gets an initial one."
_NO_CODES: Final = (
    "Its backup codes were hashed with a key that this host lacks: they are left out, and the "
    "person can make new ones."
)


def restorable(one: Entry, keys: frozenset[str]) -> tuple[Entry, list[str]]:
    """Return the entry without what needs a key that is not among these, and what is left out."""
    left_out = list(_without(one, keys))
    if _NO_HASH in left_out:
        one = replace(one, password_hash=None)
    if _NO_CODES in left_out:
        one = replace(one, saved=msgspec.structs.replace(one.saved, backup_codes=None))
    return one, left_out


def _without(one: Entry, keys: frozenset[str]) -> Iterator[str]:
    if one.password_hash is not None and one.saved.password_key not in {None, *keys}:
        yield _NO_HASH
    codes = one.saved.backup_codes
    if codes is not None and codes.hashes and codes.key not in keys:
        yield _NO_CODES
