"""Times in filters: ages such as 90d, and dates, with or without < and > before them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import inf
from typing import Final, NamedTuple, TypeVar

from cwtui.accounts.filter_language import Reading, Unfit, Word
from cwtui.accounts.text import is_word, visible
from cwtui.accounts.times import place
from cwtui.language import N_, _

R = TypeVar("R")

NEVER: Final = "never"

_AGE: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_COMPARED: Final = re.compile(r"([<>]=?)?(.*)", re.DOTALL)
_DAYS_AGO: Final = {"today": 0, "yesterday": 1}
_MINUTE: Final = 60.0
_SHOWN: Final = 64
_AGO: Final = N_("an age such as >90d or <2h")
_NEVER_OR_AGO: Final = N_("never, an age such as >90d or <2h")
_TO_COME: Final = N_("a time from now such as <14d")
_NEVER_OR_TO_COME: Final = N_("never, a time from now such as <14d")
_SINCE: Final = N_("an age such as 30m, 2h or 7d")


class Span(NamedTuple):
    """The times from `start` up to, but not including, `end`, in seconds since the epoch."""

    start: float
    end: float

    def has(self, at: float | None) -> bool:
        return at is not None and self.start <= at < self.end


def moments(
    name: str,
    meaning: str,
    at: Callable[[R], float | None],
    *,
    may_be_never: bool = False,
    is_to_come: bool = False,
    is_slow: bool = False,
) -> Word[R]:
    """Return a word for a time of a row: `>90d`, `<2h`, `2026-11-24`, `>=2026-11-24T08:00`.

    For ages, > means longer ago, and for dates, later. With `may_be_never`, there is also `never`.
    With `is_to_come`, an age is how long it is until then, so that < means sooner and also in the
    past.
    """
    if is_to_come:
        ages = _NEVER_OR_TO_COME if may_be_never else _TO_COME
    else:
        ages = _NEVER_OR_AGO if may_be_never else _AGO
    offered = ("<14d", "<30d") if is_to_come else ("<30d", ">90d")
    values = (*((NEVER,) if may_be_never else ()), "today", *offered)
    meant = span_to_come if is_to_come else span

    def read(typed: str, reading: Reading) -> tuple[object, Callable[[R], bool]]:
        if may_be_never and is_word(typed, NEVER):
            return None, lambda row: at(row) is None
        found = _read(meant, typed, reading, ages)
        return found, lambda row: found.has(at(row))

    example = offered[0] if is_to_come else ">90d"
    return Word(name, example, meaning, read, values, is_slow=is_slow, ages=ages, shown=_)


def bound(name: str, meaning: str, at: Callable[[R], float], *, is_end: bool) -> Word[R]:
    """Return a word for times from a moment on or, with `is_end`, before it."""

    def read(typed: str, reading: Reading) -> tuple[object, Callable[[R], bool]]:
        start = _read(moment, typed, reading, _SINCE).start
        found = Span(-inf, start) if is_end else Span(start, inf)
        return found, lambda row: found.has(at(row))

    return Word(name, "2h", meaning, read, ("1h", "1d", "7d", "today"))


def _read(meant: Callable[[str, Reading], Span], typed: str, reading: Reading, ages: str) -> Span:
    try:
        return meant(typed, reading)
    except (ValueError, OverflowError):
        raise Unfit(
            _(
                "{typed!r} cannot be read as a time. Enter {ages}, or a {place} time such as "
                "2026-11-24 or 2026-11-24T08:00.",
                typed=visible(typed[:_SHOWN]),
                ages=_(ages),
                place=place(reading.zone),
            )
        ) from None


def span(typed: str, reading: Reading) -> Span:
    """Return the times that are meant by a time with or without < or > before it.

    Without either, an age means "since then", a date the whole day, and a time that minute. Raises
    ValueError and OverflowError.
    """
    sign, text = _compared(typed)
    found = moment(text, reading)
    if _AGE.fullmatch(text):
        # More than 90 days ago is before that moment.
        return Span(-inf, found.start) if sign.startswith(">") else Span(found.start, inf)
    match sign:
        case ">":
            return Span(found.end, inf)
        case ">=":
            return Span(found.start, inf)
        case "<":
            return Span(-inf, found.start)
        case "<=":
            return Span(-inf, found.end)
    return found


def _compared(typed: str) -> tuple[str, str]:
    """Return < or > with or without =, or nothing, and the time after it."""
    compared = _COMPARED.fullmatch(typed)
    return (compared[1] or "", compared[2].strip()) if compared is not None else ("", typed)


def span_to_come(typed: str, reading: Reading) -> Span:
    """Like `span`, but `<30d` means before 30 days from now are over, and `>30d` after that."""
    sign, text = _compared(typed)
    age = _AGE.fullmatch(text)
    if age is None:
        return span(typed, reading)
    at = (datetime.fromtimestamp(reading.now, UTC) + _duration(age)).timestamp()
    return Span(at, inf) if sign.startswith(">") else Span(-inf, at)


def _duration(age: re.Match[str]) -> timedelta:
    return timedelta(seconds=int(age[1]) * _SECONDS[age[2]])


def moment(text: str, reading: Reading) -> Span:
    """Return the moment that an age ago was, or the day or minute of a date or time.

    Days can be named `today` and `yesterday`. Times without an offset are in the zone of `reading`.
    Raises ValueError and OverflowError.
    """
    age = _AGE.fullmatch(text)
    if age is not None:
        at = (datetime.fromtimestamp(reading.now, UTC) - _duration(age)).timestamp()
        return Span(at, at)
    day = _day(text, reading)
    if day is not None:
        return Span(_start(day, reading.zone), _end(day, reading.zone))
    whole = datetime.fromisoformat(text.upper())
    there = whole if whole.tzinfo is not None else whole.replace(tzinfo=reading.zone)
    at = there.astimezone(UTC).timestamp()
    return Span(at, at + _MINUTE)


def _day(text: str, reading: Reading) -> date | None:
    ago = _DAYS_AGO.get(text.lower())
    if ago is not None:
        return datetime.fromtimestamp(reading.now, reading.zone).date() - timedelta(days=ago)
    try:
        return date.fromisoformat(text.upper())
    except ValueError:
        return None


def _start(day: date, zone: tzinfo) -> float:
    return datetime.combine(day, time(), zone).astimezone(UTC).timestamp()


def _end(day: date, zone: tzinfo) -> float:
    try:
        return _start(day + timedelta(days=1), zone)
    except OverflowError:
        return inf
