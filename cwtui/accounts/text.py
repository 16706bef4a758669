"""Check text that people type, and make text from others safe to show."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from cwtui.accounts.errors import InvalidInput
from cwtui.language import N_, _

USERNAME_LENGTH = 64
LINE_LENGTH = 100
CANNOT_BE_SHOWN = N_("Control characters are not allowed.")

"""Where somebody is who comes over the network from nobody knows where."""

WITHOUT_DOMAIN = N_("Enter the username without a domain: alice, not DOMAIN\\alice.")

_USERNAME_MARKS = "._-@+"
_DIRECTORY_MARKS = " '&$!#%^~{}()"
"""Also allowed in a sAMAccountName (Microsoft, [MS-SAMR] 3.1.1.6), except for the backtick."""
_DIRECTORY_STARTS = "_$"
"""Not "?" or "(", which start the placeholders for unknown names, nor "-", which starts options."""
_LOCAL_NAME = N_("Use only letters, digits and . _ - @ + in the name of a local account.")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""The categories Cc, Cs, Zl and Zp of Unicode, which is stable for them."""
# Characters that reorder text or are invisible: Default_Ignorable_Code_Point of Unicode (UAX 44)
# with the marks of UAX 9 and interlinear annotation. See "Trojan Source", CVE-2021-42574.
_HIDING = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = f"[{_HIDING}]"
_UNSHOWABLE = f"[{_HIDING}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def normal(text: str) -> str:
    """Return the text in NFKC, so that different keyboards give equal text (NIST SP 800-63B-4)."""
    return unicodedata.normalize("NFKC", text)


def typed_and_shown(word: str, shown: Callable[[str], str] = _) -> str:
    """Return a word that people type, and what screens show for it if that differs: never (nie)."""
    said = shown(word)
    return word if said == word else f"{word} ({said})"


def is_word(typed: str, word: str) -> bool:
    """Whether this word was typed, or what screens show for it. Case does not matter."""
    return typed.casefold() in {word, _(word).casefold()}


def whole_number(text: str, most_digits: int) -> int | None:
    """Return the number that these digits are; None for all else, such as a sign or a blank.

    int() would also accept "1_0", digits of other scripts, and a megabyte of digits.
    """
    is_number = text.isascii() and text.isdecimal() and len(text) <= most_digits
    return int(text) if is_number else None


def is_control(character: str) -> bool:
    """Whether this one character is of the kind that keys such as Enter and Backspace send."""
    return unicodedata.category(character) == "Cc"


def has_control_characters(text: str) -> bool:
    """Whether the text has control characters, line ends or lone surrogates (invalid UTF-8)."""
    return _CONTROL.search(text) is not None


def refuse_control_characters(text: str, field: str) -> None:
    """Raise InvalidInput if the text has control characters."""
    if has_control_characters(text):
        raise InvalidInput(field, _(CANNOT_BE_SHOWN))


def check_filled_in(username: str, password: object) -> None:
    """Raise InvalidInput if the username or password is empty."""
    if not username.strip():
        raise InvalidInput("username", _("Enter your username."))
    if not password:
        raise InvalidInput("password", _("Enter your password."))


def username(text: str, field: str = "username", *, local: bool = False) -> str:
    """Return the username as accounts are stored: NFKC, casefolded, 1 to 64 characters.

    `local` allows only names of local accounts. Otherwise names that only a directory can have
    are allowed too, because before sign-in the answer must not reveal an account's origin. Raises
    InvalidInput.
    """
    if len(text) > USERNAME_LENGTH * 4:
        raise _too_long(field)
    if _PLAIN_NAME.fullmatch(text):
        return text.lower()  # at once: this includes most names
    refuse_control_characters(text, field)
    # Directories treat several spaces as one (RFC 4518 section 2.6.1).
    name = " ".join(normal(normal(text).casefold()).split())
    if not name:
        raise InvalidInput(field, _("Enter a username."))
    if len(name) > USERNAME_LENGTH:
        raise _too_long(field)
    if "\\" in name:
        raise InvalidInput(field, _(WITHOUT_DOMAIN))
    marks = _USERNAME_MARKS if local else _USERNAME_MARKS + _DIRECTORY_MARKS
    for character in name:
        if re.match(_INVISIBLE, character) or not (
            _is_letter_or_digit(character) or character in marks
        ):
            raise InvalidInput(field, _(_LOCAL_NAME) if local else _not_allowed(character))
    begins = _is_letter_or_digit(name[0]) or (not local and name[0] in _DIRECTORY_STARTS)
    if not begins or unicodedata.category(name[0]).startswith("M"):
        raise InvalidInput(field, _("A username must start with a letter or digit."))
    return name


