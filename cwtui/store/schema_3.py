"""Migrate schema 3 to 4, where an account can have several directory ids, by attribute name.

Schema 3 has one id without the name of its attribute.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from cwtui.accounts.identity import UNNAMED
from cwtui.store.storage import Tables

_OLD: Final = b'"directory_id"'


def as_schema_4(tables: Tables) -> Tables:
    """Return the tables in schema 4; invalid documents are left unchanged."""
    accounts = tables.get("accounts", {})
    return tables | {"accounts": {name: _changed(kept) for name, kept in accounts.items()}}


def _changed(account: Any) -> Any:
    if isinstance(account, Raw) and _OLD not in bytes(account):
        return account
    try:
        changed = msgspec.json.decode(account) if isinstance(account, Raw) else dict(account)
        old = changed.pop("directory_id", None)
    except (AttributeError, TypeError, ValueError, RecursionError):
        return account
    if old is None:
        return account
    return changed | {"directory_ids": {UNNAMED: old} if old else {}}
