"""An open keyring, wherever it is kept: its keys, and what is derived from them.

Each key is 256 random bits with an id. Encryption keys and peppers are derived from it, so that no
key serves two purposes.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, TypeAlias

from cwtui.accounts.errors import KeyringMissing, StoreDamaged
from cwtui.accounts.model import Sealed
from cwtui.accounts.ports import KeyringChange
from cwtui.accounts.text import listed
from cwtui.accounts.upkeep.protection import Key
from cwtui.hints import again
from cwtui.keyring import file_format
from cwtui.keyring.file_format import KeyFile
from cwtui.language import _, ngettext

_NONCE_BYTES: Final = 12
"""96 bits, as NIST SP 800-38D recommends for GCM."""
_PEPPER: Final = b"cwtui password pepper"
_ENCRYPTION: Final = b"cwtui secret encryption"
Version: TypeAlias = tuple[int | str, ...]

_NAMED: Final = 3
"""The maximum number of keys that a sentence names."""


def remedy() -> str:
    """Return what to do if the keyring cannot be used."""
    return _(
        "Restore the keyring of this store from your backup. If it is lost for good: {command}",
        command=again("init --admin NAME --new-keyring"),
    )


class Held(NamedTuple):
    """The ids of all keys in one version of the file, with imported ones, and of the active one."""

    ids: frozenset[str]
    active: str


class Keys:
    """One version of the file, with the keys derived from it so far."""

    def __init__(self, content: KeyFile, version: Version) -> None:
        self.version = version
        self.held = held_in(content)
        self.names_key = file_format.names_key(content)
        imported = (Key(one.id, one.added_at, imported=True) for one in content.peppers)
        self.made = (*imported, *(Key(key.id, key.created_at) for key in content.keys))
        self._materials = {key.id: key.material for key in content.keys}
        self._derived = {(one.id, _PEPPER): one.pepper for one in content.peppers}

    def can_derive(self, key: str, purpose: bytes) -> bool:
        return key in self._materials or (key, purpose) in self._derived

    def derived(self, key: str, purpose: bytes) -> bytes:
        if (key, purpose) not in self._derived:
            self._derived[key, purpose] = file_format.derived(self._materials[key], purpose)
        return self._derived[key, purpose]


def held_in(content: KeyFile) -> Held:
    ids = frozenset(key.id for key in content.keys)
    return Held(ids.union(one.id for one in content.peppers), content.active)


class OpenKeyring(ABC):
    """The Keyring port. What others changed is read again. `place` is where it is, for people."""

    def __init__(self, place: str) -> None:
        self.check: Callable[[Held], None] | None = None
        """Raises CannotCheck if these keys do not match the store. Called once per version; keys of
        a refused version are never used.
        """
        self.place = place
        self._keys = self._read()
        self._before: Keys | None = None

    @abstractmethod
    def change(self) -> AbstractContextManager[KeyringChange]: ...

    @property
    def is_read_only(self) -> bool:
        return False

    @abstractmethod
    def version(self) -> Version:
        """Return what changes with each change of the keyring. Raises CannotCheck."""

    @abstractmethod
    def _read(self) -> Keys:
        """Read the keyring. Raises KeyringMissing, and what tells that it must not be used."""

    @property
    def active(self) -> str:
        return self._current().held.active

    def all_keys(self) -> tuple[Key, ...]:
        return self._current().made

    def held_now(self) -> Held:
        """Return the keys as they are, without checking them."""
        return self._newest().held

    def without(self, lacking: frozenset[str]) -> KeyringMissing:
        """Return the error for keys that the store needs and the keyring lacks."""
        keys = listed(sorted(lacking), _NAMED)
        return KeyringMissing(
            ngettext(
                "The keyring {place} lacks the key {keys}, which the store needs. {remedy}",
                "The keyring {place} lacks the keys {keys}, which the store needs. {remedy}",
                len(lacking),
                place=self.place,
                keys=keys,
                remedy=remedy(),
            )
        )

    def with_unknown(self, active: str) -> KeyringMissing:
        """Return the error for an active key that the store does not know."""
        return KeyringMissing(
            _(
                "The store does not know the active key {active} of the keyring {place}. If it is "
                "the keyring of another store, restore the right one. If the store is an older "
                "copy, make it use this key: {command}",
                active=active,
                command=again("key rotate"),
                place=self.place,
            )
        )

    @property
    def names_key(self) -> bytes:
        return self._current().names_key

    def pepper(self, key: str) -> bytes:
        return self._holding(key, _PEPPER).derived(key, _PEPPER)

    def seal(self, secret: bytes, associated: bytes) -> Sealed:
        from cwtui.keyring import sealing

        keys = self._current()
        nonce = os.urandom(_NONCE_BYTES)
        key = keys.derived(keys.held.active, _ENCRYPTION)
        return Sealed(keys.held.active, nonce, sealing.seal(key, nonce, secret, associated))

    def opened(self, sealed: Sealed, associated: bytes) -> bytes | None:
        """Return what is sealed; None if it, or what is associated with it, was changed."""
        from cwtui.keyring import sealing

        keys = self._holding(sealed.key, _ENCRYPTION)
        key = keys.derived(sealed.key, _ENCRYPTION)
        return sealing.unseal(key, sealed.nonce, sealed.ciphertext, associated)

    def unseal(self, sealed: Sealed, associated: bytes) -> bytes:
        secret = self.opened(sealed, associated)
        if secret is None:
            # What follows the username is the device's id (see `accounts.devices`).
            username = associated.decode(errors="replace").partition("\0")[0]
            raise StoreDamaged(
                _(
                    "The MFA secret of {username} was changed outside cwtui or belongs to another "
                    "account. An admin can disable MFA for this account.",
                    username=username,
                )
            )
        return secret

    def _holding(self, key: str, purpose: bytes) -> Keys:
        keys = self._current()
        if keys.can_derive(key, purpose):
            return keys
        # Another process may have retired the key after the account was read.
        if self._before is not None and self._before.can_derive(key, purpose):
            return self._before
        raise KeyringMissing(
            _(
                "The key {key} of this account is lost. Ask an admin to restore the key, or to "
                "reset your password and MFA.",
                key=key,
            )
        )

    def _current(self) -> Keys:
        newest = self._newest()
        while newest is not self._keys:
            try:
                if self.check is not None:
                    self.check(newest.held)
            except KeyringMissing:
                again = self._newest()
                if again.version == newest.version:
                    raise
                newest = again  # another process has just changed the keys
            else:
                self._before = self._keys if self._keys.held.ids & newest.held.ids else None
                self._keys = newest
        return newest

    def _newest(self) -> Keys:
        return self._keys if self.version() == self._keys.version else self._read()
