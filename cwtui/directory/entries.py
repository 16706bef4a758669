"""Read a person's username, state and ids from a directory entry."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple, TypeAlias

from cwtui.accounts import text
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.identity import UNNAMED
from cwtui.directory.escaping import escaped

ReadRdn: TypeAlias = Callable[[str], list[tuple[str, str]]]
"""Returns the attributes and values in the first part of a DN; empty if it is invalid."""

IDS: Final = ("entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID")
"""Attributes that servers never change and never reuse; only objectGUID is binary."""

READ: Final = (
    "displayName",
    "cn",
    *IDS,
    "userAccountControl",
    "accountExpires",
    "nsAccountLock",
    "pwdAccountLockedTime",
    "msDS-UserPasswordExpiryTimeComputed",
)

_ACCOUNT_DISABLED: Final = 0x2
"""ADS_UF_ACCOUNTDISABLE of userAccountControl."""

_LOCKED_BY_ADMIN: Final = "000001010000Z"
"""pwdAccountLockedTime for accounts that only an administrator can unlock
(draft-behera-ldap-password-policy).
"""

_GUID_BYTES: Final = 16
_NEVER: Final = {0, 0x7FFF_FFFF_FFFF_FFFF}
_FILETIME_PER_SECOND: Final = 10_000_000
_FILETIME_OF_1970: Final = 11_644_473_600
"""accountExpires counts units of 100 ns since 1601 (Microsoft, MS-DTYP)."""


class Entry(NamedTuple):
    """One entry; attribute names are in lower case."""

    dn: str
    attributes: dict[str, tuple[bytes, ...]]

    def texts(self, name: str) -> list[str]:
        """Return the values that are valid UTF-8."""
        found = []
        for value in self.attributes.get(name.lower(), ()):
            with suppress(UnicodeDecodeError):
                found.append(value.decode())
        return found


def is_of(entry: Entry, user_rdn: str, username: str, read_rdn: ReadRdn) -> bool:
    """Whether the entry has this name in cwtui's normalization, and no other name.

    A server may treat "josé" and "jose" as equal. And a person with two names would have two
    accounts here, the second one without the second factor of the first. If the attribute has
    several values, the one in the DN is the name.
    """
    found = names(entry, user_rdn)
    if len(found) > 1:
        found = {
            _name(value) for name, value in read_rdn(entry.dn) if name.lower() == user_rdn.lower()
        }
    return found == {username}


def names(entry: Entry, user_rdn: str) -> set[str]:
    """Return the attribute's values as usernames; "" for values that are not valid usernames."""
    return {_name(value) for value in entry.texts(user_rdn)}


def name_of(entry: Entry, user_rdn: str, read_rdn: ReadRdn) -> str:
    """Return the entry's only name in the sense of `is_of`; empty if there is none."""
    found = names(entry, user_rdn)
    return next((name for name in found if name and is_of(entry, user_rdn, name, read_rdn)), "")


def spellings(entry: Entry, user_rdn: str, username: str) -> list[str]:
    """Return the attribute's values for this username as the directory writes them."""
    return [value for value in entry.texts(user_rdn) if _name(value) == username]


def display_name(entry: Entry) -> str:
    """Return displayName or cn as a safe line; empty if there is none."""
    values = (*entry.texts("displayName"), *entry.texts("cn"))
    return next(filter(None, map(text.visible_line, values)), "")


def is_enabled(entry: Entry, now: float) -> bool:
    """Whether the account is enabled and has not expired; `now` is in seconds since the epoch.

    A lock after wrong passwords does not count: it ends by itself, and strangers can cause it.
    """
    controls = (_number(value) for value in entry.texts("userAccountControl"))
    expiries = (_number(value) for value in entry.texts("accountExpires"))
    return not (
        any(control & _ACCOUNT_DISABLED for control in controls)
        or any(at not in _NEVER and _seconds(at) <= now for at in expiries)
        or any(value.lower() == "true" for value in entry.texts("nsAccountLock"))
        or _LOCKED_BY_ADMIN in entry.texts("pwdAccountLockedTime")
    )


def password_expires_at(entry: Entry) -> float | None:
    """Return when the password expires, in seconds since the epoch; None if never or unknown.

    Uses a computed attribute of Active Directory (MS-ADTS 3.1.1.4.5.34).
    """
    times = (_number(value) for value in entry.texts("msDS-UserPasswordExpiryTimeComputed"))
    return next((_seconds(at) for at in times if at not in _NEVER), None)


def unchanging_ids(entry: Entry) -> dict[str, str]:
    """Return the values of `IDS` that the entry has exactly once, by attribute name.

    Empty values are left out: two people could have the same.
    """
    found = {name: _ids(entry, name) for name in IDS}
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0]}


def id_filter(ids: Mapping[str, str]) -> str:
    """Return the filter for entries with one of these ids; empty if there are none."""
    asked = [
        f"({name}={value})"
        for attribute, id_ in ids.items()
        for name in (IDS if attribute == UNNAMED else (attribute,))
        for value in _written(name, id_)
    ]
    return f"(|{''.join(asked)})" if asked else ""


def _ids(entry: Entry, name: str) -> list[str]:
    if name != "objectGUID":
        return entry.texts(name)
    guids = entry.attributes.get("objectguid", ())
    return [str(uuid.UUID(bytes_le=guid)) for guid in guids if len(guid) == _GUID_BYTES]


def _written(name: str, id_: str) -> list[str]:
    """Return the id escaped for a filter, in a list; empty if it is invalid."""
    if name != "objectGUID":
        return [escaped(id_)]
    try:
        return ["".join(f"\\{byte:02x}" for byte in uuid.UUID(id_).bytes_le)]
    except ValueError:
        return []


def _name(value: str) -> str:
    try:
        return text.username(value)
    except InvalidInput:
        return ""


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        return 0


def _seconds(filetime: int) -> float:
    return filetime / _FILETIME_PER_SECOND - _FILETIME_OF_1970
