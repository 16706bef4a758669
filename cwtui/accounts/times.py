"""Format times for people, in UTC or as an age."""

from datetime import UTC, datetime

_MINUTES_AN_HOUR = 60
_STEPS = ((60, 60, "min"), (3600, 24, "h"), (86400, 365, "d"))


def minute(at: float | None) -> str:
    """Return the time in UTC without its zone, such as "2026-11-24 03:00"; "never" for None."""
    if at is None:
        return "never"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def utc_minute(at: float | None) -> str:
    """Return the time with its zone, such as "2026-11-24 03:00 UTC"; "never" for None."""
    return minute(at) if at is None else f"{minute(at)} UTC"


def day(at: float | None) -> str:
    """Return the day in UTC, such as "2026-11-24"; "never" for None."""
    return minute(at).split(" ")[0]


def countdown(seconds: int) -> str:
    """Return a duration such as "4:59", or "23:59:59" from one hour on."""
    minutes, rest = divmod(seconds, 60)
    if minutes < _MINUTES_AN_HOUR:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def ago(at: float | None, now: float) -> str:
    """Return an age in at most six characters: now, 5 min, 3 h, 12 d, 2 y, or never."""
    if at is None:
        return "never"
    past = max(0.0, now - at)
    if past < _STEPS[0][0]:
        return "now"
    for seconds, most, unit in _STEPS:
        if past < seconds * most:
            return f"{int(past // seconds)} {unit}"
    return f"{int(past // (365 * 86400))} y"
