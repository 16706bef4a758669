"""The language of what people read: English as the code says it, or its translation in a catalog.

`_("...")` translates where a text is shown or an error is raised. `N_("...")` only marks a constant
text for the catalog; whoever shows it translates it with `_`. Values go into a text by name, never
by an f-string, so that a translator sees the whole sentence and may move them:
`_("{name} is disabled.", name=name)`.

English needs no catalog and reads no file.
"""

from contextvars import ContextVar
from typing import Final, Protocol


class Catalog(Protocol):
    """The translations of one language, as the standard library's gettext reads them."""

    def gettext(self, message: str, /) -> str: ...

    def ngettext(self, singular: str, plural: str, number: int, /) -> str: ...


_chosen: Final[ContextVar[Catalog | None]] = ContextVar("catalog", default=None)


def _(text: str, /, **values: object) -> str:
    """Return the text in the chosen language, with the values in the places that it names."""
    catalog = _chosen.get()
    translated = text if catalog is None else catalog.gettext(text)
    return translated.format_map(values) if values else translated


def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Return the form for this number in the chosen language; `{number}` is in the texts."""
    catalog = _chosen.get()
    if catalog is None:
        translated = singular if number == 1 else plural
    else:
        translated = catalog.ngettext(singular, plural, number)
    return translated.format_map({"number": number, **values})


def N_(text: str, /) -> str:  # noqa: N802  the name that translators' tools know
    """Mark a constant text for the catalog, and return it as it is."""
    return text
