"""Migrate schema 6 to 7, where an account can have several devices.

Up to schema 6 an account has one device without a name and an id, and its sign-in record has the
device's used time steps. What cannot be migrated is left for decoding to report.
"""

from typing import Any, Final, TypeAlias

import msgspec

from cwtui.accounts.devices import FIRST_NAME

_ID: Final = ""
_INVALID: Final = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
_OLD: Final = (b'"totp_secret"', b'"last_totp_step"', b'"wrong_code"', b'"spent_steps"')
_USE: Final = {
    "last_totp_step": "last_step",
    "wrong_code": "wrong_code",
    "spent_steps": "spent_steps",
}
"""Names of the same fields in a sign-in record, and since schema 7 in what is known of a device."""

Tables: TypeAlias = dict[str, dict[str, bytes]]


def as_schema_7(tables: Tables) -> Tables:
    """Return the tables in schema 7."""
    change = {"accounts": _account, "records": _record}
    return {
        table: {name: _changed(document, change[table]) for name, document in kept.items()}
        if table in change
        else kept
        for table, kept in tables.items()
    }


def _changed(document: bytes, change: Any) -> bytes:
    if not any(name in document for name in _OLD):
        return document
    try:
        fields = msgspec.json.decode(document)
        change(fields)
    except _INVALID:
        return document
    return msgspec.json.encode(fields)


def _account(account: dict[str, Any]) -> None:
    factor, moved = account.get("second_factor"), account.get("moved")
    if factor is not None:
        device = {
            "name": FIRST_NAME,
            "totp_secret": factor.pop("totp_secret"),
            "registered_at": factor.pop("registered_at"),
        }
        factor["devices"] = [device]
    if moved is not None:
        _record(moved["record"])


def _record(record: dict[str, Any]) -> None:
    use = {new: record.pop(old) for old, new in _USE.items() if old in record}
    if use:
        record["devices"] = {_ID: use}
