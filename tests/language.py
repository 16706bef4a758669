"""Languages for tests: a catalog that marks each letter, so that what was not translated shows."""

import string
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

from cwtui import language
from cwtui.language import Catalog, Language

_PLACEHOLDERS: Final = string.Formatter()
MARKED: Final = "áḃćďéḟǵĥíĵḱĺḿńóṗʠŕśťúṽŵẋýźÁḂĆĎÉḞǴĤÍĴḰĹḾŃÓṖɊŔŚŤÚṼŴẊÝŹ"
"""Letters that are as wide as those of ASCII, in their order."""
_MARKS: Final = str.maketrans(string.ascii_letters, MARKED)


def marked(text: str) -> str:
    """The text with each letter marked, except for what stands for a value."""
    return "".join(
        literal.translate(_MARKS) if name is None else literal.translate(_MARKS) + _place(name, how)
        for literal, name, _, how in _PLACEHOLDERS.parse(text)
    )


def _place(name: str, conversion: str | None) -> str:
    return f"{{{name}{f'!{conversion}' if conversion else ''}}}"


class Marked:
    """English, or another catalog, with each letter marked."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._catalog = catalog

    def gettext(self, message: str, /) -> str:
        return marked(self._catalog.gettext(message) if self._catalog else message)

    def ngettext(self, singular: str, plural: str, number: int, /) -> str:
        if self._catalog:
            return marked(self._catalog.ngettext(singular, plural, number))
        return marked(singular if number == 1 else plural)


@contextmanager
def german(catalog: Catalog | None) -> Iterator[None]:
    """German has this catalog."""
    catalogs = {Language.ENGLISH: None, Language.GERMAN: catalog}
    before = language.spoken()
    with patch.object(language, "catalog_of", catalogs.__getitem__):
        try:
            yield
        finally:
            language.use(before)
