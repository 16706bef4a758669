"""The formats of a file to import: cwtui's own, and those of other programs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from cwtui.accounts.importing import (
    apps,
    authelia,
    formats,
    google_authenticator,
    keycloak,
    lines,
    oath_users,
)
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.other_lines import GivenRole, OtherLines
from cwtui.accounts.importing.peppers import GivenPepper
from cwtui.accounts.importing.places import Note, Problem

Found: TypeAlias = Iterator[Entry | GivenRole | GivenPepper | Problem | Note]


def _own(given: Given) -> Found:
    other_lines = OtherLines()
    for one in formats.entries(other_lines.accounts(lines.lines(given.source, given.file))):
        yield from other_lines.taken()
        yield one
    yield from other_lines.taken()


@dataclass(frozen=True)
class Format:
    """How a file is read, and what has to be known besides: see `Given`.

    `read` raises WrongFile for a file that cannot be read at all, and OSError. `together` gets what
    all files say, where one says what another one lacks.
    """

    read: Callable[[Given], Found]
    together: Callable[[Found], Found] = iter
    takes_username: bool = False
    takes_issuer: bool = False


OWN: Final = Format(_own)
"""CSV with a header line, or JSON with one object per line."""
PROGRAMS: Final[Mapping[str, Format]] = {
    "google-authenticator": Format(google_authenticator.entries, takes_username=True),
    "users.oath": Format(oath_users.entries),
    "authelia": Format(authelia.entries, authelia.together),
    "keycloak": Format(keycloak.entries),
    "aegis": Format(apps.of_aegis, takes_username=True, takes_issuer=True),
    "andotp": Format(apps.of_andotp, takes_username=True, takes_issuer=True),
}
"""The formats of other programs, by name."""
