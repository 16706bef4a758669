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
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible
from cwtui.language import _

NAME: Final = ".google_authenticator"
_BYTES_MOST: Final = 1 << 16
"""pam_google_authenticator reads no longer ones."""
_OPTION: Final = re.compile(r'" ([A-Z_]{1,40}[0-9]?)(?: ([^\r\n]*))?')
_CODE: Final = re.compile(r"[0-9]{8}")
_MET: Final = re.compile(r"TOTP_AUTH|DISALLOW_REUSE|RESETTING_TIME_SKEW|LAST[0-9]")
"""Options whose rule holds for all accounts, and what the program noted for itself."""
_LEFT_OUT: Final = {"RATE_LIMIT", "WINDOW_SIZE"}
"""Options instead of which the rules for all accounts hold."""
_SAME_WINDOW: Final = "3"
"""The window of ours: the code of now, the one before and the one after."""


def entries(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the device of the file. Raises WrongFile, and OSError."""
    return merged(_devices(given))


def _devices(given: Given) -> Iterator[FoundDevice | Problem | Note]:
    place = Place(0, file=given.file or PurePath(given.path).name)
    username = given.username or _owner(given)
    text = documents.content(given.source, _BYTES_MOST).decode("ascii", "replace")
    first, *others = text.splitlines() or [""]
    shown = visible(shortened(username, USERNAME_LENGTH))
    codes, left = list[str](), list[str]()
    try:
        for number, line in enumerate(others, 2):
            option = _OPTION.fullmatch(line)
            if option is not None:
                left += _left_out(option[1], (option[2] or "").strip(), number)
            elif line.strip():
                codes.append(_code(line.strip(), number))
        if not first.strip():
            raise keys.unusable(_("the first line has no secret key"))
        emergency = tuple(Secret(code) for code in dict.fromkeys(codes))
        yield FoundDevice(place, username, keys.from_base32(first), emergency)
    except InvalidInput as error:
        yield Problem(place, str(error), shown)
        return
    if left:
        sentence = _(
            "Left out, as cwtui has its own rules: {options}.",
            options=", ".join(dict.fromkeys(left)),
        )
        yield Note(place, sentence, shown)


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


def _code(line: str, number: int) -> str:
    """Return the emergency code. Raises InvalidInput, which does not quote a part of a secret."""
    if _CODE.fullmatch(line) is None:
        raise InvalidInput(
            "line",
            _("Line {number} is neither an option nor an emergency code.", number=number),
        )
    return line


def _left_out(name: str, value: str, number: int) -> Iterator[str]:
    """Yield the option if it is left out. Raises InvalidInput for what it cannot be."""
    if name == "HOTP_COUNTER":
        keys.check_codes(kind="hotp")
    elif name == "STEP_SIZE":
        keys.check_codes(period=int(value) if re.fullmatch(r"[0-9]{1,5}", value) else 0)
    elif name == "TIME_SKEW":
        raise keys.unusable(_("its clock is wrong (TIME_SKEW); set it, and remove this line"))
    elif name in _LEFT_OUT:
        if (name, value) != ("WINDOW_SIZE", _SAME_WINDOW):
            yield name
    elif _MET.fullmatch(name) is None:
        raise InvalidInput("line", _("Line {number} has an unknown option.", number=number))
