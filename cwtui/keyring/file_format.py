"""The format of the keyring file. Reading is strict, so that damage is found at once."""

import hmac
import os
import stat
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from cwtui.accounts.errors import KeyringMissing, StoreDamaged, StoreExposed, StoreTooNew
from cwtui.accounts.model import Time
from cwtui.accounts.upkeep.protection import OtherKeyId, Pepper
from cwtui.host.files import cannot
from cwtui.host.reasons import reason_of
from cwtui.host.untrusted_files import TooLarge, read_regular
from cwtui.language import _

SCHEMA: Final = 3
"""Schema 2 adds a key for made-up names, which rotations do not change. Files with schema 1, from
the first released stores, are read and written as schema 2.

Schema 3 adds peppers of other stores. Without any, schema 2 is written, which older versions read.
"""
KEY_BYTES: Final = 32
_MOST: Final = 1_000_000
"""The maximum file size in bytes: room for thousands of keys."""
_ID_BYTES: Final = 8
_FIRST_WITH_NAMES: Final = 2
_FIRST_WITH_PEPPERS: Final = 3

KeyId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{1,16}\Z")]
"""The key's fingerprint, 16 hexadecimal digits; checked when the file is read."""
Material: TypeAlias = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]


class KeyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One key: 256 random bits, as base64 in JSON."""

    id: KeyId
    created_at: Time
    material: Material

    def __repr__(self) -> str:
        return f"KeyEntry({self.id})"


class PepperEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """The pepper of a key of another store, with the id of that key, from an import at `added_at`.

    Unlike a key, it decrypts nothing.
    """

    id: OtherKeyId
    added_at: Time
    pepper: Pepper

    def __repr__(self) -> str:
        return f"PepperEntry({self.id})"


class KeyFile(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The whole file. Keys are in the order of creation; the last one is active.

    `names` is the key for hashing made-up names (accounts/made_up.py).
    """

    schema: Annotated[int, Meta(ge=1)]
    active: KeyId
    keys: Annotated[tuple[KeyEntry, ...], Meta(min_length=1)]
    names: Material | None = None
    peppers: tuple[PepperEntry, ...] = ()

    def __repr__(self) -> str:
        return f"KeyFile({self.keys}, {self.peppers})"


def new_file(now: float) -> KeyFile:
    """Return the content of a new keyring, with one key."""
    key = new_key(now)
    return KeyFile(_FIRST_WITH_NAMES, key.id, (key,), os.urandom(KEY_BYTES))


def names_key(content: KeyFile) -> bytes:
    """The key for made-up names; of schema 1, which had none, one that its oldest key gives."""
    if content.names is not None:
        return content.names
    return derived(content.keys[0].material, b"cwtui made-up names")


def new_key(now: float) -> KeyEntry:
    material = os.urandom(KEY_BYTES)
    return KeyEntry(_fingerprint(material), now, material)


def derived(material: bytes, purpose: bytes, length: int = KEY_BYTES) -> bytes:
    """Derive a key of at most 32 bytes for one purpose with HKDF-SHA256 (RFC 5869).

    Not with cryptography's HKDF: the login screen would need it for the ids of the keys, and it
    takes 7 MB of memory. For 32 bytes, HKDF is these two lines.
    """
    extracted = hmac.digest(bytes(KEY_BYTES), material, sha256)
    return hmac.digest(extracted, purpose + b"\x01", sha256)[:length]


def encoded(content: KeyFile) -> bytes:
    if content.names is not None:
        schema = _FIRST_WITH_PEPPERS if content.peppers else _FIRST_WITH_NAMES
        content = replace(content, schema=schema)
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"


def read(path: Path) -> KeyFile:
    """Read and check the file. Raises KeyringMissing, StoreDamaged or StoreTooNew."""
    try:
        content = read_regular(path, _MOST)
    except TooLarge as error:
        raise _damaged(path, error.strerror) from None
    except OSError as error:
        raise KeyringMissing(
            _("{path} cannot be read: {reason}.", path=path, reason=reason_of(error))
        ) from None
    return decoded(content, str(path))


def decoded(content: bytes, path: str) -> KeyFile:
    """Check the content, which comes from this path. Raises StoreDamaged or StoreTooNew."""
    try:
        schema = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get("schema")
        if schema is not None and msgspec.json.decode(schema, type=int) > SCHEMA:
            raise StoreTooNew(
                _(
                    "{path} was written by a newer version of cwtui. Install that version.",
                    path=path,
                )
            )
        found = msgspec.json.decode(content, type=KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    if (found.names is None) is (found.schema >= _FIRST_WITH_NAMES):
        raise _damaged(
            path, _("the key for made-up names does not match schema {schema}", schema=found.schema)
        )
    if found.peppers and found.schema < _FIRST_WITH_PEPPERS:
        raise _damaged(path, _("peppers do not match schema {schema}", schema=found.schema))
    if found.active != found.keys[-1].id:
        raise _damaged(path, _("the active key {active} is not the last one", active=found.active))
    ids = Counter(key.id for key in found.keys)
    ids.update(one.id for one in found.peppers)
    for id_, times in ids.items():
        if times > 1:
            raise _damaged(path, _("the key {id} occurs twice", id=id_))
    for key in found.keys:
        if key.id != _fingerprint(key.material):
            raise _damaged(path, _("the id {id} belongs to another key", id=key.id))
    return found


def check_credential(path: Path) -> None:
    """Raise StoreExposed unless the file is a credential as systemd creates it.

    The owner must be root or this user. The mode must be 0400, or 0440 if an access control list
    grants the user access (the group bits are then those of the list).
    """
    try:
        found = path.stat()
    except OSError as error:
        raise cannot("read", path, error) from None
    if found.st_uid not in {0, os.geteuid()} or stat.S_IMODE(found.st_mode) & 0o027:
        raise StoreExposed(
            _(
                "{path} must be owned by root or this user, and not accessible to others. Let "
                "systemd create it with LoadCredential= or SetCredentialEncrypted=.",
                path=path,
            )
        )


def _fingerprint(material: bytes) -> str:
    return derived(material, b"cwtui key id", _ID_BYTES).hex()


def _damaged(path: Path | str, reason: str) -> StoreDamaged:
    return StoreDamaged(
        _(
            "{path} is damaged: {reason}. It was not changed; restore it from your backup.",
            path=path,
            reason=reason,
        )
    )
