"""Keys as a keyring's file holds them."""

from typing import Any

import msgspec

from cwtui.keyring.file_format import KeyEntry, derived

KEY = bytes(range(32))


def key(material: bytes = KEY, created_at: float = 1.0) -> dict[str, Any]:
    """The entry of a key, under its fingerprint."""
    made = KeyEntry(derived(material, b"cwtui key id", 8).hex(), created_at, material)
    plain = msgspec.to_builtins(made)
    assert isinstance(plain, dict)
    return plain


def schema_1(*keys: dict[str, Any]) -> dict[str, Any]:
    """A keyring of schema 1, which had no key for made-up names."""
    held = list(keys or (key(),))
    return {"schema": 1, "active": held[-1]["id"], "keys": held}
