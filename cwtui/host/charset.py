"""Which characters the terminal can show, as far as the environment says."""

import codecs
from collections.abc import Mapping
from typing import Final

UTF_8: Final = "utf-8"
_SINGLE_BYTE: Final = ("iso8859", "koi8", "cp", "tis")
"""How Python's names begin for code pages that extend ASCII and use one byte per character."""
_ONES_OWN: Final = ("linux", "vt", "dumb")
"""How TERM begins for terminals that probably do not show UTF-8 if no locale is set."""
_UNSAID: Final = frozenset({"", "C", "POSIX"})
_ALL_OF_ASCII: Final = bytes(range(128))


def charmap(environ: Mapping[str, str]) -> str:
    """Return the terminal's character set: utf-8, a code page, or ascii.

    Over SSH the locale is often not sent, or not installed here, although the terminal shows UTF-8.
    So the name of the locale decides or, if there is none, the type of the terminal.
    """
    name = _locale(environ)
    _, dot, suffix = name.partition("@")[0].partition(".")
    if name in _UNSAID:
        return "ascii" if environ.get("TERM", "").startswith(_ONES_OWN) else UTF_8
    return usable(suffix if dot else _installed())


def has_utf_8(environ: Mapping[str, str]) -> bool:
    """Whether the terminal shows UTF-8, and not just ASCII or a code page."""
    return charmap(environ) == UTF_8


def _locale(environ: Mapping[str, str]) -> str:
    language = environ.get("LANG", "")
    if everything := environ.get("LC_ALL"):
        return everything
    ctype = environ.get("LC_CTYPE", "")
    # If the locale is C, or is not installed here, Python puts this one into its own environment
    # (PEP 538).
    return language if ctype in {"", "C.UTF-8"} else ctype


def _installed() -> str:
    """Return the character set of the locale, if its name does not say it."""
    import locale

    return locale.nl_langinfo(locale.CODESET)


def usable(name: str) -> str:
    """Return Python's name for the character set, or ascii if it cannot be used on a terminal."""
    try:
        found = codecs.lookup(name).name
        if found != UTF_8 and not found.startswith(_SINGLE_BYTE):
            return "ascii"
        extends_ascii = _ALL_OF_ASCII.decode().encode(found) == _ALL_OF_ASCII
    except (LookupError, ValueError):
        return "ascii"
    return found if extends_ascii else "ascii"
