"""Times for people, in UTC or as how long ago."""

from datetime import UTC, datetime

_MINUTES_AN_HOUR = 60
_STEPS = ((60, 60, "min"), (3600, 24, "h"), (86400, 365, "d"))


def minute(at: float | None) -> str:
    """Such as 2026-11-24 03:00 (UTC), or never."""
    if at is None:
        return "never"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def utc_minute(at: float | None) -> str:
    """The same with its zone, where no heading names it."""
    return minute(at) if at is None else f"{minute(at)} UTC"


def day(at: float | None) -> str:
    """Such as 2026-11-24 (UTC), or never."""
    return minute(at).split(" ")[0]


def countdown(seconds: int) -> str:
    """Such as 4:59, or 23:59:59 from an hour on."""
    minutes, rest = divmod(seconds, 60)
    if minutes < _MINUTES_AN_HOUR:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def ago(at: float | None, now: float) -> str:
    """At most six characters: now, 5 min, 3 h, 12 d, 2 y, or never."""
    if at is None:
        return "never"
    past = max(0.0, now - at)
    if past < _STEPS[0][0]:
        return "now"
    for seconds, most, unit in _STEPS:
        if past < seconds * most:
            return f"{int(past // seconds)} {unit}"
    return f"{int(past // (365 * 86400))} y"