def _too_long(field: str) -> InvalidInput:
    return InvalidInput(
        field, _("A username can have at most {most} characters.", most=USERNAME_LENGTH)
    )


def _not_allowed(character: str) -> str:
    return _(
        "The character {character} is not allowed in a username.", character=visible(character)
    )


def is_username(text: str) -> bool:
    """Whether an account can be stored under exactly this name."""
    try:
        return username(text) == text
    except InvalidInput:
        return False


def _is_letter_or_digit(character: str) -> bool:
    # Combining marks (M*) are part of letters in many scripts.
    return unicodedata.category(character)[0] in "LM" or unicodedata.category(character) == "Nd"


def line(text: str, field: str, what: str) -> str:
    """Return one clean line of text, such as a display name or the issuer. Raises InvalidInput.

    `what` names the text in error messages.
    """
    if len(text) > LINE_LENGTH * 4:
        raise _too_long_line(field, what)
    if text.isascii() and text.isprintable():
        cleaned = " ".join(text.split())  # at once: this includes most texts
    else:
        cleaned = _clean_line(text, field, what)
    if len(cleaned) > LINE_LENGTH:
        raise _too_long_line(field, what)
    return cleaned


def display_name(text: str) -> str:
    """Return the display name as accounts are stored. Raises InvalidInput."""
    return line(text, "display_name", _("The display name"))


def _too_long_line(field: str, what: str) -> InvalidInput:
    return InvalidInput(
        field, _("{what} can have at most {most} characters.", what=what, most=LINE_LENGTH)
    )


def _clean_line(text: str, field: str, what: str) -> str:
    refuse_control_characters(text, field)
    if re.search(_INVISIBLE, text):
        raise InvalidInput(
            field, _("{what} contains invisible characters. Type it without them.", what=what)
        )
    return " ".join(normal(text).split())


def visible(text: str) -> str:
    """Return the text with control and direction characters replaced by `<U+XXXX>`."""
    if text.isascii() and text.isprintable():
        return text  # at once: this includes most texts
    return re.sub(_UNSHOWABLE, lambda match: f"<U+{ord(match[0]):04X}>", text)


def shortened(text: str, most: int = 500) -> str:
    """Return the text; if it is longer than `most`, its middle is replaced by an ellipsis."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 4 :]}"


def capitalized(text: str) -> str:
    """Return the text with a capital first letter; unlike str.capitalize, with all others kept."""
    return f"{text[:1].upper()}{text[1:]}"


def counted(number: int, what: str, plural: str = "") -> str:
    """Return the number with the noun in singular or plural, such as "1 key" or "1,200 keys"."""
    return f"{number:,} {what if number == 1 else plural or f'{what}s'}"


def listed(names: Sequence[str], most: int) -> str:
    """Return the first `most` names separated by commas, and how many more there are."""
    shown = ", ".join(names[:most])
    if len(names) <= most:
        return shown
    return _("{names} and {number} more", names=shown, number=len(names) - most)


def all_of(parts: Sequence[str]) -> str:
    """Return the parts as one list, such as "a, b and c"."""
    *others, last = parts
    return _("{others} and {last}", others=", ".join(others), last=last) if others else last


def one_of(parts: Sequence[str]) -> str:
    """Return the parts as a choice, such as "a, b or c"."""
    *others, last = parts
    return _("{others} or {last}", others=", ".join(others), last=last) if others else last


def visible_line(text: str) -> str:
    """Return text from others as one safe line, cut if too long; empty if it cannot be shown."""
    try:
        return line(visible(text)[:LINE_LENGTH], "", "It")
    except InvalidInput:
        return ""


def means_yes(answer: str) -> bool:
    """Whether the answer to a question is yes, in English or in the chosen language."""
    return answer.strip().casefold() in {"y", "yes", _("y"), _("yes")}
