"""Migrate schema 3 to 4, where an account can have several directory ids, by attribute name.

Schema 3 has one id without the name of its attribute.
"""

from typing import Final, TypeAlias

import msgspec

from cwtui.accounts.identity import UNNAMED

_OLD: Final = b'"directory_id"'
Tables: TypeAlias = dict[str, dict[str, bytes]]


def as_schema_4(tables: Tables) -> Tables:
    """Return the tables in schema 4; invalid documents are left for decoding to report."""
    accounts = tables.get("accounts", {})
    return tables | {"accounts": {name: _changed(kept) for name, kept in accounts.items()}}


def _changed(account: bytes) -> bytes:
    if _OLD not in account:
        return account
    try:
        changed = msgspec.json.decode(account)
        old = changed.pop("directory_id", None)
    except (AttributeError, TypeError, ValueError, RecursionError):
        return account
    if old is None:
        return account
    return msgspec.json.encode(changed | {"directory_ids": {UNNAMED: old} if old else {}})
