"""Devices that a file has one by one, brought together by username."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cwtui.accounts import text
from cwtui.accounts.credentials.backup_codes import COUNT
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.model import MOST_DEVICES
from cwtui.accounts.secret import Secret
from cwtui.language import _


class FoundDevice(NamedTuple):
    """A device of the person with this username, and emergency codes, as they are in the file."""

    place: Place
    typed: str
    key: Secret
    codes: tuple[Secret, ...] = ()


def merged(
    found: Iterable[FoundDevice | Problem | Note],
) -> Iterator[Entry | Problem | Note]:
    """Yield an entry for each username, with its devices in the order of the file."""
    by_username: dict[str, list[FoundDevice]] = {}
    for one in found:
        if not isinstance(one, FoundDevice):
            yield one
            continue
        try:
            # Directories have names that local accounts cannot have.
            name = text.username(one.typed)
        except InvalidInput as error:
            shown = text.visible(text.shortened(one.typed, text.USERNAME_LENGTH))
            yield Problem(one.place, str(error), shown)
            continue
        by_username.setdefault(name, []).append(one)
    for name, theirs in by_username.items():
        yield from _of_one(name, theirs)


def _of_one(name: str, theirs: list[FoundDevice]) -> Iterator[Entry | Problem | Note]:
    first = theirs[0]
    kept: list[Secret] = []
    codes: list[Secret] = []
    for one in theirs:
        if one.typed != first.typed:
            # Other programs may tell Ann from ann, and then these are two people.
            other = text.visible(first.typed)
            reason = _(
                "Here this is the username of {place} ({other}).", place=first.place, other=other
            )
            yield Problem(one.place, reason, text.visible(one.typed))
        elif one.key in kept:
            yield Note(one.place, _("Left out: the same secret key appears twice."), name)
        elif len(kept) == MOST_DEVICES:
            reason = _("An account can have at most {most} devices.", most=MOST_DEVICES)
            yield Problem(one.place, reason, name)
        else:
            kept.append(one.key)
            for code in one.codes:
                if len(codes) <= COUNT and code not in codes:
                    codes.append(code)
    if len(codes) > COUNT:
        most = _("Emergency codes after the first {most} are left out.", most=COUNT)
        yield Note(first.place, most, name)
    yield Entry(
        first.place,
        name,
        first.typed,
        keys=tuple(kept),
        emergency_codes=tuple(codes[:COUNT]),
        only_devices=True,
    )
