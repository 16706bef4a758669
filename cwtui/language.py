"""The language of what people read: English as the code says it, or its translation in a catalog.

`_("...")` translates where a text is shown or an error is raised. `N_("...")` only marks a constant
text for the catalog; whoever shows it translates it with `_`. Values go into a text by name, never
by an f-string, so that a translator sees the whole sentence and may move them:
`_("{name} is disabled.", name=name)`.

A process has one language. The service talks to many people at once, so each of its conversations
may have another. English needs no catalog and reads no file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from typing import Final, Protocol


class Language(StrEnum):
    """The languages, named as in locales."""

    ENGLISH = "en"
    GERMAN = "de"


_LONGEST: Final = 256
"""Characters of a variable that are looked at. A list of every language in use would be shorter."""
_UNTRANSLATED: Final = frozenset({"C", "POSIX"})
_THOUSANDS: Final = {Language.ENGLISH: ",", Language.GERMAN: "."}


class Catalog(Protocol):
    """The translations of one language, as the standard library's gettext reads them."""

    def gettext(self, message: str, /) -> str: ...

    def ngettext(self, singular: str, plural: str, number: int, /) -> str: ...


class _Voice:
    """A language and its catalog, which English does not have."""

    def __init__(self, language: Language, catalog: Catalog | None = None) -> None:
        self.language = language
        self.catalog = catalog


_of_process: Final = _Voice(Language.ENGLISH)
_voice: Final[ContextVar[_Voice]] = ContextVar("language", default=_of_process)


def of_environ(environ: Mapping[str, str]) -> Language:
    """Return the language that the variables ask for, in the order of POSIX and GNU gettext.

    The first of LC_ALL, LC_MESSAGES and LANG that is not empty is the locale. LANGUAGE, a list with
    the preferred one first, replaces it, but not the locale C. Other people may set the variables:
    whatever they hold, the result is a language that cwtui has.
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, (environ.get(name, "") for name in names)), "C")[:_LONGEST]
    if locale.partition(".")[0] in _UNTRANSLATED:
        return Language.ENGLISH
    wanted = environ.get("LANGUAGE", "")[:_LONGEST] or locale
    known = {language.value: language for language in Language}
    asked = (known.get(_without_region(name)) for name in wanted.split(":"))
    return next(filter(None, asked), Language.ENGLISH)


def _without_region(locale: str) -> str:
    """Return the language of a locale such as de_AT.UTF-8@euro."""
    for separator in "@._":
        locale = locale.partition(separator)[0]
    return locale


def use(language: Language) -> None:
    """Let the whole process speak this language from now on, in all its threads."""
    _of_process.language, _of_process.catalog = language, catalog_of(language)


@contextmanager
def speaking(language: Language | None) -> Iterator[None]:
    """Speak this language in the block, in the current thread or task alone.

    None is the language from before, until `speak` changes it.
    """
    token = _voice.set(_voice.get())
    try:
        speak(language)
        yield
    finally:
        _voice.reset(token)


def speak(language: Language | None) -> None:
    """Speak this language to the end of the block of `speaking`. None leaves it as it is."""
    if language is not None:
        _voice.set(_Voice(language, catalog_of(language)))


def spoken() -> Language:
    """Return the language that is spoken here."""
    return _voice.get().language


@cache
def catalog_of(language: Language) -> Catalog | None:
    """Return the translations of a language. English, and what cannot be read, has none.

    Nobody is kept from signing in because a file of texts is missing.
    """
    if language is Language.ENGLISH:
        return None
    from gettext import GNUTranslations
    from pathlib import Path

    folder = Path(__file__).with_name("locale")
    try:
        with (folder / language.value / "LC_MESSAGES" / "cwtui.mo").open("rb") as file:
            return GNUTranslations(file)
    except OSError:
        return None


def _(text: str, /, **values: object) -> str:
    """Return the text in the chosen language, with the values in the places that it names."""
    catalog = _voice.get().catalog
    # Of the empty text, a catalog has its own header.
    translated = text if catalog is None or not text else catalog.gettext(text)
    return translated.format_map(values) if values else translated


def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Return the form for this number in the chosen language.

    `{number}` in the texts is the number, with its thousands set apart.
    """
    catalog = _voice.get().catalog
    if catalog is None:
        translated = singular if number == 1 else plural
    else:
        translated = catalog.ngettext(singular, plural, number)
    return translated.format_map({"number": grouped(number), **values})


def N_(text: str, /) -> str:  # noqa: N802  the name that translators' tools know
    """Mark a constant text for the catalog, and return it as it is."""
    return text


def grouped(number: int) -> str:
    """Return the number with its thousands set apart: 1,200 in English, 1.200 in German."""
    return f"{number:,}".replace(",", _THOUSANDS[spoken()])
