"""Passwords: one form, the organization's rules, and a slow peppered hash."""

import base64
import hmac
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import bcrypt

from cwtui.accounts.errors import InvalidInput, KeyringMissing
from cwtui.accounts.model import PasswordHash
from cwtui.accounts.ports import Keyring, RandomBytes
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import CANNOT_BE_SHOWN, counted, has_control_characters, normal

MAX_LENGTH: Final = 1024
"""In characters; NIST SP 800-63B-4 asks for at least 64. More is no safer and costs time."""

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O, U, so that nothing is misread."""

_WORDS: Final = ("very weak", "weak", "fair", "good", "strong")


def random_groups(random: RandomBytes) -> str:
    """16 characters of Crockford base32 in groups of 4: 80 random bits."""
    letters = [CROCKFORD[byte & 31] for byte in random(16)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


def pepper_digest(pepper: bytes, secret: Secret) -> bytes:
    """`base64(hmac-sha384(pepper, NFKC text))`: 64 bytes, as bcrypt takes at most 72.

    OWASP Password Storage Cheat Sheet, "Pre-Hashing Passwords with bcrypt".
    """
    text = normal(secret.reveal()).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(pepper, text, "sha384"))


def hash_password(password: Secret, keyring: Keyring, cost: int) -> PasswordHash:
    """The hash to keep, peppered with the active key. Takes about 0.3 s at cost 12."""
    key = keyring.active  # once: it may be another one when the hash is made
    digest = pepper_digest(keyring.pepper(key), password)
    hashed = bcrypt.hashpw(digest, bcrypt.gensalt(cost))
    return PasswordHash(key=key, bcrypt=hashed.decode("ascii"))


def is_password(password: Secret, kept: PasswordHash | None, keyring: Keyring, cost: int) -> bool:
    """Whether the password is the one kept. If not: the same work whatever is kept, or nothing.

    Raises KeyringMissing, after the same work too.
    """
    if kept is None or len(password.reveal()) > MAX_LENGTH:
        hash_password(Secret(""), keyring, cost)
        return False
    try:
        pepper = keyring.pepper(kept.key)
    except KeyringMissing:
        hash_password(Secret(""), keyring, cost)
        raise
    digest = pepper_digest(pepper, password)
    if bcrypt.checkpw(digest, kept.bcrypt.encode()):
        return True
    # What a hash of a lower cost left to be done: each step of the cost doubles the work.
    for lower in range(_cost(kept), cost):
        bcrypt.hashpw(digest, bcrypt.gensalt(lower))
    return False


def needs_rehash(kept: PasswordHash, keyring: Keyring, cost: int) -> bool:
    """Whether the hash is of another key or cost than a new one would be."""
    return kept.key != keyring.active or _cost(kept) != cost


def _cost(kept: PasswordHash) -> int:
    return int(kept.bcrypt.split("$")[2])


def check_new(
    password: Secret,
    settings: OrganizationSettings,
    username: str,
    field: str = "new_password",
) -> None:
    """Raise InvalidInput, naming every rule that the password does not follow."""
    reason = _refusal(password, settings, username)
    if reason:
        raise InvalidInput(field, reason)


def _refusal(password: Secret, settings: OrganizationSettings, username: str) -> str:
    if not password:
        return "Enter a password."
    if len(password.reveal()) > MAX_LENGTH:
        return f"A password has at most {MAX_LENGTH} characters."
    return _refusal_of_text(normal(password.reveal()), settings, username)


def _refusal_of_text(text: str, settings: OrganizationSettings, username: str) -> str:
    # Raises nothing, so that the plain text is a local variable of no traceback.
    if has_control_characters(text):
        return CANNOT_BE_SHOWN
    if not text.strip():
        return "A password is more than spaces."
    missing = _unmet_rules(text, settings)
    if missing:
        return f"The password needs {_and(missing)}."
    if text.casefold() == username:
        return "The password is your username. Choose another one."
    if text.casefold() in _common_passwords():
        return "This is one of the most common passwords, tried first. Choose another one."
    return ""


def is_same(one: Secret, other: Secret) -> bool:
    """Whether both are the same password, typed on whatever keyboard."""
    return Secret(normal(one.reveal())) == Secret(normal(other.reveal()))


def check_confirmation(password: Secret, confirmation: Secret) -> None:
    """Raise InvalidInput unless both are the same."""
    if not is_same(password, confirmation):
        raise InvalidInput("confirm_password", "The two passwords differ. Type the same one twice.")


def _unmet_rules(text: str, settings: OrganizationSettings) -> list[str]:
    categories = [unicodedata.category(character) for character in text]
    rules = {
        "character": (len(text), settings.password_min),
        "lower-case letter": (categories.count("Ll"), settings.password_lower),
        "upper-case letter": (categories.count("Lu"), settings.password_upper),
        "digit": (categories.count("Nd"), settings.password_numeric),
        "symbol": (sum(c[0] in "PS" for c in categories), settings.password_symbol),
    }
    return [
        f"at least {counted(needed, what)}"
        for what, (found, needed) in rules.items()
        if found < needed
    ]


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


@dataclass(frozen=True)
class Strength:
    """`score` is 0 to 4, as zxcvbn counts; `advice` is a sentence or empty."""

    score: int
    word: str
    advice: str


def strength(password: Secret, username: str) -> Strength:
    """How hard the password is to guess: advice, never a rule."""
    from zxcvbn import zxcvbn

    if not password:
        return Strength(0, _WORDS[0], "")
    # zxcvbn's time grows faster than the length; what follows 72 characters cannot weaken it.
    found = zxcvbn(password.reveal()[:72], user_inputs=[username])
    score = int(found["score"])
    advice = str(found["feedback"]["warning"] or "")
    return Strength(score, _WORDS[score], advice)
