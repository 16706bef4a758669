"""One-time codes: TOTP (RFC 6238) with SHA-1, 6 digits and 30 s, which every app supports."""

import base64
from collections.abc import Iterator
from hmac import compare_digest
from itertools import chain
from typing import Final
from urllib.parse import quote

import pyotp

from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.credentials.typed_codes import wrong_length
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.ports import RandomBytes
from cwtui.accounts.secret import Secret
from cwtui.language import N_, _

DIGITS: Final = typed_codes.DIGITS
ENTER: Final = N_("Enter the 6 digits that your app shows now.")
PERIOD: Final = 30
BY_HAND: Final = N_("time-based, 6 digits, 30 seconds, SHA-1")
"""What to set in an app where the key is entered by hand."""
SECRET_BYTES: Final = 20
"""160 bits, as RFC 4226 section 4 (R6) recommends."""
WINDOW: Final = 1
"""Steps before and after now: RFC 6238 section 5.2 recommends at most one."""
_STEP: Final = 5
_LAST: Final = 10
DRIFT_STEPS: Final = 14 * 120
"""How far to search for a wrong clock: 14 hours either way, the largest time zone offset."""


def new_secret(random: RandomBytes) -> Secret:
    """Return a new secret key: 32 characters of base32."""
    return Secret(base64.b32encode(random(SECRET_BYTES)).decode("ascii"))


def grouped(secret: Secret) -> str:
    """Return the secret key in groups of four characters, for typing."""
    text = secret.reveal()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def typed_code(text: str, field: str = "code", *, has_backup_codes: bool = True) -> str:
    """Return the six digits that were typed or pasted, without spaces and hyphens.

    Accepts digits of other scripts. Raises InvalidInput, which names backup codes only to somebody
    who has them.
    """
    code = typed_codes.characters(text)
    if not code:
        raise InvalidInput(field, _(ENTER))
    if not (code.isascii() and code.isdigit()):
        if has_backup_codes and typed_codes.is_backup_code(text):
            raise InvalidInput(field, _("This looks like a backup code. {hint}", hint=_(ENTER)))
        raise InvalidInput(field, _("A one-time code has only digits. {hint}", hint=_(ENTER)))
    if len(code) != DIGITS:
        raise InvalidInput(field, wrong_length(code))
    return code


class _Codes(pyotp.TOTP):
    """The codes of many steps. pyotp decodes the secret for each code anew."""

    _key: bytes | None = None

    def byte_secret(self) -> bytes:
        if self._key is None:
            self._key = super().byte_secret()
        return self._key


def accepted_step(secret: Secret, code: str, now: float, drift: int = 0) -> int | None:
    """Return the code's time step if it is the current, previous or next one; otherwise None.

    If several steps have this code, the one nearest to the device's known `drift` is returned. All
    are computed, whichever matches.
    """
    generator, here = _Codes(secret.reveal()), step_at(now)
    window = range(max(0, here - WINDOW), here + WINDOW + 1)
    found = [step for step in window if compare_digest(generator.generate_otp(step), code)]
    return min(found, key=lambda step: abs(step - here - drift), default=None)


def drift(secret: Secret, code: str, now: float) -> int | None:
    """Return how many seconds the clock behind this code is ahead of `now`; None if not found."""
    generator, here = _Codes(secret.reveal()), step_at(now)
    for distance in range(WINDOW + 1, DRIFT_STEPS + 1):
        for steps in (distance, -distance):
            if compare_digest(generator.generate_otp(max(0, here + steps)), code):
                return steps * PERIOD
    return None


def nearest_step(secret: Secret, code: str, now: float, within: int) -> int | None:
    """Return the step nearest to now that has this code, outside of the window; None if none has.

    Always computes the codes of all steps from `within` before to `within` after now, so that the
    time it takes does not tell whether one was found.
    """
    generator, here = _Codes(secret.reveal()), step_at(now)
    found = [
        step
        for step in range(max(0, here - within), here + within + 1)
        if compare_digest(generator.generate_otp(step), code) and abs(step - here) > WINDOW
    ]
    return min(found, key=lambda step: abs(step - here), default=None)


def step_at(now: float) -> int:
    """Return the number of the time step; each is 30 seconds, counted from the epoch."""
    return int(now) // PERIOD


def seconds_left(now: float) -> int:
    """Return the whole seconds until the code changes, 30 down to 1."""
    return PERIOD - int(now) % PERIOD


def countdown(now: float) -> tuple[int, float]:
    """Return the seconds left to show, and after how many seconds to show others.

    Every 5 seconds, and each of the last 10, because each time something is drawn and sent to the
    terminal.
    """
    left = seconds_left(now)
    following = left - 1 if left <= _LAST else (left - 1) // _STEP * _STEP
    return left, left - following - now % 1


def uris(secret: Secret, username: str, issuer: str) -> Iterator[Secret]:
    """Yield otpauth URIs (Key URI format) from longest to shortest, for when space is limited.

    First the issuer parameter is left out, since the label begins with the issuer. Then the
    username in the label, which is only for display, is cut at the end. Some apps read only the
    label, and others refuse an issuer that differs from the label's: so the label keeps it whole.
    """
    prefix, key = _quoted(issuer), f"?secret={secret.reveal()}"
    whole = _quoted(username)
    yield Secret(f"otpauth://totp/{prefix}:{whole}{key}&issuer={prefix}")
    for name in chain([whole], _cut(username)):
        yield Secret(f"otpauth://totp/{prefix}:{name}{key}")


def _cut(username: str) -> Iterator[str]:
    """Yield ever shorter beginnings of the username, as parts of a URI."""
    whole = _quoted(username)
    for length in range(len(username) - 1, 0, -1):
        cut = _quoted(username[:length] + "…")
        if len(cut) < len(whole):
            yield cut


def _quoted(text: str) -> str:
    # RFC 3986 allows @ and parentheses in a path and a query. + is escaped, because some apps read
    # it as a space.
    return quote(text, safe="@()")
