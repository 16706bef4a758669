"""The language of what people read: English as the code says it, or its translation in a catalog.

`_("...")` translates where a text is shown or an error is raised. `N_("...")` only marks a constant
text for the catalog; whoever shows it translates it with `_`. Values go into a text by name, never
by an f-string, so that a translator sees the whole sentence and may move them:
`_("{name} is disabled.", name=name)`.

A process has one language. The service talks to many people at once, so each of its conversations
may have another. English needs no catalog and reads no file.

Where a terminal has no umlauts, the texts of a catalog are spelled as on a typewriter: ae, oe, ue,
ss. Values are not, because a name that is spelled differently is another name.
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
_MARKS: Final = {Language.ENGLISH: {}, Language.GERMAN: str.maketrans(",.", ".,")}
"""How the marks in a number differ from English."""
_SPELLED_OUT: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}


class Catalog(Protocol):
    """The translations of one language, as the standard library's gettext reads them."""

    def gettext(self, message: str, /) -> str: ...

    def ngettext(self, singular: str, plural: str, number: int, /) -> str: ...


class SpelledOut:
    """A catalog without umlauts."""

    _letters: Final = str.maketrans(_SPELLED_OUT)

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def gettext(self, message: str, /) -> str:
        return self._catalog.gettext(message).translate(self._letters)

    def ngettext(self, singular: str, plural: str, number: int, /) -> str:
        return self._catalog.ngettext(singular, plural, number).translate(self._letters)


class _Voice:
    """A language, and its catalog as the terminal can show it, which English does not have."""

    def __init__(self, *, has_umlauts: bool = True) -> None:
        self.language = Language.ENGLISH
        self.catalog: Catalog | None = None
        self.has_umlauts = has_umlauts

    def speak(self, language: Language) -> None:
        catalog = catalog_of(language)
        self.language = language
        self.catalog = catalog if catalog is None or self.has_umlauts else SpelledOut(catalog)


_of_process: Final = _Voice()
_voice: Final[ContextVar[_Voice]] = ContextVar("language", default=_of_process)


def of_environ(environ: Mapping[str, str]) -> Language:
    """Return the language that the variables ask for, in the order of POSIX and GNU gettext.

    The first of LC_ALL, LC_MESSAGES and LANG that is not empty is the locale. LANGUAGE, a list with
    the preferred one first, replaces it, but not the locale C; C.UTF-8 is English unless LANGUAGE
    names another. Other people may set the variables: whatever they hold, the result is a language
    that cwtui has.
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, (environ.get(name, "") for name in names)), "C")[:_LONGEST]
    if locale in _UNTRANSLATED:
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
    _of_process.speak(language)


def write_in(charset: str) -> None:
    """Let the whole process write what can be shown in this character set, by Python's name."""
    _of_process.has_umlauts = _has_umlauts(charset)
    _of_process.speak(_of_process.language)


def _has_umlauts(charset: str) -> bool:
    try:
        "".join(_SPELLED_OUT).encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def speaking(language: Language | None, charset: str | None = None) -> Iterator[None]:
    """Speak this language in the block, in the current thread or task alone.

    None is the language from before, until `speak` changes it; for the character set as well.
    """
    before = _voice.get()
    has_umlauts = before.has_umlauts if charset is None else _has_umlauts(charset)
    token = _voice.set(_spoken_as(before.language, has_umlauts=has_umlauts))
    try:
        speak(language)
        yield
    finally:
        _voice.reset(token)


def speak(language: Language | None) -> None:
    """Speak this language to the end of the block of `speaking`. None leaves it as it is."""
    if language is not None:
        _voice.set(_spoken_as(language, has_umlauts=_voice.get().has_umlauts))


def _spoken_as(language: Language, *, has_umlauts: bool) -> _Voice:
    voice = _Voice(has_umlauts=has_umlauts)
    voice.speak(language)
    return voice


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
    # The translation of the empty text is the header of the catalog.
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
    return f"{number:,}".translate(_MARKS[spoken()])


def decimal(number: float, places: int) -> str:
    """Return the number with this many places: 1,200.5 in English, 1.200,5 in German."""
    return f"{number:,.{places}f}".translate(_MARKS[spoken()])
