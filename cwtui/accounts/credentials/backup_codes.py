"""Backup codes: single-use replacements for a one-time code, shown once and kept as hashes."""

from typing import Final

import bcrypt

from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import BackupCodes
from cwtui.accounts.ports import Keyring, RandomBytes
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import normal

COUNT: Final = 10
LENGTH: Final = 16
WARN_AT: Final = 3
COST: Final = 10
"""bcrypt's least cost by OWASP: the code's own 80 bits (NIST asks 64) make guessing hopeless."""

_HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014"
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_codes(random: RandomBytes) -> tuple[Secret, ...]:
    """Ten new codes of 80 bits, in groups of four characters."""
    return tuple(Secret(passwords.random_groups(random)) for _ in range(COUNT))


def typed_code(text: str, field: str = "backup_code") -> Secret:
    """The code of what was typed: any case, with or without hyphens and spaces, O for 0, I for 1.

    Raises InvalidInput.
    """
    kept = "".join(c for c in normal(text[:256]) if c not in _HYPHENS and not c.isspace())
    kept = kept.upper().translate(_MISREAD)
    if len(kept) != LENGTH or any(character not in passwords.CROCKFORD for character in kept):
        raise InvalidInput(
            field, "A backup code has 16 letters and digits in four groups: XXXX-XXXX-XXXX-XXXX."
        )
    return Secret(kept)


def hash_codes(codes: tuple[Secret, ...], keyring: Keyring, cost: int) -> BackupCodes:
    """The set to keep: one salt for all, so that checking a code costs one hash."""
    salt = bcrypt.gensalt(min(cost, COST)).decode("ascii")
    key = keyring.active  # once: it may be another one when the hashes are made
    pepper = keyring.pepper(key)
    hashes = (_hash(typed_code(code.reveal()), pepper, salt) for code in codes)
    return BackupCodes(key=key, salt=salt, hashes=tuple(hashes))


def matching_hash(code: Secret, kept: BackupCodes, keyring: Keyring) -> str | None:
    """Which of the unused hashes the typed code has; None if none."""
    if not kept.hashes:
        return None
    hashed = _hash(code, keyring.pepper(kept.key), kept.salt)
    return hashed if hashed in kept.hashes else None


def _hash(code: Secret, pepper: bytes, salt: str) -> str:
    whole = bcrypt.hashpw(passwords.pepper_digest(pepper, code), salt.encode("ascii"))
    return whole.decode("ascii").removeprefix(salt)
