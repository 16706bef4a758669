"""What a wrong one-time code says about the clocks of the phone and of this host.

From the second wrong code in a row on, the error shows this host's time, which is no secret: the
login screen shows it to everyone. If the last two wrong codes fit another time within an hour, and
both the same one, the error also says how far the phone's clock is off. Neither code is accepted.

This must not help anybody who has the password to guess or replay codes:

- To say that a single code fits another time would help a lot. A code for a later time will be
  valid then, and the 119 codes of the next hour are much easier to guess than the three that are
  accepted now. So one code is never enough. Two guesses in a row fit the same distance with a
  chance of less than one in a billion; a guess is accepted with a chance of three in a million.
  Each further device adds the same chances.
- Entering the same code twice, or an older one next, is not two codes: the second must belong to a
  later time step. A person who is slow, and enters one code after it has expired, is told nothing
  wrong either.
- A step at or before the last used one says nothing: its code may have been seen when it was used.
- Codes from a phone that is ahead were on this screen before their time. They count as used, and
  are refused when their time comes (`spent_steps`).
- The search takes the same time whether it finds something or not, and the record is written after
  every wrong code, so that neither time nor disk tells what the words do not.

Attempts are counted before all this, as for every code (see `throttle`).

During enrolment the secret key is on the screen, so nothing has to be hidden from who sees it. The
first wrong code says all of this, and the search goes up to 14 hours, for a wrong time zone.
"""

from datetime import UTC
from typing import Final

from msgspec.structs import replace

from cwtui.accounts.credentials import totp
from cwtui.accounts.model import DeviceUse, WrongCode
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.accounts.times import offset
from cwtui.language import _, ngettext

WITHIN: Final = 120
"""How many time steps before and after now are searched: an hour."""
SPENT: Final = 8
"""How many steps of codes that were entered too early are remembered, the latest ones."""

_HOURS_FROM: Final = 90
"""From this many minutes on, a wrong clock is reported in hours."""


def other_time(secret: Secret, code: str, now: float) -> int | None:
    """Return the time step within an hour that a wrong code fits, or None."""
    return totp.nearest_step(secret, code, now, WITHIN)


def with_wrong_code(use: DeviceUse, step: int | None, now: float) -> tuple[DeviceUse, int | None]:
    """Return the device's use after a wrong code, and by how many seconds its clock is ahead.

    `step` is the other time that the code fits. The seconds are None as long as it is not sure.
    """
    here = totp.step_at(now)
    if step is None or step <= use.last_step:
        step = 0
    wrong = WrongCode(now, step)
    spent = {other for other in use.spent_steps if other >= here - totp.WINDOW}
    if step > here:
        spent.add(step)
    after = replace(use, wrong_code=wrong, spent_steps=tuple(sorted(spent)[-SPENT:]))
    return after, _drift(use.wrong_code, wrong)


def _drift(before: WrongCode | None, last: WrongCode) -> int | None:
    """Return how many seconds the phone is ahead, if both codes fit the same other time."""
    if before is None or not before.step or before.step >= last.step:
        return None
    distance = last.step - totp.step_at(last.at)
    if abs(distance - (before.step - totp.step_at(before.at))) > totp.WINDOW:
        return None
    return distance * totp.PERIOD


def drift_sentence(drift: int | None, device: str = "") -> str:
    """Return by how much the device's clock is off and what to do; empty for None.

    Without the name of the device it is called "Your phone".
    """
    if drift is None:
        return ""
    called = _("Your device {name}", name=visible(device)) if device else _("Your phone")
    return _ahead(drift, called) if drift > 0 else _behind(-drift, called)


def _ahead(seconds: int, device: str) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < _HOURS_FROM:
        return ngettext(
            "{device} is about {number} minute ahead of this host. Set both clocks to the right "
            "time, then enter the new code.",
            "{device} is about {number} minutes ahead of this host. Set both clocks to the right "
            "time, then enter the new code.",
            minutes,
            device=device,
        )
    return ngettext(
        "{device} is about {number} hour ahead of this host. Set both clocks to the right time, "
        "then enter the new code.",
        "{device} is about {number} hours ahead of this host. Set both clocks to the right time, "
        "then enter the new code.",
        round(minutes / 60),
        device=device,
    )


def _behind(seconds: int, device: str) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < _HOURS_FROM:
        return ngettext(
            "{device} is about {number} minute behind this host. Set both clocks to the right "
            "time, then enter the new code.",
            "{device} is about {number} minutes behind this host. Set both clocks to the right "
            "time, then enter the new code.",
            minutes,
            device=device,
        )
    return ngettext(
        "{device} is about {number} hour behind this host. Set both clocks to the right time, "
        "then enter the new code.",
        "{device} is about {number} hours behind this host. Set both clocks to the right time, "
        "then enter the new code.",
        round(minutes / 60),
        device=device,
    )


def host_time_sentence(ports: Ports) -> str:
    """Return what time it is on this host."""
    return _("The time of this host is {time}.", time=host_time(ports))


def compare_sentence(ports: Ports) -> str:
    """Return what time it is on this host, for people who may read their phone in another zone."""
    return _(
        "The time of this host is {time}. Your phone's clock must agree, but in another time zone "
        "it shows another hour.",
        time=host_time(ports),
    )


def host_time(ports: Ports) -> str:
    """Return the time of this host in UTC and, if it differs, in the host's time zone.

    For example "2027-01-15 08:00:31 UTC (09:00:31 +01:00)".
    """
    there = ports.local_time(ports.now())
    shown = f"{there.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{shown} ({there:%H:%M:%S} {offset(there)})" if there.utcoffset() else shown
