"""Tell one-time codes from backup codes as they are typed. Imports little: fields use it."""

import unicodedata
from typing import Final

from cwtui.accounts.text import normal
from cwtui.language import _

DIGITS: Final = 6
"""The length of a one-time code."""
BACKUP_CODE_LENGTH: Final = 16
EMERGENCY_CODE_LENGTH: Final = 8
"""The digits of an emergency code of google-authenticator, which can be imported as a backup code.

NIST SP 800-63B-4 asks for 20 bits where attempts are limited, and these have 26.
"""
MOST: Final = 256
"""Characters that are looked at; nobody types more."""

_HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014"
_GROUP: Final = 4


def characters(typed: str) -> str:
    """Return what was typed without spaces and hyphens, and with digits of other scripts as 0-9."""
    if _is_number(typed) and len(typed) <= MOST:
        return typed  # at once: this includes most codes
    kept = (c for c in normal(typed[:MOST]) if c not in _HYPHENS and not c.isspace())
    return "".join(str(unicodedata.decimal(c, c)) for c in kept)


def wrong_length(code: str) -> str:
    """Return the error for a one-time code of these characters, which are too many or too few."""
    if len(code) >= MOST:
        return _("A one-time code has {digits} digits; you typed many more.", digits=DIGITS)
    return _(
        "A one-time code has {digits} digits; you typed {number}.", digits=DIGITS, number=len(code)
    )


def is_one_time_code(typed: str) -> bool:
    """Whether this is a whole one-time code, and not the beginning of a backup code."""
    code = characters(typed)
    return len(code) == DIGITS and _is_number(code) and not begins_backup_code(typed)


def is_backup_code(typed: str) -> bool:
    """Whether this was meant as a backup code: an emergency code, or more than six characters.

    Fewer than 16 digits are a one-time code with too many.
    """
    code = characters(typed)
    is_short_number = _is_number(code) and len(code) < BACKUP_CODE_LENGTH
    return is_emergency_code(typed) or (len(code) > DIGITS and not is_short_number)


def is_emergency_code(typed: str) -> bool:
    """Whether this can be a backup code that was imported from google-authenticator."""
    code = characters(typed)
    return len(code) == EMERGENCY_CODE_LENGTH and _is_number(code)


def begins_backup_code(typed: str) -> bool:
    """Whether this may be the beginning of a backup code, so that six digits are not the end.

    It has letters or more than six digits, or a space or hyphen after the fourth digit, where
    nobody divides six digits.
    """
    code = characters(typed)
    first, rest = typed.strip()[:_GROUP], typed.strip()[_GROUP:]
    is_divided = len(characters(first)) == _GROUP and rest != "" and not characters(rest[0])
    return len(code) > DIGITS or is_divided or any(c.isalpha() for c in code)


def not_a_one_time_code(typed: str, *, has_backup_codes: bool = True) -> str:
    """Return why this cannot become a one-time code, as a sentence; empty if it still can."""
    code = characters(typed)
    if has_backup_codes and is_backup_code(typed) and not is_emergency_code(typed):
        return _("Backup codes do not work here.")
    if code and not _is_number(code):
        return _("A one-time code has only digits.")
    if len(code) > DIGITS:
        return wrong_length(code)
    return ""


def _is_number(code: str) -> bool:
    return code.isascii() and code.isdigit()
