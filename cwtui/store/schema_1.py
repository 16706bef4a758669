"""From schema 1 to 2: backup codes' hashes no longer repeat the salt that they share, and the file
says which keys it needs.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Raw

from cwtui.accounts.upkeep.protection import Protected
from cwtui.store.storage import Tables

_SALT_LENGTH: Final = 29
_ANY_SALT: Final = "$2b$10$" + "." * 22
"""For a set whose codes are all used up."""


def as_schema_2(tables: Tables) -> Tables:
    """The tables as schema 2 has them; what has no form to be changed is left as it is."""
    accounts = tables.get("accounts", {})
    return tables | {
        "accounts": {name: _changed(kept) for name, kept in accounts.items()},
        "keys": {"needed": {"ids": sorted(_needed(accounts.values()))}},
    }


def _needed(accounts: Iterable[Raw]) -> set[str]:
    ids: set[str] = set()
    for account in accounts:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # The fields that name keys were the same.
            ids |= msgspec.json.decode(account, type=Protected).keys
    return ids


def _changed(account: Raw) -> Any:
    try:
        changed = msgspec.json.decode(account)
        codes = changed["second_factor"]["backup_codes"]
        hashes = codes["hashes"]
        codes["salt"] = hashes[0][:_SALT_LENGTH] if hashes else _ANY_SALT
        codes["hashes"] = [hashed[_SALT_LENGTH:] for hashed in hashes]
    except (KeyError, TypeError, IndexError, ValueError, RecursionError):
        return account
    return changed
