"""Format times for people, in their time zone or as an age.

Screens pass the zone of the person who is signed in. Everything else stays in UTC, the default.
"""

from datetime import UTC, datetime, tzinfo

from cwtui.language import N_, _

_MINUTES_AN_HOUR = 60
_STEPS = (
    (60, 60, N_("{number} min")),
    (3600, 24, N_("{number} h")),
    (86400, 365, N_("{number} d")),
)


def minute(at: float | None, zone: tzinfo = UTC) -> str:
    """Return the time without its offset, such as "2026-11-24 03:00"; "never" for None."""
    return _("never") if at is None else f"{local(at, zone):%Y-%m-%d %H:%M}"


def full_minute(at: float | None, zone: tzinfo = UTC) -> str:
    """Return the time with its offset; "never" for None.

    For example "2026-11-24 03:00 UTC" or "2026-11-24 04:00 +01:00".
    """
    return _("never") if at is None else f"{minute(at, zone)} {offset(local(at, zone))}"


def utc_minute(at: float | None) -> str:
    """Return the time as commands print it, such as "2026-11-24 03:00 UTC"; "never" for None."""
    return full_minute(at)


def day(at: float | None, zone: tzinfo = UTC) -> str:
    """Return the day, such as "2026-11-24"; "never" for None."""
    return _("never") if at is None else minute(at, zone).split(" ")[0]


def clock(at: float, zone: tzinfo = UTC) -> str:
    """Return the time of day with its offset, such as "03:00 UTC" or "04:00 +01:00"."""
    return full_minute(at, zone).partition(" ")[2]


def local(at: float, zone: tzinfo = UTC) -> datetime:
    """Return the time in this zone."""
    return in_zone(datetime.fromtimestamp(at, UTC), zone)


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """Return a time with an offset in this zone, or unchanged at the two ends of the calendar."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def offset(at: datetime) -> str:
    """Return "UTC", or the offset of the time from UTC, such as "+01:00"."""
    return "UTC" if at.tzname() == "UTC" else f"{at:%z}"[:3] + ":" + f"{at:%z}"[3:5]


def place(zone: tzinfo) -> str:
    """Return a short name of the zone, such as "UTC" or "Berlin"."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def countdown(seconds: int) -> str:
    """Return a duration such as "4:59", or "23:59:59" from one hour on."""
    minutes, rest = divmod(seconds, 60)
    if minutes < _MINUTES_AN_HOUR:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def ago(at: float | None, now: float) -> str:
    """Return an age in at most six characters: now, 5 min, 3 h, 12 d, 2 y, or never."""
    if at is None:
        return _("never")
    past = max(0.0, now - at)
    if past < _STEPS[0][0]:
        return _("now")
    for seconds, most, age in _STEPS:
        if past < seconds * most:
            return _(age, number=int(past // seconds))
    return _("{number} y", number=int(past // (365 * 86400)))
