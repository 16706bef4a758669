"""From schema 1 to 2: backup codes' hashes no longer repeat the salt that they share."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from cwtui.store.storage import Tables

_SALT_LENGTH: Final = 29
_ANY_SALT: Final = "$2b$10$" + "." * 22
"""For a set whose codes are all used up."""


def with_salts_apart(tables: Tables) -> Tables:
    """The accounts as schema 2 has them; what has no form to be changed is left as it is."""
    accounts = tables.get("accounts", {})
    return tables | {"accounts": {name: _changed(kept) for name, kept in accounts.items()}}


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
