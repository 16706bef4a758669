"""The keys that protect the store: one JSON file, kept apart from it.

Each key is 256 random bits with an id. Encryption and pepper keys are derived from it with HKDF
(RFC 5869), so that one key never serves two purposes.
"""

import os
import secrets
from pathlib import Path
from typing import Annotated, Final, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta, Struct

from cwtui.accounts.errors import KeyringMissing, StoreDamaged, StoreTooNew
from cwtui.accounts.model import Sealed
from cwtui.files import check_private, exists, make_private_folder, write_atomically

SCHEMA: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
"""96 bits, as NIST SP 800-38D recommends for GCM."""


class _Key(Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    created_at: float
    material: bytes

    def __repr__(self) -> str:
        return f"_Key({self.id})"


class _File(Struct, frozen=True):
    schema: int
    active: str
    keys: tuple[_Key, ...]


class FileKeyring:
    """The keys of one file, read once."""

    def __init__(self, content: _File, path: Path) -> None:
        self._keys = {key.id: key.material for key in content.keys}
        self._path = path
        self._derived: dict[tuple[str, bytes], bytes] = {}
        self.active = content.active
        if content.active not in self._keys or any(
            len(material) != _KEY_BYTES for material in self._keys.values()
        ):
            raise StoreDamaged(f"{path} is damaged: its active key is missing or not 32 bytes.")

    @classmethod
    def create(cls, path: Path, now: float) -> Self:
        """A keyring with one new key. Raises CannotCheck if it cannot be written."""
        key = _Key(secrets.token_hex(4), now, os.urandom(_KEY_BYTES))
        content = _File(SCHEMA, key.id, (key,))
        make_private_folder(path.parent)
        write_atomically(path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        return cls(content, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises KeyringMissing, StoreExposed, StoreDamaged or StoreTooNew."""
        if not exists(path):
            raise KeyringMissing(
                f"The keyring {path} is missing, and without it the store cannot be read. "
                "Put it back from your backup."
            )
        check_private(path)
        try:
            content = path.read_bytes()
            schema = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get("schema")
            if schema is not None and msgspec.json.decode(schema, type=int) > SCHEMA:
                raise StoreTooNew(f"{path} was written by a newer cwtui. Install that version.")
            return cls(msgspec.json.decode(content, type=_File), path)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise StoreDamaged(f"{path} is damaged: {error}.") from None
        except OSError as error:
            raise KeyringMissing(f"{path} cannot be read: {error.strerror}.") from None

    def pepper(self, key: str) -> bytes:
        return self._derive(key, b"cwtui password pepper")

    def seal(self, secret: bytes, associated: bytes) -> Sealed:
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self._derive(self.active, b"cwtui secret encryption"))
        return Sealed(self.active, nonce, cipher.encrypt(nonce, secret, associated))

    def unseal(self, sealed: Sealed, associated: bytes) -> bytes:
        cipher = AESGCM(self._derive(sealed.key, b"cwtui secret encryption"))
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, associated)
        except (InvalidTag, ValueError):
            raise StoreDamaged(
                f"The secret of {associated.decode(errors='replace')} was changed outside cwtui, "
                "or belongs to another account. An admin can disable its MFA."
            ) from None

    def _derive(self, key: str, purpose: bytes) -> bytes:
        if key not in self._keys:
            raise KeyringMissing(
                f"The store needs the key {key}, which {self._path} does not hold. "
                "Put the keyring that belongs to this store in its place."
            )
        if (key, purpose) not in self._derived:
            derivation = HKDF(SHA256(), length=_KEY_BYTES, salt=None, info=purpose)
            self._derived[key, purpose] = derivation.derive(self._keys[key])
        return self._derived[key, purpose]
