"""`.google_authenticator`, the file of pam_google_authenticator in a person's home folder.

The first line is the secret key in base32. Options begin with a quote and a space, and the other
lines are emergency codes of 8 digits (FILEFORMAT of google-authenticator-libpam).
"""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from cwtui.accounts.errors import InvalidInput, WrongFile
from cwtui.accounts.importing import documents, keys
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.found_devices import FoundDevice, merged
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible
from cwtui.language import _, ngettext

NAME: Final = ".google_authenticator"
_BYTES_MOST: Final = 1 << 16
"""pam_google_authenticator reads no longer ones."""
_OPTION: Final = re.compile(r'" ([A-Z_]{1,40}[0-9]?)(?: ([^\r\n]*))?')
_CODE: Final = re.compile(r"[0-9]{8}")
_FOR_SIGNING_IN: Final = re.compile(
    r"TOTP_AUTH|DISALLOW_REUSE|RATE_LIMIT|WINDOW_SIZE|RESETTING_TIME_SKEW|LAST[0-9]"
)
"""Options that say how codes are checked. Here the rules for all accounts do."""


def entries(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the device of the file. Raises WrongFile, and OSError."""
    return merged(_devices(given))


def _devices(given: Given) -> Iterator[FoundDevice | Problem | Note]:
    place = Place(0, file=given.file or PurePath(given.path).name)
    username = given.username or _owner(given)
    text = documents.content(given.source, _BYTES_MOST).decode("ascii", "replace")
    first, *others = text.splitlines() or [""]
    shown = visible(shortened(username, USERNAME_LENGTH))
    codes = 0
    try:
        for number, line in enumerate(others, 2):
            codes += _is_code(line, number)
        if not first.strip():
            raise keys.unusable(_("the first line has no secret key"))
        yield FoundDevice(place, username, keys.from_base32(first))
    except InvalidInput as error:
        yield Problem(place, str(error), shown)
        return
    if codes:
        left = ngettext(
            "Its {number} emergency code is left out: make new backup codes.",
            "Its {number} emergency codes are left out: make new backup codes.",
            codes,
        )
        yield Note(place, left, shown)


def _owner(given: Given) -> str:
    """Return the name of the folder that the file is in, which is that of its owner."""
    path = PurePath(given.path)
    if path.name != NAME or not path.parent.name:
        raise WrongFile(
            _(
                "Say whose file this is with --username. It is known only for {name} in a home "
                "folder.",
                name=NAME,
            )
        )
    return path.parent.name


def _is_code(line: str, number: int) -> bool:
    """Return whether the line is an emergency code. Raises InvalidInput for what it cannot be."""
    option = _OPTION.fullmatch(line)
    if option is None:
        if line.strip() and _CODE.fullmatch(line.strip()) is None:
            # Not quoted, as it may be a part of a secret.
            raise InvalidInput(
                "line",
                _("Line {number} is neither an option nor an emergency code.", number=number),
            )
        return bool(line.strip())
    name, value = option[1], (option[2] or "").strip()
    if name == "HOTP_COUNTER":
        keys.check_codes(kind="hotp")
    elif name == "STEP_SIZE":
        keys.check_codes(period=int(value) if re.fullmatch(r"[0-9]{1,5}", value) else 0)
    elif name == "TIME_SKEW":
        raise keys.unusable(_("its clock is wrong (TIME_SKEW); set it, and remove this line"))
    elif _FOR_SIGNING_IN.fullmatch(name) is None:
        raise InvalidInput("line", _("Line {number} has an unknown option.", number=number))
    return False
