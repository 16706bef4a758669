"""Times in filters: ages and dates, in the person's zone."""

import time
from datetime import UTC, datetime
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.filter_language import Reading
from cwtui.accounts.filter_times import Span, moment, span
from tests.accounts.world import NOW

HERE = Reading(NOW, UTC)
BERLIN = Reading(NOW, ZoneInfo("Europe/Berlin"))
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MIDNIGHT = NOW - 8 * HOUR


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0s", NOW),
        ("30m", NOW - 30 * MINUTE),
        ("2h", NOW - 2 * HOUR),
        ("7d", NOW - 7 * DAY),
        ("4w", NOW - 28 * DAY),
        ("2027-01-15", MIDNIGHT),
        ("today", MIDNIGHT),
        ("Yesterday", MIDNIGHT - DAY),
        ("2027-01-15 08:00", NOW),
        ("2027-01-15t08:00z", NOW),
        ("2027-01-15t10:00+02:00", NOW),
        ("2027-01-15t08:00:00.125+00:00", NOW + 0.125),
    ],
)
def test_ages_and_dates_are_understood(text: str, at: float) -> None:
    assert moment(text, HERE).start == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "h", "2y", "-2h", "2 h", "1.5h", "٣h", "999999w", f"{'9' * 5000}h"),
        *("2027-13-01", "2027-02-30", "24:00", "tomorrow", "\x00", "\udcff"),
        *("0001-01-01t00:00+14:00", "9999-12-31t23:59-14:00"),
    ],
)
def test_other_text_is_not_a_time(text: str) -> None:
    for read in (moment, span):
        with pytest.raises((ValueError, OverflowError)):
            read(text, HERE)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        (">90d", Span(-inf, NOW - 90 * DAY)),
        ("<90d", Span(NOW - 90 * DAY, inf)),
        ("<=90d", Span(NOW - 90 * DAY, inf)),
        ("90d", Span(NOW - 90 * DAY, inf)),
        ("2027-01-15", Span(MIDNIGHT, MIDNIGHT + DAY)),
        (">2027-01-15", Span(MIDNIGHT + DAY, inf)),
        (">=2027-01-15", Span(MIDNIGHT, inf)),
        ("<2027-01-15", Span(-inf, MIDNIGHT)),
        ("<=2027-01-15", Span(-inf, MIDNIGHT + DAY)),
        ("2027-01-15t08:00", Span(NOW, NOW + MINUTE)),
        ("> 2027-01-15t08:00", Span(NOW + MINUTE, inf)),
        ("9999-12-31", Span(253402214400.0, inf)),
    ],
)
def test_signs_compare_ages_backward_and_dates_forward(text: str, times: Span) -> None:
    assert span(text, HERE) == times


def test_a_day_ends_at_midnight_in_the_persons_zone() -> None:
    assert moment("2027-07-15t09:00", BERLIN).start == moment("2027-07-15t07:00z", HERE).start
    # Summer time begins on 28 March and ends on 31 October.
    lengths = [
        span(day, BERLIN).end - span(day, BERLIN).start for day in ("2027-03-28", "2027-10-31")
    ]
    assert lengths == [23 * HOUR, 25 * HOUR]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "UTC"])
def test_times_do_not_depend_on_the_hosts_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        at = [
            moment(text, HERE).start
            for text in ("2027-01-15t08:00", "2027-01-15t10:00+02:00", "0s")
        ]
    time.tzset()
    assert at == [NOW] * 3


@given(st.text(max_size=30), st.sampled_from([HERE, BERLIN]))
def test_any_text_is_a_span_or_no_time(text: str, reading: Reading) -> None:
    try:
        found = span(text, reading)
    except (ValueError, OverflowError):
        return
    assert found.start <= found.end


@given(st.datetimes(), st.sampled_from(["", "<", ">="]))
def test_a_moment_is_either_in_a_span_or_not(at: datetime, sign: str) -> None:
    text, seconds = f"{at:%Y-%m-%d}".zfill(10), at.replace(tzinfo=UTC).timestamp()
    assert span(text, HERE).has(seconds)
    assert span(f"<{text}", HERE).has(seconds) is not span(f">={text}", HERE).has(seconds)
    assert span(f">{text}", HERE).has(seconds) is not span(f"<={text}", HERE).has(seconds)
    assert not span(f"{sign}{text}", HERE).has(None)
