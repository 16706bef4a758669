"""`users.oath`, the file of pam_oath (UsersFile of oath-toolkit).

    HOTP/T30/6  ann  -  00112233445566778899aabbccddeeff00112233  [...]

A line has the type of the codes, the username, the PIN, the secret key as hexadecimal digits, and
after the first code more fields, which pam_oath needs to recognise codes that were used.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing import keys, lines
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.found_devices import FoundDevice, merged
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.lines import Line
from cwtui.accounts.importing.places import Note, Problem
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible
from cwtui.language import _

_TYPE: Final = re.compile(r"HOTP(?:/(?:E|T(30|60))(?:/([678]))?)?")
_NEEDED: Final = 4
_NO_PIN: Final = ("-", "+")
"""No PIN, and one that another module of PAM checks."""


def entries(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the users of the file. Raises WrongFile for too many lines or bytes, and OSError."""
    return merged(_devices(given))


def _devices(given: Given) -> Iterator[FoundDevice | Problem | Note]:
    for line in lines.lines(given.source, given.file):
        if isinstance(line, Problem):
            yield line
        elif not line.text.lstrip().startswith("#"):
            yield from _device(line)


def _device(line: Line) -> Iterator[FoundDevice | Problem | Note]:
    fields = line.text.split(maxsplit=_NEEDED)
    username = fields[1] if len(fields) >= _NEEDED else ""
    shown = visible(shortened(username, USERNAME_LENGTH))
    try:
        yield FoundDevice(line.place, username, _key(fields))
    except InvalidInput as error:
        yield Problem(line.place, str(error), shown)
        return
    if fields[2] not in _NO_PIN:
        yield Note(line.place, _("The PIN is left out: the account has a password."), shown)


def _key(fields: Sequence[str]) -> Secret:
    if len(fields) < _NEEDED:
        raise InvalidInput("line", _("The line needs a type, a username, a PIN or -, and a key."))
    _check_type(fields[0])
    return keys.from_bytes(_bytes(fields[3]))


def _check_type(typed: str) -> None:
    found = _TYPE.fullmatch(typed)
    if found is None:
        raise keys.unusable(_("its type is not one of pam_oath, such as HOTP/T30/6"))
    period, digits = found.groups()
    if period is None:
        keys.check_codes(kind="hotp")
    else:
        keys.check_codes(digits=int(digits or 6), period=int(period))


def _bytes(typed: str) -> bytes:
    try:
        return bytes.fromhex(typed)
    except ValueError:
        raise keys.unusable(_("its secret key is not written in hexadecimal digits")) from None
