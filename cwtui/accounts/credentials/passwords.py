"""Passwords: normalization, the organization's rules, and slow peppered hashes."""

import base64
import hmac
import re
import string
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import bcrypt

from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.errors import InvalidInput, KeyringMissing
from cwtui.accounts.model import PasswordHash
from cwtui.accounts.ports import Keyring, RandomBytes
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import CANNOT_BE_SHOWN, all_of, has_control_characters, normal
from cwtui.language import N_, _, ngettext

MAX_LENGTH: Final = 1024
"""Characters; NIST SP 800-63B-4 requires at least 64. Longer ones are no safer and take time."""

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32, without I, L, O and U, which are easily misread."""

GROUPED_LENGTH: Final = 16
"""The characters of `random_groups`."""

BCRYPT_BYTES: Final = 72
"""Bytes of a password that bcrypt reads, at most to the first NUL."""
_SALT_LENGTH: Final = len("$2b$12$") + 22
_BCRYPT_64: Final = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
_NO_PASSWORD: Final = b"\xff"
"""No text in UTF-8, so no other program has hashed it as a password."""

_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})

_SYMBOLS_AROUND: Final = re.compile(r"^[\W_]+|[\W_]+$")
_DIGITS_OR_SYMBOLS_AROUND: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_WORDS: Final = (N_("very weak"), N_("weak"), N_("fair"), N_("good"), N_("strong"))
ADVICE: Final = (
    N_("Straight rows of keys are easy to guess."),
    N_("Short keyboard patterns are easy to guess."),
    N_('Repeats like "aaa" are easy to guess.'),
    N_('Repeats like "abcabcabc" are only slightly harder to guess than "abc".'),
    N_('Sequences like "abc" or "6543" are easy to guess.'),
    N_("Recent years are easy to guess."),
    N_("Dates are often easy to guess."),
    N_("This is a top-10 common password."),
    N_("This is a top-100 common password."),
    N_("This is a very common password."),
    N_("This is similar to a commonly used password."),
    N_("A word by itself is easy to guess."),
    N_("Names and surnames by themselves are easy to guess."),
    N_("Common names and surnames are easy to guess."),
)
"""What zxcvbn warns of, in its words. Others, from a newer version, are not translated yet."""


def random_groups(random: RandomBytes) -> str:
    """Return 80 random bits as 16 characters of Crockford base32 in groups of 4."""
    return _grouped("".join(CROCKFORD[byte & 31] for byte in random(GROUPED_LENGTH)))


def as_crockford(typed: str) -> str:
    """Return what was typed in upper case, without hyphens and spaces.

    Reads O as 0, and I and L as 1, which are not in the alphabet.
    """
    return typed_codes.characters(typed).upper().translate(_MISREAD)


def initial(password: Secret) -> Secret:
    """Return an initial password as it is hashed.

    If it looks like one from `random_groups`, its case, hyphens and spaces do not matter.
    """
    typed = password.reveal()
    code = as_crockford(typed) if len(typed) <= typed_codes.MOST else ""
    is_random = len(code) == GROUPED_LENGTH and all(letter in CROCKFORD for letter in code)
    return Secret(_grouped(code)) if is_random else password


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + 4] for start in range(0, GROUPED_LENGTH, 4))


def pepper_digest(pepper: bytes, secret: Secret) -> bytes:
    """Return `base64(hmac-sha384(pepper, NFKC text))`: 64 bytes, as bcrypt takes at most 72.

    OWASP Password Storage Cheat Sheet, "Pre-Hashing Passwords with bcrypt".
    """
    text = normal(secret.reveal()).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(pepper, text, "sha384"))


def hash_password(password: Secret, keyring: Keyring, cost: int) -> PasswordHash:
    """Return the hash to store, peppered with the active key. Takes about 0.3 s at cost 12."""
    key = keyring.active  # read once, as it may change while the hash is computed
    digest = pepper_digest(keyring.pepper(key), password)
    hashed = bcrypt.hashpw(digest, bcrypt.gensalt(cost))
    return PasswordHash(key=key, bcrypt=hashed.decode("ascii"))


def is_password(password: Secret, kept: PasswordHash | None, keyring: Keyring, cost: int) -> bool:
    """Whether the password matches the stored hash.

    A mismatch takes the same time whatever is stored, even if nothing is, unless the hash has a
    higher cost than this. Raises KeyringMissing, also after the same time.
    """
    if kept is None or len(password.reveal()) > MAX_LENGTH:
        hash_password(Secret(""), keyring, cost)
        return False
    try:
        digest = _hashed_text(password, kept, keyring)
    except KeyringMissing:
        hash_password(Secret(""), keyring, cost)
        raise
    if bcrypt.checkpw(digest, canonical(kept.bcrypt).encode()):
        return True
    # Add the work that a hash of a lower cost saved: each step of the cost doubles it.
    for lower in range(cost_of(kept.bcrypt), cost):
        bcrypt.hashpw(digest, bcrypt.gensalt(lower))
    return False


def _hashed_text(password: Secret, kept: PasswordHash, keyring: Keyring) -> bytes:
    """Return what bcrypt gets if this is the password. Raises KeyringMissing."""
    if kept.key is not None:
        return pepper_digest(keyring.pepper(kept.key), password)
    # Another program hashed what was typed. Where bcrypt would read only its beginning, others
    # could sign in with that, so nothing matches.
    text = password.reveal().encode("utf-8", "surrogatepass")
    return text if len(text) <= BCRYPT_BYTES and b"\0" not in text else _NO_PASSWORD


def needs_rehash(kept: PasswordHash, keyring: Keyring, cost: int) -> bool:
    """Whether the hash has an old key or cost, or is one of another program."""
    return kept.key != keyring.active or cost_of(kept.bcrypt) != cost


def cost_of(hashed: str) -> int:
    """Return the cost of a bcrypt hash, or of the salt at its beginning."""
    return int(hashed.split("$")[2])


def canonical(hashed: str) -> str:
    """Return a bcrypt hash, or its salt alone, as bcrypt writes it: with all unused bits zero.

    A character is six bits. Some programs leave other bits after the 128 of the salt or the 184 of
    the hash. bcrypt refuses such a salt, and finds no password for such a hash.
    """
    salt, rest = hashed[:_SALT_LENGTH], hashed[_SALT_LENGTH:]
    return _cleared(salt, 0b110000) + (_cleared(rest, 0b111100) if rest else "")


def _cleared(letters: str, used: int) -> str:
    return letters[:-1] + _BCRYPT_64[_BCRYPT_64.index(letters[-1]) & used]


def check_new(
    password: Secret,
    settings: OrganizationSettings,
    username: str,
    field: str = "new_password",
) -> None:
    """Raise InvalidInput if the password breaks a rule. The message lists all unmet rules."""
    reason = _refusal(password, settings, username)
    if reason:
        raise InvalidInput(field, reason)


def _refusal(password: Secret, settings: OrganizationSettings, username: str) -> str:
    if not password:
        return _("Enter a password.")
    if len(password.reveal()) > MAX_LENGTH:
        return _("A password can have at most {most} characters.", most=MAX_LENGTH)
    return _refusal_of_text(normal(password.reveal()), settings, username)


def _refusal_of_text(text: str, settings: OrganizationSettings, username: str) -> str:
    # Must not raise, so that no traceback has the plain text as a local variable.
    if has_control_characters(text):
        return _(CANNOT_BE_SHOWN)
    if not text.strip():
        return _("The password cannot be only spaces.")
    missing = _unmet_rules(text, settings)
    if missing:
        return _("The password needs at least {missing}.", missing=all_of(missing))
    return _guessable(text.casefold(), username)


def _guessable(text: str, username: str) -> str:
    """Return why others would guess this password soon (NIST SP 800-63B-4, section 3.1.1.2)."""
    if text == username:
        return _("The password cannot be the username. Choose another one.")
    cores = _cores(text)
    bare = _DIGITS_OR_SYMBOLS_AROUND.sub("", username)
    if bare and bare in cores:
        return _("The password is the username with digits or symbols. Choose another one.")
    if not _common_passwords().isdisjoint(cores):
        return _("This password is too common. Choose another one.")
    return ""


def _cores(text: str) -> set[str]:
    """Return what a password amounts to without what people add to satisfy rules.

    Digits and symbols around it do not count, nor do repetitions and one letter set apart:
    "password" is a core of "Password-123", "!!!password1A" and "Password Password 1". A phrase of
    several words has only itself.
    """
    letters = _LETTERS.findall(text)
    words = {run for run in letters if len(run) > 1}
    apart = sum(len(run) == 1 for run in letters)
    only_word = words if len(words) == 1 and apart <= 1 else set()
    around = (_SYMBOLS_AROUND, _DIGITS_OR_SYMBOLS_AROUND)
    return {text, *(these.sub("", text) for these in around)} | only_word


def is_same(one: Secret, other: Secret) -> bool:
    """Whether both are the same password after normalization."""
    return Secret(normal(one.reveal())) == Secret(normal(other.reveal()))


def check_confirmation(password: Secret, confirmation: Secret) -> None:
    """Raise InvalidInput unless both passwords are the same."""
    if not is_same(password, confirmation):
        raise InvalidInput(
            "confirm_password", _("The passwords do not match. Type the same password twice.")
        )


def rules(settings: OrganizationSettings) -> str:
    """Return what a new password needs, such as "at least 5 characters and 1 digit"."""
    needed = _needed(settings)
    counted = [_counted(count, what) for what, count in needed.items() if count]
    return _("at least {needed}", needed=all_of(counted))


def _needed(settings: OrganizationSettings) -> dict[str, int]:
    return {
        "character": settings.password_min,
        "lower-case letter": settings.password_lower,
        "upper-case letter": settings.password_upper,
        "digit": settings.password_numeric,
        "symbol": settings.password_symbol,
    }


def _unmet_rules(text: str, settings: OrganizationSettings) -> list[str]:
    categories = [unicodedata.category(character) for character in text]
    found = {
        "character": len(text),
        "lower-case letter": categories.count("Ll"),
        "upper-case letter": categories.count("Lu"),
        "digit": categories.count("Nd"),
        "symbol": sum(c[0] in "PS" for c in categories),
    }
    return [
        _counted(needed, what) for what, needed in _needed(settings).items() if found[what] < needed
    ]


def _counted(number: int, what: str) -> str:
    match what:
        case "lower-case letter":
            return ngettext("{number} lower-case letter", "{number} lower-case letters", number)
        case "upper-case letter":
            return ngettext("{number} upper-case letter", "{number} upper-case letters", number)
        case "digit":
            return ngettext("{number} digit", "{number} digits", number)
        case "symbol":
            return ngettext("{number} symbol", "{number} symbols", number)
    return ngettext("{number} character", "{number} characters", number)


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


@dataclass(frozen=True)
class Strength:
    """A password's strength. `score` is zxcvbn's, 0 to 4; `advice` is a sentence or empty."""

    score: int
    word: str
    advice: str


def strength(password: Secret, username: str) -> Strength:
    """Estimate how hard the password is to guess. This is advice, never a rule."""
    from zxcvbn import zxcvbn

    if not password:
        return Strength(0, _(_WORDS[0]), "")
    # zxcvbn gets slow for long text, and characters after the 72nd cannot weaken the password.
    found = zxcvbn(password.reveal()[:72], user_inputs=[username])
    score = int(found["score"])
    warning = found["feedback"]["warning"]
    return Strength(score, _(_WORDS[score]), _(warning) if warning in ADVICE else "")
