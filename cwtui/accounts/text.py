"""What people type and what others typed: checked on the way in, made visible on the way out."""

import re
import unicodedata
from collections.abc import Sequence

from cwtui.accounts.errors import InvalidInput

USERNAME_LENGTH = 64
LINE_LENGTH = 100
CANNOT_BE_SHOWN = "This holds characters that cannot be shown. Type it without control characters."

WITHOUT_DOMAIN = "Type the username alone, without a domain: alice, not DOMAIN\\alice."

_USERNAME_MARKS = "._-@+"
_DIRECTORY_MARKS = " '&$!#%^~{}()"
"""What a sAMAccountName may have as well (Microsoft, [MS-SAMR] 3.1.1.6), but for the backtick."""
_DIRECTORY_STARTS = "_$"
"""Not "?" or "(", which begin what stands for an unknown name, nor "-", which begins an option."""
_LOCAL_NAME = "The name of a local account has letters, digits and . _ - @ + only."
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
# What reorders text or cannot be seen: Unicode's Default_Ignorable_Code_Point (UAX 44) with the
# marks of UAX 9, and the interlinear ones. "Trojan Source", CVE-2021-42574.
_HIDING = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_HIDING}]")
_UNSHOWABLE = re.compile(f"[{_HIDING}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def normal(text: str) -> str:
    """NFKC: the same letters typed on two keyboards are the same text (NIST SP 800-63B-4)."""
    return unicodedata.normalize("NFKC", text)


def has_control_characters(text: str) -> bool:
    """Whether control characters, line ends or lone surrogates (not UTF-8) are in it."""
    return any(unicodedata.category(character) in _CONTROL for character in text)


def refuse_control_characters(text: str, field: str) -> None:
    """Raise InvalidInput if there are such characters."""
    if has_control_characters(text):
        raise InvalidInput(field, CANNOT_BE_SHOWN)


def check_filled_in(username: str, password: object) -> None:
    """Raise InvalidInput unless both were typed. An empty password is false."""
    if not username.strip():
        raise InvalidInput("username", "Enter your username.")
    if not password:
        raise InvalidInput("password", "Enter your password.")


def username(text: str, field: str = "username", *, local: bool = False) -> str:
    """The name under which an account is kept: NFKC, casefolded, 1 to 64 characters.

    `local`: a name for a local account. Without, also one that only a directory gives: before
    sign-in nobody knows where an account is from, and the answer must not tell. Raises
    InvalidInput.
    """
    if len(text) > USERNAME_LENGTH * 4:
        raise InvalidInput(field, f"A username has at most {USERNAME_LENGTH} characters.")
    refuse_control_characters(text, field)
    # Directories take several spaces for one (RFC 4518 section 2.6.1).
    name = " ".join(normal(normal(text).casefold()).split())
    if not name:
        raise InvalidInput(field, "Enter a username.")
    if len(name) > USERNAME_LENGTH:
        raise InvalidInput(field, f"A username has at most {USERNAME_LENGTH} characters.")
    if "\\" in name:
        raise InvalidInput(field, WITHOUT_DOMAIN)
    marks = _USERNAME_MARKS if local else _USERNAME_MARKS + _DIRECTORY_MARKS
    for character in name:
        if _INVISIBLE.match(character) or not (
            _is_letter_or_digit(character) or character in marks
        ):
            shown = f"The character {visible(character)} is not allowed in a username."
            raise InvalidInput(field, _LOCAL_NAME if local else shown)
    begins = _is_letter_or_digit(name[0]) or (not local and name[0] in _DIRECTORY_STARTS)
    if not begins or unicodedata.category(name[0]).startswith("M"):
        raise InvalidInput(field, "A username starts with a letter or a digit.")
    return name


def _is_letter_or_digit(character: str) -> bool:
    # Combining marks (M*) are part of letters in many scripts.
    return unicodedata.category(character)[0] in "LM" or unicodedata.category(character) == "Nd"


def line(text: str, field: str, what: str) -> str:
    """One line to show people, such as a display name or the issuer. Raises InvalidInput."""
    if len(text) > LINE_LENGTH * 4:
        raise InvalidInput(field, f"{what} has at most {LINE_LENGTH} characters.")
    refuse_control_characters(text, field)
    if _INVISIBLE.search(text):
        raise InvalidInput(field, f"{what} holds invisible characters. Type it without them.")
    cleaned = " ".join(normal(text).split())
    if len(cleaned) > LINE_LENGTH:
        raise InvalidInput(field, f"{what} has at most {LINE_LENGTH} characters.")
    return cleaned


def visible(text: str) -> str:
    """Text of others, safe to show: control and direction characters become `<U+XXXX>`."""
    return _UNSHOWABLE.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def shortened(text: str, most: int = 500) -> str:
    """The text, with its middle left out where it is longer than that."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 4 :]}"


def counted(number: int, what: str, plural: str = "") -> str:
    """The number and what is counted, in the singular or the plural: 1 key, 1,200 keys."""
    return f"{number:,} {what if number == 1 else plural or f'{what}s'}"


def listed(names: Sequence[str], most: int) -> str:
    """The names with commas; of more than `most` the first ones, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def visible_line(text: str) -> str:
    """One line of what others wrote, cut where it is too long; empty where it cannot be shown."""
    try:
        return line(visible(text)[:LINE_LENGTH], "", "It")
    except InvalidInput:
        return ""
