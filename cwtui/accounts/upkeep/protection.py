"""Which keys of the keyring protect an account's secrets and hashes."""

from collections.abc import Callable, Iterable
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts.model import Account

OtherKeyId: TypeAlias = Annotated[str, Meta(pattern=r"^p?[0-9a-z]{1,16}\Z")]
"""The id of a key of another store."""
Pepper: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""What is mixed into passwords and backup codes before they are hashed."""


class Key(NamedTuple):
    """A key without its secret. `created_at` is in seconds since the epoch.

    `imported`: only the pepper of a key of another store, added at `created_at` by an import.
    """

    id: str
    created_at: float
    imported: bool = False


class UnderKey(Struct, frozen=True, gc=False):
    """The id of the key that protects something, without the protected data."""

    key: str


class HashUnderKey(Struct, frozen=True, gc=False):
    """Like UnderKey, for a password; a hash of another program has no key."""

    key: str | None


class CodesUnderKey(Struct, frozen=True, gc=False):
    """Like UnderKey, for a set of backup codes; a set without unused codes needs no key."""

    key: str
    hashes: tuple[str, ...]


class DeviceUnderKey(Struct, frozen=True, gc=False):
    """The key that protects a device's secret key."""

    totp_secret: UnderKey


class ProtectedFactor(Struct, frozen=True, gc=False):
    devices: tuple[DeviceUnderKey, ...]
    backup_codes: CodesUnderKey


class Protected(Struct, frozen=True, kw_only=True, gc=False):
    """Which keys protect an account.

    Field names are the same as in Account, so that a store can read both from one record.
    """

    username: str
    password: HashUnderKey | None = None
    second_factor: ProtectedFactor | None = None

    @property
    def password_key(self) -> str | None:
        return self.password.key if self.password is not None else None

    @property
    def totp_keys(self) -> tuple[str, ...]:
        """The ids of the keys that protect the devices, one for each device."""
        factor = self.second_factor
        return tuple(one.totp_secret.key for one in factor.devices) if factor is not None else ()

    @property
    def codes_key(self) -> str | None:
        factor = self.second_factor
        return (
            factor.backup_codes.key if factor is not None and factor.backup_codes.hashes else None
        )

    @property
    def keys(self) -> frozenset[str]:
        """The ids of all keys that the account needs."""
        ids = (self.password_key, self.codes_key, *self.totp_keys)
        return frozenset(id_ for id_ in ids if id_ is not None)


def protected(account: Account) -> Protected:
    """Return which keys protect this account."""
    return msgspec.convert(account, Protected, from_attributes=True)


def keys_of(account: Account) -> frozenset[str]:
    """Return the ids of all keys that the account needs."""
    if account.second_factor is None:  # at once: an import brings many such accounts
        key = account.password.key if account.password is not None else None
        return frozenset() if key is None else frozenset((key,))
    return protected(account).keys


def newly_needed(
    accounts: Iterable[Account], needed: frozenset[str], stored: Callable[[str], Account | None]
) -> frozenset[str]:
    """Return the ids of the keys that are `needed` too once these accounts are stored.

    `stored` returns an account as it is stored now. A key that was given up as lost does not become
    needed again by an account that had it.
    """
    found = set[str]()
    for account in accounts:
        keys = keys_of(account)
        if not keys <= needed:
            before = stored(account.username)
            found |= keys - (keys_of(before) if before is not None else frozenset())
    return frozenset(found)
