"""For terminals without UTF-8: replaces every glyph with ASCII, cell for cell."""

import codecs
from collections.abc import Mapping
from typing import Final

from rich.cells import cell_len

_UTF_8: Final = "utf-8"
_SINGLE_BYTE: Final = ("iso8859", "koi8", "cp", "tis")
"""How Python's names begin for code pages that extend ASCII and use one byte per character."""
_ONES_OWN: Final = ("linux", "vt", "dumb")
"""How TERM begins for terminals that probably do not show UTF-8 if no locale is set."""
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
        # The ends of scrollbars, and the no-break space.
        **dict.fromkeys("▁▂▃▄▅▆▇▀\u00a0", " "),
    }
)
_ALL_OF_ASCII: Final = bytes(range(128))
_ERRORS: Final = "cwtui.cells"


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    """Return one question mark per cell of the character, so that the rest stays in its column."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "?" * cell_len(error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _question_marks)


def charmap(environ: Mapping[str, str]) -> str:
    """Return the terminal's character set: utf-8, a code page, or ascii.

    Over SSH the locale is often not sent, or not installed here, although the terminal shows UTF-8.
    So the name of the locale decides or, if there is none, the type of the terminal.
    """
    name = _locale(environ)
    _, dot, suffix = name.partition("@")[0].partition(".")
    if name in _UNSAID:
        return "ascii" if environ.get("TERM", "").startswith(_ONES_OWN) else _UTF_8
    return _usable(suffix if dot else _installed())


def has_utf_8(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows UTF-8, and not just ASCII or a code page."""
    return charmap(environ) == _UTF_8


def encoded(text: str, charset: str) -> bytes:
    """Encode the text in a way that the terminal can show."""
    if charset == _UTF_8:
        return text.encode(charset, "replace")
    return text.translate(_ASCII).encode(charset, _ERRORS)


def _locale(environ: Mapping[str, str]) -> str:
    language = environ.get("LANG", "")
    if everything := environ.get("LC_ALL"):
        return everything
    ctype = environ.get("LC_CTYPE", "")
    # If no locale is set, Python puts this one into its own environment (PEP 538).
    if ctype == "C.UTF-8" and language in _UNSAID:
        return ""
    return ctype or language


def _installed() -> str:
    """Return the character set of the locale, if its name does not say it."""
    import locale

    return locale.nl_langinfo(locale.CODESET)


def _usable(name: str) -> str:
    """Return Python's name for the character set, or ascii if it cannot be used on a terminal."""
    try:
        found = codecs.lookup(name).name
        if found != _UTF_8 and not found.startswith(_SINGLE_BYTE):
            return "ascii"
        extends_ascii = _ALL_OF_ASCII.decode().encode(found) == _ALL_OF_ASCII
    except (LookupError, ValueError):
        return "ascii"
    return found if extends_ascii else "ascii"
