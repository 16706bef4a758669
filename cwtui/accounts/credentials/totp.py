"""One-time codes: TOTP (RFC 6238) with SHA-1, 6 digits and 30 seconds, as every app reads it."""

import base64
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

import pyotp
from pyotp.exceptions import OTPVerificationError

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.ports import RandomBytes
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import normal

DIGITS: Final = 6
PERIOD: Final = 30
SECRET_BYTES: Final = 20
"""160 bits, as RFC 4226 section 4 (R6) recommends."""
WINDOW: Final = 1
"""Steps before and after now: RFC 6238 section 5.2 recommends at most one."""
DRIFT_STEPS: Final = 14 * 120
"""How far a wrong clock is looked for: 14 hours either way, as far as time zones go."""


def new_secret(random: RandomBytes) -> Secret:
    """A new secret key in base32, 32 characters."""
    return Secret(base64.b32encode(random(SECRET_BYTES)).decode("ascii"))


def grouped(secret: Secret) -> str:
    """The secret key in groups of four, to be typed."""
    text = secret.reveal()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def typed_code(text: str, field: str = "code") -> str:
    """The six digits of what was typed or pasted, spaces and hyphens left out.

    Digits of other scripts count as digits. Raises InvalidInput.
    """
    typed = (c for c in normal(text[:64]) if c != "-" and not c.isspace())
    kept = "".join(str(unicodedata.decimal(c, c)) for c in typed)
    if len(kept) != DIGITS or not (kept.isascii() and kept.isdigit()):
        raise InvalidInput(field, "A one-time code is the 6 digits that your app shows now.")
    return kept


def accepted_step(secret: Secret, code: str, now: float) -> int | None:
    """The time step that the code belongs to, if it is one of now, before or after; else None."""
    # A clock that starts at the epoch has no step before the first ones.
    for_time = max(now, float(WINDOW * PERIOD))
    try:
        return pyotp.TOTP(secret.reveal()).verify_and_get_timecode(
            code, for_time=for_time, valid_window=WINDOW
        )
    except OTPVerificationError:
        return None


def drift(secret: Secret, code: str, now: float) -> int | None:
    """How many seconds ahead of `now` the clock is that made this code; None if not found."""
    generator = pyotp.TOTP(secret.reveal())
    for distance in range(WINDOW + 1, DRIFT_STEPS + 1):
        for steps in (distance, -distance):
            if generator.verify(code, for_time=max(0.0, now + steps * PERIOD)):
                return steps * PERIOD
    return None


def step_at(now: float) -> int:
    """The number of the time step: 30 seconds each since the epoch."""
    return int(now) // PERIOD


def seconds_left(now: float) -> int:
    """Whole seconds until the code changes: 30 down to 1."""
    return PERIOD - int(now) % PERIOD


def uris(secret: Secret, username: str, issuer: str) -> Iterator[Secret]:
    """The otpauth URI to scan, from the fullest to the shortest, for where room is short.

    Key URI format. The label's prefix only repeats the issuer; then the name, which is there for
    the person, is cut at its end.
    """
    rest = urlencode({"secret": secret.reveal(), "issuer": issuer}, quote_via=quote)
    for label in _labels(username, issuer):
        yield Secret(f"otpauth://totp/{label}?{rest}")


def _labels(username: str, issuer: str) -> Iterator[str]:
    # RFC 3986 lets @ stand in a path; + is escaped, as some readers take it for a space.
    yield f"{quote(issuer)}:{quote(username, safe='@')}"
    whole = quote(username, safe="@")
    yield whole
    for length in range(len(username) - 1, 0, -1):
        cut = quote(username[:length] + "…", safe="@")
        if len(cut) < len(whole):
            yield cut
