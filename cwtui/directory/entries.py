"""What an entry says of a person: the name, whether it is enabled, the ids."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from cwtui.accounts import text
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.identity import UNNAMED
from cwtui.directory.escaping import escaped

IDS: Final = ("entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID")
"""What a server never changes and never gives again; only objectGUID is not text."""

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
"""pwdAccountLockedTime for "until an administrator unlocks" (draft-behera-ldap-password-policy)."""

_GUID_BYTES: Final = 16
_NEVER: Final = {0, 0x7FFF_FFFF_FFFF_FFFF}
_FILETIME_PER_SECOND: Final = 10_000_000
_FILETIME_OF_1970: Final = 11_644_473_600
"""accountExpires counts 100 ns from 1601 (Microsoft, MS-DTYP)."""


class Entry(NamedTuple):
    """One entry; names of attributes in small letters."""

    dn: str
    attributes: dict[str, tuple[bytes, ...]]

    def texts(self, name: str) -> list[str]:
        """The values that are UTF-8."""
        found = []
        for value in self.attributes.get(name.lower(), ()):
            with suppress(UnicodeDecodeError):
                found.append(value.decode())
        return found


def is_of(entry: Entry, user_rdn: str, username: str) -> bool:
    """Whether the entry has this name, as cwtui reads names, and no second one.

    A server may take "josé" for "jose". And whoever had two names would have two accounts here,
    the second one without the second factor of the first. Where the attribute has several values,
    the one in the DN is the name.
    """
    found = names(entry, user_rdn)
    if len(found) > 1:
        found = {_name(value) for value in _values_in_rdn(entry.dn, user_rdn)}
    return found == {username}


def names(entry: Entry, user_rdn: str) -> set[str]:
    """The values of the attribute as usernames; empty for what cannot be one."""
    return {_name(value) for value in entry.texts(user_rdn)}


def name_of(entry: Entry, user_rdn: str) -> str:
    """The only name that `is_of` would find; empty where there is none."""
    found = names(entry, user_rdn)
    return next((name for name in found if name and is_of(entry, user_rdn, name)), "")


def spellings(entry: Entry, user_rdn: str, username: str) -> list[str]:
    """The name as the directory writes it."""
    return [value for value in entry.texts(user_rdn) if _name(value) == username]


def display_name(entry: Entry) -> str:
    """The displayName, or cn; what cannot be one line to show is made visible."""
    values = (*entry.texts("displayName"), *entry.texts("cn"))
    return next(filter(None, map(text.visible_line, values)), "")


def is_enabled(entry: Entry, now: float) -> bool:
    """Whether the server would let the person in; `now` is seconds since 1970.

    A lock after wrong passwords is not counted: it ends by itself, and a stranger can cause it.
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
    """In seconds since 1970, by Active Directory's computed attribute (MS-ADTS 3.1.1.4.5.34).

    None for a password that never expires, and where it is not known.
    """
    times = (_number(value) for value in entry.texts("msDS-UserPasswordExpiryTimeComputed"))
    return next((_seconds(at) for at in times if at not in _NEVER), None)


def unchanging_ids(entry: Entry) -> dict[str, str]:
    """Those of `IDS` that the entry shows, once each, by the name of the attribute."""
    found = {name: _ids(entry, name) for name in IDS}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def id_filter(ids: Mapping[str, str]) -> str:
    """The filter that finds the entries with one of these ids; empty where there is none."""
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
    """The value as a filter has it; nothing for what cannot be one."""
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


def _values_in_rdn(dn: str, attribute: str) -> list[str]:
    from ldap3.core.exceptions import LDAPInvalidDnError
    from ldap3.utils.conv import ldap_escape_to_bytes
    from ldap3.utils.dn import safe_rdn

    try:
        rdn = safe_rdn(dn, decompose=True)
    except LDAPInvalidDnError:
        return []
    return [
        ldap_escape_to_bytes(value).decode("utf-8", "replace")
        for name, value in rdn
        if name.lower() == attribute.lower()
    ]


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        return 0


def _seconds(filetime: int) -> float:
    return filetime / _FILETIME_PER_SECOND - _FILETIME_OF_1970
