"""How a person wants to see cwtui: language, colours, time zone and mouse.

Preferences are part of the account: they follow it when it is renamed, go with it when it is
removed, and are in backups. A directory does not know them, so they stay as they are when it
changes an account.

They were added in schema 5, and the language in schema 10. Accounts written before have none and
get the defaults. Versions of cwtui from before refuse a store of a newer schema and say that a
newer version is needed, so they never drop preferences silently.

Changing them needs no new proof and writes no event: they change what one person sees, and nothing
about who may do what. F3 can be pressed often, and its events would push others out of the log.
Admins decide nothing by them, so `cwtui user show` does not list them.
"""

import re
from collections.abc import Iterable
from datetime import UTC, tzinfo
from enum import StrEnum
from functools import cache
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.text import normal, visible
from cwtui.language import Language, _

LONGEST_ZONE: Final = 64
"""The longest name of a time zone in characters; the longest one in use has 32."""

_ZONE: Final = r"[A-Za-z0-9][A-Za-z0-9+_-]*(/[A-Za-z0-9][A-Za-z0-9+_-]*){0,3}"
"""What names of the IANA database look like. None begins with / or contains a dot, so none leads
out of the folder of the database.
"""
_NAME: Final = re.compile(_ZONE)
_NOT_ZONES: Final = frozenset({"factory", "localtime", "posixrules"})
"""Files of the database that are no place: what they stand for differs between hosts."""

ZoneName: TypeAlias = Annotated[str, Meta(max_length=LONGEST_ZONE, pattern=rf"^({_ZONE})?\Z")]
"""A name of the IANA database, such as Europe/Berlin; empty for UTC."""


class Theme(StrEnum):
    """The colours that a person can choose."""

    AUTOMATIC = "automatic"
    DARK = "dark"
    LIGHT = "light"
    SIXTEEN_DARK = "16-dark"
    SIXTEEN_LIGHT = "16-light"


class LanguageChoice(StrEnum):
    """The languages that a person can choose."""

    AUTOMATIC = "automatic"
    """The language of the terminal; at the doors of a host, that of the host."""
    ENGLISH = Language.ENGLISH.value
    GERMAN = Language.GERMAN.value

    @property
    def language(self) -> Language | None:
        """The language that was chosen; None for automatic."""
        return None if self is LanguageChoice.AUTOMATIC else Language(self.value)


class Preferences(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a person chose, or the defaults.

    A terminal that cannot show the theme uses its own. `mouse` says whether cwtui reacts to the
    mouse, or leaves it to the terminal for selecting text.
    """

    theme: Theme = Theme.AUTOMATIC
    time_zone: ZoneName = ""
    mouse: bool = True
    language: LanguageChoice = LanguageChoice.AUTOMATIC


DEFAULTS: Final = Preferences()


def zone_name(typed: str, known: Iterable[str] | None = None) -> str:
    """Return the name of the time zone that was typed, as the database spells it.

    Case does not matter, and the last part is enough if only one zone ends with it, such as
    `berlin`. Nothing and "UTC" are UTC, which is stored as an empty name. `known` are the names
    that this host has; None reads them from its database, which takes a moment. Raises
    InvalidInput.
    """
    wanted = "_".join(normal(typed[: LONGEST_ZONE + 1]).split()).casefold()
    if wanted in {"", "utc"}:
        return ""
    if len(typed) > LONGEST_ZONE or _NAME.fullmatch(wanted) is None or wanted in _NOT_ZONES:
        raise _no_zone(typed)
    names = {name.casefold(): name for name in (known_zones() if known is None else known)}
    if not names:
        raise InvalidInput(
            "time_zone",
            _(
                "This host has no database of time zones. Ask an admin to install tzdata, or "
                "leave this empty for UTC."
            ),
        )
    if wanted in names:
        return names[wanted]
    ending = sorted(name for folded, name in names.items() if _last_part(folded) == wanted)
    if not ending:
        raise _no_zone(typed)
    # America/Cordoba is an old name of America/Argentina/Cordoba.
    if len({name.partition("/")[0] for name in ending}) > 1:
        raise InvalidInput(
            "time_zone", _("Enter one of these: {choices}.", choices=", ".join(ending))
        )
    return max(ending, key=len)


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


@cache
def known_zones() -> frozenset[str]:
    """Return the names in this host's database of time zones. Reads a few hundred files."""
    # Imported late: the first screen needs no time zone.
    import zoneinfo

    return frozenset(zoneinfo.available_timezones())


def zone(name: str) -> tzinfo:
    """Return the time zone with this name. If this host does not know it, return UTC."""
    if not name or _NAME.fullmatch(name) is None:
        return UTC
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return UTC


def _no_zone(typed: str) -> InvalidInput:
    return InvalidInput(
        "time_zone",
        _(
            "There is no time zone named {typed!r}. Enter a city of the IANA database, such as "
            "Europe/Berlin, or leave this empty for UTC.",
            typed=visible(typed[:LONGEST_ZONE]),
        ),
    )
