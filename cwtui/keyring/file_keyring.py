"""The keys that protect the store, in one JSON file apart from it.

Each key is 256 random bits with an id. Encryption keys and peppers are derived from it, so that no
key serves two purposes.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Self, TypeAlias

from msgspec.structs import replace

from cwtui.accounts.errors import CannotCheck, KeyringMissing, Refused, StoreDamaged
from cwtui.accounts.model import Sealed
from cwtui.accounts.text import listed
from cwtui.accounts.upkeep.protection import Key
from cwtui.host.files import (
    check_private,
    discard,
    exists,
    keep,
    make_private_folder,
    prepare,
    rename,
    write_atomically,
)
from cwtui.host.locks import exclusive
from cwtui.keyring import file_format
from cwtui.keyring.file_format import KeyFile

_NONCE_BYTES: Final = 12
"""96 bits, as NIST SP 800-38D recommends for GCM."""
_PEPPER: Final = b"cwtui password pepper"
_ENCRYPTION: Final = b"cwtui secret encryption"
_Version: TypeAlias = tuple[int, ...]

_NAMED: Final = 3
"""The maximum number of keys that a sentence names."""
REMEDY: Final = (
    "Restore the keyring of this store from your backup. "
    "If it is lost for good: cwtui init --admin NAME --new-keyring"
)


class Held(NamedTuple):
    """The ids of all keys in one version of the file, and of the active one."""

    ids: frozenset[str]
    active: str


class FileKeyring:
    """The keys of one file, re-read when another process replaced it.

    A credential is a file that systemd provides for this process; cwtui never writes it.
    """

    def __init__(self, path: Path, *, credential: bool = False) -> None:
        self.check: Callable[[Held], None] | None = None
        """Raises CannotCheck if these keys do not match the store. Called once per version of the
        file; keys of a refused version are never used.
        """
        self._path = path
        self._credential = credential
        self._keys = self._read()
        self._before: _Keys | None = None

    @classmethod
    def load(cls, path: Path, *, credential: bool = False) -> Self:
        """Read the keyring. Raises KeyringMissing, StoreExposed, StoreDamaged or StoreTooNew."""
        return cls(path, credential=credential)

    @classmethod
    def create(cls, path: Path, now: float) -> Self:
        """Create a keyring with one new key. The caller holds the lock. Raises CannotCheck."""
        make_private_folder(path.parent)
        if exists(path):
            raise CannotCheck(f"The keyring {path} already exists. It was not changed.")
        return cls._made(path, now)

    @classmethod
    def replace(cls, path: Path, now: float) -> Self:
        """Replace a wrong keyring with a new one; the old file is kept as `NAME.lost-TIME`."""
        make_private_folder(path.parent)
        keep(path, f"lost-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S.%f}")
        return cls._made(path, now)

    @classmethod
    def _made(cls, path: Path, now: float) -> Self:
        write_atomically(path, file_format.encoded(file_format.new_file(now)))
        return cls(path)

    @property
    def active(self) -> str:
        return self._current().held.active

    def all_keys(self) -> tuple[Key, ...]:
        return self._current().made

    def held_now(self) -> Held:
        """Return the keys in the file, without checking them."""
        return self._newest().held

    def without(self, lacking: frozenset[str]) -> KeyringMissing:
        """Return the error for keys that the store needs and the keyring lacks."""
        keys = f"key{'s' if len(lacking) > 1 else ''} {listed(sorted(lacking), _NAMED)}"
        return KeyringMissing(
            f"The keyring {self._path} lacks the {keys}, which the store needs. {REMEDY}"
        )

    def with_unknown(self, active: str) -> KeyringMissing:
        """Return the error for an active key that the store does not know."""
        return KeyringMissing(
            f"The store does not know the active key {active} of the keyring {self._path}. If it "
            "is the keyring of another store, restore the right one. If the store is an older "
            "copy, make it use this key: cwtui key rotate"
        )

    @property
    def names_key(self) -> bytes:
        return self._current().names_key

    def pepper(self, key: str) -> bytes:
        return self._holding(key).derived(key, _PEPPER)

    def seal(self, secret: bytes, associated: bytes) -> Sealed:
        from cwtui.keyring import sealing

        keys = self._current()
        nonce = os.urandom(_NONCE_BYTES)
        key = keys.derived(keys.held.active, _ENCRYPTION)
        return Sealed(keys.held.active, nonce, sealing.seal(key, nonce, secret, associated))

    def unseal(self, sealed: Sealed, associated: bytes) -> bytes:
        from cwtui.keyring import sealing

        key = self._holding(sealed.key).derived(sealed.key, _ENCRYPTION)
        secret = sealing.unseal(key, sealed.nonce, sealed.ciphertext, associated)
        if secret is None:
            # What follows the username is the device's id (see `accounts.devices`).
            username = associated.decode(errors="replace").partition("\0")[0]
            raise StoreDamaged(
                f"The MFA secret of {username} was changed outside cwtui or belongs to another "
                "account. An admin can disable MFA for this account."
            )
        return secret

    @contextmanager
    def change(self) -> Iterator["KeyringChange"]:
        """Change the keyring under its lock. Raises Refused for a credential, and CannotCheck."""
        if self._credential:
            raise Refused(
                f"The keyring {self._path} is a credential, which only systemd can write. Stop the "
                "unit, set keyring.file in the configuration to the source of the credential, and "
                "run this again. Then give the unit the new file."
            )
        with exclusive(self._path):
            change = KeyringChange(self._path)
            if self.check is not None:
                self.check(change.held)
            try:
                yield change
                change.commit()
            finally:
                change.forget()

    def _holding(self, key: str) -> "_Keys":
        keys = self._current()
        if key in keys:
            return keys
        # Another process may have retired the key after the account was read.
        if self._before is not None and key in self._before:
            return self._before
        raise KeyringMissing(
            f"The key {key} of this account is lost. Ask an admin to restore the key, or to reset "
            "your password and MFA."
        )

    def _current(self) -> "_Keys":
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

    def _newest(self) -> "_Keys":
        return self._keys if self._version() == self._keys.version else self._read()

    def _read(self) -> "_Keys":
        # Before reading, so that a change while reading is noticed next time.
        version = self._version()
        if self._credential:
            file_format.check_credential(self._path)
        else:
            check_private(self._path)
        return _Keys(file_format.read(self._path), version)

    def _version(self) -> _Version:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise KeyringMissing(
                f"The keyring {self._path} is missing. Without it the store cannot be read. "
                f"{REMEDY}"
            ) from None
        except OSError as error:
            raise CannotCheck(
                f"Cannot read the keyring {self._path}: {(error.strerror or '').lower()}."
            ) from None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


class KeyringChange:
    """A new version of the file. Each change is written to disk; `commit` renames it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        before = file_format.read(path)
        # Stored from now on, as the key that it was derived from may be removed.
        names = file_format.names_key(before)
        self._content = replace(before, schema=file_format.SCHEMA, names=names)
        self._prepared: Path | None = None

    @property
    def held(self) -> Held:
        """The keys after the changes so far."""
        return _held(self._content)

    def add(self, now: float) -> str:
        key = file_format.new_key(now)
        self._put(replace(self._content, active=key.id, keys=(*self._content.keys, key)))
        return key.id

    def remove(self, *ids: str) -> None:
        kept = tuple(key for key in self._content.keys if key.id not in ids)
        self._put(replace(self._content, keys=kept))

    def commit(self) -> None:
        """Replace the file. If it raises CannotCheck, the file is unchanged."""
        if self._prepared is not None:
            rename(self._prepared, self._path)
            self._prepared = None

    def forget(self) -> None:
        if self._prepared is not None:
            discard(self._prepared)

    def _put(self, content: KeyFile) -> None:
        self._content = content
        self._prepared = prepare(self._path, file_format.encoded(content))


class _Keys:
    """One version of the file, with the keys derived from it so far."""

    def __init__(self, content: KeyFile, version: _Version) -> None:
        self.version = version
        self.held = _held(content)
        self.names_key = file_format.names_key(content)
        self.made = tuple(Key(key.id, key.created_at) for key in content.keys)
        self._materials = {key.id: key.material for key in content.keys}
        self._derived: dict[tuple[str, bytes], bytes] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._materials

    def derived(self, key: str, purpose: bytes) -> bytes:
        if (key, purpose) not in self._derived:
            self._derived[key, purpose] = file_format.derived(self._materials[key], purpose)
        return self._derived[key, purpose]


def _held(content: KeyFile) -> Held:
    return Held(frozenset(key.id for key in content.keys), content.active)
