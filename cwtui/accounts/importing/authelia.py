"""Authelia's users file, and its exports of TOTP configurations (Authelia 4.3x).

The users file is YAML: `users` has the details of each person by username. The export is YAML too,
or CSV; its keys are in base32, and in YAML once more in base64.
"""

import base64
import binascii
import csv
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.importing import documents, keys
from cwtui.accounts.importing.documents import Number
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.found_devices import FoundDevice, merged
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.importing.taken_over import Person
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible

_HEADER: Final = b"issuer,username,algorithm,digits,period,secret"
_CRYPT: Final = "{CRYPT}"
"""What old versions wrote before a hash."""


class _UsersFile(Struct):
    users: dict[str, Any]


class _User(Struct):
    password: Secret
    displayname: str | None = None
    disabled: bool = False


class _Export(Struct):
    totp_configurations: list[Any]


class _Configuration(Struct):
    username: str
    secret: Secret
    algorithm: str = "SHA1"
    digits: Number = 6
    period: Number = 30


def users(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the people of a users file. Raises Refused, and OSError."""
    what = "a users file of Authelia, which begins with users:"
    file = documents.structured(documents.content(given.source), _UsersFile, what)
    documents.check_count(len(file.users))
    for number, (username, fields) in enumerate(file.users.items(), 1):
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


def devices(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the devices of an export, by username. Raises Refused, and OSError."""
    content = documents.content(given.source)
    if content.startswith(_HEADER):
        return merged(_of_csv(given, content))
    what = "an export of Authelia's TOTP configurations"
    file = documents.structured(content, _Export, what)
    documents.check_count(len(file.totp_configurations))
    return merged(_of_export(given, file.totp_configurations))


def _of_export(given: Given, values: list[Any]) -> Iterator[FoundDevice | Problem]:
    for number, value in enumerate(values, 1):
        username = ""
        try:
            one = documents.converted(value, _Configuration)
            username = one.username
            yield _device(given.entry(number), one, _unwrapped(one.secret))
        except InvalidInput as error:
            shown = visible(shortened(username, USERNAME_LENGTH))
            yield Problem(given.entry(number), str(error), shown)


def _of_csv(given: Given, content: bytes) -> Iterator[FoundDevice | Problem]:
    try:
        rows = csv.DictReader(content.decode().splitlines(), strict=True)
        for number, row in enumerate(rows, 2):
            place = Place(number, file=given.file)
            try:
                one = documents.converted(row, _Configuration)
                yield _device(place, one, one.secret)
            except InvalidInput as error:
                shown = visible(shortened(str(row.get("username") or ""), USERNAME_LENGTH))
                yield Problem(place, str(error), shown)
    except (UnicodeDecodeError, csv.Error):
        raise Refused("The file is not CSV in UTF-8.") from None


def _device(place: Place, one: _Configuration, secret: Secret) -> FoundDevice:
    keys.check_codes(algorithm=one.algorithm, digits=one.digits, period=one.period)
    return FoundDevice(place, one.username, keys.from_base32(secret.reveal()))


def _unwrapped(secret: Secret) -> Secret:
    try:
        return Secret(base64.b64decode(secret.reveal(), validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        raise keys.unusable("its secret key is not in base64") from None
