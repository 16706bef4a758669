"""What terminals without UTF-8 get: ASCII in place of every glyph, cell for cell."""

import codecs
from collections.abc import Mapping
from typing import Final

from rich.cells import cell_len

_UTF_8: Final = "utf-8"
_SINGLE_BYTE: Final = ("iso8859", "koi8", "cp", "tis")
"""How Python's names of code pages begin that extend ASCII by one byte a character."""
_ONES_OWN: Final = ("linux", "vt")
"""How TERM begins for terminals that no remote system sets to UTF-8 unseen."""
_UNSAID: Final = frozenset({"", "C", "POSIX"})

_ASCII: Final = str.maketrans(
    {
        **dict.fromkeys("●•", "*"),
        **dict.fromkeys("○", "o"),
        **dict.fromkeys("◐✓", "+"),
        **dict.fromkeys("✗\u00d7", "x"),
        **dict.fromkeys("⚠", "!"),
        **dict.fromkeys("→▸", ">"),
        **dict.fromkeys("↑", "^"),
        **dict.fromkeys("↓", "v"),
        **dict.fromkeys("…", "~"),
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        **dict.fromkeys("\u2010\u2013\u2014─╌▔", "-"),
        **dict.fromkeys("━", "="),
        **dict.fromkeys("│┃▌▐▏▎▍▊▋▉", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘", "+"),
        **dict.fromkeys("█", "#"),
        # The ends of scrollbars, and spaces that are wider or narrower than others.
        **dict.fromkeys("▁▂▃▄▅▆▇▀\u00a0", " "),
    }
)
_ALL_OF_ASCII: Final = bytes(range(128))
_ERRORS: Final = "cwtui.cells"


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    """As many as the character has cells, so that what follows stays in its column."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "?" * cell_len(error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _question_marks)


def charmap(environ: Mapping[str, str]) -> str:
    """The terminal's character set: utf-8, a code page, or ascii.

    Over SSH a locale often is not sent, or not installed here, while the terminal shows UTF-8. So
    the name of the locale counts, and where there is none the kind of terminal.
    """
    name = _locale(environ)
    _, dot, suffix = name.partition("@")[0].partition(".")
    if name in _UNSAID:
        return "ascii" if environ.get("TERM", "").startswith(_ONES_OWN) else _UTF_8
    return _usable(suffix if dot else _installed())


def has_utf_8(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows more than ASCII, or a code page, can say."""
    return charmap(environ) == _UTF_8


def encoded(text: str, charset: str) -> bytes:
    """The text as that terminal can show it."""
    if charset == _UTF_8:
        return text.encode(charset, "replace")
    return text.translate(_ASCII).encode(charset, _ERRORS)


def _locale(environ: Mapping[str, str]) -> str:
    language = environ.get("LANG", "")
    if everything := environ.get("LC_ALL"):
        return everything
    ctype = environ.get("LC_CTYPE", "")
    # Where no locale is said, Python sets this one in its own environment (PEP 538).
    if ctype == "C.UTF-8" and language in _UNSAID:
        return ""
    return ctype or language


def _installed() -> str:
    """The character set of a locale whose name does not say it."""
    import locale

    return locale.nl_langinfo(locale.CODESET)


def _usable(name: str) -> str:
    """What Python knows under that name, if a terminal can be sent it."""
    try:
        found = codecs.lookup(name).name
        if found != _UTF_8 and not found.startswith(_SINGLE_BYTE):
            return "ascii"
        extends_ascii = _ALL_OF_ASCII.decode().encode(found) == _ALL_OF_ASCII
    except (LookupError, ValueError):
        return "ascii"
    return found if extends_ascii else "ascii"
