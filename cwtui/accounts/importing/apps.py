"""Plain exports of two apps, Aegis and andOTP, which have the devices of many services.

Aegis: an object whose `db` has `entries` (docs/vault.md of Aegis). andOTP: a list of entries.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Raw, Struct

from cwtui.accounts.errors import InvalidInput, WrongFile
from cwtui.accounts.importing import documents, keys
from cwtui.accounts.importing.documents import Number
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.found_devices import FoundDevice, merged
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import listed, shortened, visible
from cwtui.language import N_, _

_NAMED: Final = 10
"""The maximum number of services that a message names."""
_SHOWN: Final = 64


class _Device(Struct, frozen=True):
    """What both apps know of a device."""

    service: str
    username: str
    kind: str
    algorithm: str
    digits: int
    period: int
    secret: Secret


class _AegisInfo(Struct):
    secret: Secret
    algo: str = "SHA1"
    digits: Number = 6
    period: Number = 30


class _AegisEntry(Struct):
    type: str
    info: _AegisInfo
    name: str | None = None
    issuer: str | None = None


class _AegisContent(Struct):
    entries: list[Raw]


class _AegisFile(Struct):
    db: _AegisContent


class _AndOtpEntry(Struct):
    secret: Secret
    label: str | None = None
    issuer: str | None = None
    type: str = "TOTP"
    algorithm: str = "SHA1"
    digits: Number = 6
    period: Number = 30


def of_aegis(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the users of an export of Aegis. Raises WrongFile, and OSError."""
    what = N_("a plain export of Aegis. In Aegis, export as JSON and turn encryption off")
    file = documents.json(documents.content(given.source), _AegisFile, what)
    return _entries(given, file.db.entries, _from_aegis)


def of_andotp(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the users of a backup of andOTP. Raises WrongFile, and OSError."""
    what = N_("a plain backup of andOTP. In andOTP, choose the backup in plain text")
    return _entries(
        given, documents.json(documents.content(given.source), list[Raw], what), _from_andotp
    )


def _from_aegis(raw: Raw) -> _Device:
    one = documents.entry(raw, _AegisEntry)
    info = one.info
    return _Device(
        one.issuer or "", one.name or "", one.type, info.algo, info.digits, info.period, info.secret
    )


def _from_andotp(raw: Raw) -> _Device:
    one = documents.entry(raw, _AndOtpEntry)
    return _Device(
        one.issuer or "",
        one.label or "",
        one.type,
        one.algorithm,
        one.digits,
        one.period,
        one.secret,
    )


def _entries(
    given: Given, raws: Sequence[Raw], device: Callable[[Raw], _Device]
) -> Iterator[Entry | Problem | Note]:
    documents.check_count(len(raws))
    problems: list[Problem] = []
    found: list[tuple[Place, _Device]] = []
    for number, raw in enumerate(raws, 1):
        try:
            found.append((given.entry(number), device(raw)))
        except InvalidInput as error:
            problems.append(Problem(given.entry(number), str(error)))
    yield from problems
    yield from merged(_of_service(given, found))


def _of_service(
    given: Given, found: Sequence[tuple[Place, _Device]]
) -> Iterator[FoundDevice | Problem]:
    """Yield the devices of the service that was chosen, or of the only one."""
    services = {device.service.casefold(): device.service for _, device in found}
    wanted = given.issuer.casefold()
    choice = listed([visible(shortened(name, _SHOWN)) for name in services.values()], _NAMED)
    if not wanted and len(services) > 1:
        raise WrongFile(
            _(
                "The file has devices of several services. Choose one with --issuer: {choice}.",
                choice=choice,
            )
        )
    if wanted and found and wanted not in services:
        raise WrongFile(
            _("The file has no device of this issuer. Choose from: {choice}.", choice=choice)
        )
    for place, device in found:
        if wanted in {"", device.service.casefold()}:
            yield _checked(given, place, device)


def _checked(given: Given, place: Place, device: _Device) -> FoundDevice | Problem:
    username = given.username or device.username
    try:
        keys.check_codes(device.kind, device.algorithm, device.digits, device.period)
        return FoundDevice(place, username, keys.from_base32(device.secret.reveal()))
    except InvalidInput as error:
        return Problem(place, str(error), visible(shortened(username, _SHOWN)))
