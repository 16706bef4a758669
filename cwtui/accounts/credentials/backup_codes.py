"""Backup codes: single-use replacements for a one-time code, shown once and stored as hashes."""

from datetime import UTC, tzinfo
from typing import Final

import bcrypt

from cwtui.accounts.credentials import passwords, typed_codes
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import BackupCodes
from cwtui.accounts.ports import Keyring, RandomBytes
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.accounts.times import full_minute
from cwtui.language import _

COUNT: Final = 10
LENGTH: Final = typed_codes.BACKUP_CODE_LENGTH
WARN_AT: Final = 3
COST: Final = 10
"""The minimum bcrypt cost of OWASP; enough, as codes have 80 random bits (NIST requires 64)."""


def hash_cost(cost: int) -> int:
    """Return the cost of the hashes of codes, where those of passwords have this one."""
    return min(cost, COST)


def new_codes(random: RandomBytes) -> tuple[Secret, ...]:
    """Return ten new codes of 80 random bits, in groups of four characters."""
    return tuple(Secret(passwords.random_groups(random)) for _each in range(COUNT))


def typed_code(text: str, field: str = "backup_code") -> Secret:
    """Return the normalized code for what was typed. Raises InvalidInput.

    Ignores case, hyphens and spaces; reads O as 0, and I and L as 1. Emergency codes of 8 digits
    can have been imported.
    """
    code = passwords.as_crockford(text)
    if not code:
        raise InvalidInput(field, _("Enter one of your backup codes."))
    for character in code:
        if character not in passwords.CROCKFORD:
            raise InvalidInput(
                field, _("Backup codes do not contain {character}.", character=visible(character))
            )
    if len(code) != LENGTH and not typed_codes.is_emergency_code(code):
        raise InvalidInput(field, _wrong_length(code))
    return Secret(code)


def _wrong_length(code: str) -> str:
    if len(code) >= typed_codes.MOST:
        return _(
            "A backup code has {length} letters and digits; you typed many more.", length=LENGTH
        )
    return _(
        "A backup code has {length} letters and digits; you typed {number}.",
        length=LENGTH,
        number=len(code),
    )


def check_saved(typed: str, codes: tuple[Secret, ...], field: str = "backup_code") -> None:
    """Check that somebody who was just given these codes can type one of them.

    The code is not used up. Attempts are not limited, because the codes belong to whoever types
    them. Raises InvalidInput.
    """
    code = typed_code(typed, field)
    # All of them are compared, and each in constant time.
    matches = [typed_code(one.reveal()) == code for one in codes]
    if not any(matches):
        raise InvalidInput(
            field, _("This is not one of your codes. Compare it with what you saved.")
        )


def as_file(
    codes: tuple[Secret, ...], username: str, host: str, at: float, zone: tzinfo = UTC
) -> Secret:
    """Return the text of a file to keep: what it is, and one code a line."""
    head = (
        _("Connectware backup codes"),
        "",
        _("Account: {username}", username=username),
        _("Host:    {host}", host=host),
        _("Created: {time}", time=full_minute(at, zone)),
        "",
        _("Each code lets you sign in once. Keep them in a safe place."),
        "",
    )
    return Secret("\n".join([*head, *(code.reveal() for code in codes), ""]))


def are_saved(kept: BackupCodes) -> bool:
    """Whether the user has saved the codes: has said so, or has used one of them."""
    return kept.acknowledged or len(kept.hashes) < COUNT


def hash_codes(
    codes: tuple[Secret, ...], keyring: Keyring, cost: int, now: float | None = None
) -> BackupCodes:
    """Return the set to store. All codes share a salt, so that checking a code takes one hash."""
    salt = bcrypt.gensalt(hash_cost(cost)).decode("ascii")
    key = keyring.active  # read once, as it may change while the hashes are computed
    pepper = keyring.pepper(key)
    hashes = (_hash(typed_code(code.reveal()), pepper, salt) for code in codes)
    return BackupCodes(key=key, salt=salt, hashes=tuple(hashes), created_at=now)


def matching_hash(code: Secret, kept: BackupCodes, keyring: Keyring) -> str | None:
    """Return the unused hash that the code matches, or None."""
    if not kept.hashes:
        return None
    hashed = _hash(code, keyring.pepper(kept.key), kept.salt)
    return hashed if hashed in kept.hashes else None


def _hash(code: Secret, pepper: bytes, salt: str) -> str:
    salt = passwords.canonical(salt)  # an import may have brought another one
    whole = bcrypt.hashpw(passwords.pepper_digest(pepper, code), salt.encode("ascii"))
    return whole.decode("ascii").removeprefix(salt)
