"""Authelia's users file, and its exports of TOTP configurations (Authelia 4.3x).

The users file is YAML: `users` has the details of each person by username. The export is YAML too,
or CSV; its keys are in base32, and in YAML once more in base64.
"""

import base64
import binascii
import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts.errors import InvalidInput, WrongFile
from cwtui.accounts.importing import documents, keys
from cwtui.accounts.importing.documents import Number
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.found_devices import FoundDevice, merged
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.other_lines import GivenRole
from cwtui.accounts.importing.peppers import GivenPepper
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.importing.taken_over import NO_DEVICE_LEFT, Person
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible
from cwtui.language import N_, _

_HEADER: Final = b"issuer,username,algorithm,digits,period,secret"
_CRYPT: Final = "{CRYPT}"
"""What old versions wrote before a hash."""
_NO_DEVICES: Final = N_(
    "The devices are not in these files. Give Authelia's TOTP export in the same command, or "
    "whoever has a password of these accounts can register a device."
)


class _File(Struct):
    users: dict[str, Any] | None = None
    totp_configurations: list[Any] | None = None


class _User(Struct):
    password: Secret
    displayname: str | None = None
    disabled: bool = False


class _Configuration(Struct):
    username: str
    secret: Secret
    algorithm: str = "SHA1"
    digits: Number = 6
    period: Number = 30


def entries(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the people of a users file, or the devices of an export by username.

    Raises WrongFile, and OSError.
    """
    content = documents.content(given.source)
    if content.startswith(_HEADER):
        return merged(_of_csv(given, content))
    what = N_("a users file of Authelia, which begins with users:, or an export of its devices")
    file = documents.structured(content, _File, what)
    if file.totp_configurations is not None:
        documents.check_count(len(file.totp_configurations))
        return merged(_of_export(given, file.totp_configurations))
    if file.users is None:
        raise WrongFile(_("The file is not {what}.", what=_(what)))
    documents.check_count(len(file.users))
    return _people(given, file.users)


def together(
    found: Iterable[Entry | GivenRole | GivenPepper | Problem | Note],
) -> Iterator[Entry | GivenRole | GivenPepper | Problem | Note]:
    """Yield what all files say, and give the devices of an export to the people of a users file.

    So nobody with a password can register a device before the import of the devices.
    """
    people: list[Entry] = []
    by_name: dict[str, Entry] = {}
    without = set[str]()
    """Whose devices cannot be taken over, as messages show them, casefolded."""
    for one in found:
        if isinstance(one, Entry) and one.only_devices:
            by_name[one.username] = one
        elif isinstance(one, Entry):
            people.append(one)
        else:
            without |= {one.username.casefold()} if isinstance(one, Problem) else set()
            yield one
    if people and not by_name and not without:
        yield Note(Place(0), _(_NO_DEVICES))
    for person in people:
        theirs = by_name.pop(person.username, None)
        if theirs is not None:
            yield replace(person, keys=theirs.keys)
        elif visible(person.typed).casefold() in without:
            yield Note(person.place, _(NO_DEVICE_LEFT), person.username)
            yield replace(person, password_hash=None)
        else:
            yield person
    for theirs in by_name.values():
        if people:
            yield Note(
                theirs.place,
                _("Left out: the users file does not have this user."),
                theirs.username,
            )
        else:
            yield theirs


def _people(given: Given, found: Mapping[str, Any]) -> Iterator[Entry | Problem | Note]:
    for number, (username, fields) in enumerate(found.items(), 1):
        place = given.entry(number)
        try:
            user = documents.converted(fields, _User)
        except InvalidInput as error:
            yield Problem(place, str(error), visible(shortened(username, USERNAME_LENGTH)))
            continue
        person = Person(place, username, user.displayname or "", enabled=not user.disabled)
        person.mfa_required = True  # the file does not say who has a second factor
        person.take_hash(user.password.reveal().removeprefix(_CRYPT))
        yield from person.entries()


def _of_export(given: Given, values: list[Any]) -> Iterator[FoundDevice | Problem]:
    for number, value in enumerate(values, 1):
        try:
            one = documents.converted(value, _Configuration)
            yield _device(given.entry(number), one, _unwrapped(one.secret))
        except InvalidInput as error:
            yield Problem(given.entry(number), str(error), _whose(value))


def _of_csv(given: Given, content: bytes) -> Iterator[FoundDevice | Problem]:
    try:
        rows = csv.DictReader(content.decode().splitlines(), strict=True)
        for number, row in enumerate(rows, 2):
            place = Place(number, file=given.file)
            try:
                one = documents.converted(row, _Configuration)
                yield _device(place, one, one.secret)
            except InvalidInput as error:
                yield Problem(place, str(error), _whose(row))
    except (UnicodeDecodeError, csv.Error):
        raise WrongFile(_("The file is not CSV in UTF-8.")) from None


def _whose(entry: object) -> str:
    """Return whose entry this is, even if it cannot be read, as a message shows it."""
    username = entry.get("username") if isinstance(entry, Mapping) else ""
    return visible(shortened(str(username or ""), USERNAME_LENGTH))


def _device(place: Place, one: _Configuration, secret: Secret) -> FoundDevice:
    keys.check_codes(algorithm=one.algorithm, digits=one.digits, period=one.period)
    return FoundDevice(place, one.username, keys.from_base32(secret.reveal()))


def _unwrapped(secret: Secret) -> Secret:
    try:
        return Secret(base64.b64decode(secret.reveal(), validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        raise keys.unusable(_("its secret key is not in base64")) from None
