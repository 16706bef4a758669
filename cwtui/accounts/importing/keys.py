"""The secret keys of devices that people have: which ones make the codes that are checked here."""

import base64
import binascii
from typing import Final

from cwtui.accounts.credentials import totp
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.language import _

_BYTES: Final = range(14, 65)
"""NIST SP 800-63B-4 asks for 112 bits, and pyotp refuses less; 64 bytes are a block of SHA-1."""
_ALGORITHMS: Final = {"SHA1", "HMACSHA1"}


def from_base32(typed: str) -> Secret:
    """Return the key in base32 as it is kept. Raises InvalidInput, which does not quote it."""
    letters = typed.replace(" ", "").upper().rstrip("=")
    try:
        key = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        raise unusable(_("its secret key is not in base32")) from None
    return from_bytes(key)


def from_bytes(key: bytes) -> Secret:
    """Return the key in base32 as it is kept. Raises InvalidInput for its length."""
    if len(key) not in _BYTES:
        raise unusable(
            _(
                "its secret key has {bits} bits, and {least} to {most} are possible",
                bits=8 * len(key),
                least=8 * _BYTES.start,
                most=8 * (_BYTES.stop - 1),
            )
        )
    return Secret(base64.b32encode(key).decode("ascii").rstrip("="))


def check_codes(
    kind: str = "totp",
    algorithm: str = "SHA1",
    digits: int = totp.DIGITS,
    period: int = totp.PERIOD,
) -> None:
    """Raise InvalidInput unless these are codes by time with SHA-1, 6 digits and 30 seconds."""
    if kind.lower() == "hotp":
        raise unusable(_("it makes codes by counter, and only codes by time are possible"))
    if kind.lower() != "totp":
        raise unusable(_("it makes codes of another kind, and only codes by time are possible"))
    if algorithm.upper().replace("-", "") not in _ALGORITHMS:
        raise unusable(_("it uses another algorithm, and only SHA-1 is possible"))
    if digits != totp.DIGITS:
        raise unusable(
            _(
                "its codes have {digits} digits, and only {needed} are possible",
                digits=digits,
                needed=totp.DIGITS,
            )
        )
    if period != totp.PERIOD:
        raise unusable(
            _(
                "its codes change every {period} seconds, and only {needed} is possible",
                period=period,
                needed=totp.PERIOD,
            )
        )


def unusable(reason: str) -> InvalidInput:
    """Return the error for a device that cannot be used."""
    return InvalidInput("device", _("The device cannot be used: {reason}.", reason=reason))
