"""Which keys protect what: secrets and hashes of an account are each under a key of the keyring."""

from typing import NamedTuple

import msgspec
from msgspec import Struct

from cwtui.accounts.model import Account


class Key(NamedTuple):
    """A key of the keyring, without what it is made of. `created_at` is in seconds, UTC."""

    id: str
    created_at: float


class UnderKey(Struct, frozen=True, gc=False):
    """That something is under the key of that id, without reading it."""

    key: str


class CodesUnderKey(Struct, frozen=True, gc=False):
    """The same of a set of backup codes; without unused codes it needs no key."""

    key: str
    hashes: tuple[str, ...]


class ProtectedFactor(Struct, frozen=True, gc=False):
    totp_secret: UnderKey
    backup_codes: CodesUnderKey


class Protected(Struct, frozen=True, kw_only=True, gc=False):
    """What of an account is under which key; the same names as in Account, so that a store can
    read it from the same record.
    """

    username: str
    password: UnderKey | None = None
    second_factor: ProtectedFactor | None = None

    @property
    def password_key(self) -> str | None:
        return self.password.key if self.password is not None else None

    @property
    def totp_key(self) -> str | None:
        return self.second_factor.totp_secret.key if self.second_factor is not None else None

    @property
    def codes_key(self) -> str | None:
        factor = self.second_factor
        return (
            factor.backup_codes.key if factor is not None and factor.backup_codes.hashes else None
        )

    @property
    def keys(self) -> frozenset[str]:
        """The ids of the keys without which something of the account cannot be checked."""
        ids = (self.password_key, self.totp_key, self.codes_key)
        return frozenset(id_ for id_ in ids if id_ is not None)


def protected(account: Account) -> Protected:
    """The same of a whole account."""
    return msgspec.convert(account, Protected, from_attributes=True)


def keys_of(account: Account) -> frozenset[str]:
    """The ids of the keys without which something of the account cannot be checked."""
    return protected(account).keys
