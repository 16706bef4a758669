"""How files in the age format (age-encryption.org/v1) begin, for hosts without a library for it."""

from typing import Final

ARMOR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
"""The first line of a file in ASCII armor."""
_BINARY: Final = b"age-encryption.org/v1\n"
START_LENGTH: Final = max(len(ARMOR), len(_BINARY))
"""Bytes that tell whether a file is encrypted."""


def is_encrypted(start: bytes) -> bool:
    """Whether a file that begins with these bytes is encrypted, as binary or in ASCII armor."""
    return start.startswith((ARMOR, _BINARY))
