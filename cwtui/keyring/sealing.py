"""Seals secrets with AES-256-GCM.

Imported late: cryptography takes 7 MB of memory, and the login screen needs none of it.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(key: bytes, nonce: bytes, secret: bytes, associated: bytes) -> bytes:
    """Encrypt the secret, and bind it to what is associated with it."""
    return AESGCM(key).encrypt(nonce, secret, associated)


def unseal(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes | None:
    """Return the secret; None if it, or what is associated with it, was changed."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except (InvalidTag, ValueError):
        return None
