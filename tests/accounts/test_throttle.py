"""The rule of throttling by itself: how many attempts, and how long to wait."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import throttle
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.sources import UNKNOWN_ADDRESS
from tests.accounts.world import NOW

LIMIT = throttle.Limit(tries=5, ban=300.0)


DAY = 86400.0


def test_the_fifth_failed_attempt_starts_the_wait() -> None:
    attempts: dict[str, Attempts] = {}
    lefts = []
    for _ in range(5):
        counted = throttle.count_try(attempts, "here", LIMIT, NOW, "code")
        attempts = counted.attempts
        lefts.append(counted.left)
    assert lefts == [4, 3, 2, 1, 0]
    refused = throttle.count_try(attempts, "here", LIMIT, NOW + 299.9, "code")
    assert refused.throttled is not None
    assert (refused.throttled.field, refused.throttled.until) == ("code", NOW + 300)
    assert throttle.count_try(refused.attempts, "here", LIMIT, NOW + 300, "code").left == 4


def test_only_the_first_attempt_in_a_wait_is_recorded() -> None:
    """Endless attempts fill neither the audit log nor the disk."""
    full = {"here": Attempts(5, NOW, NOW + 300)}
    first = throttle.count_try(full, "here", LIMIT, NOW + 1, "code")
    second = throttle.count_try(first.attempts, "here", LIMIT, NOW + 2, "code")
    assert (first.is_first_refusal, second.is_first_refusal) == (True, False)
    assert second.attempts == first.attempts
    after = throttle.count_try(second.attempts, "here", LIMIT, NOW + 300, "code")
    assert after.throttled is None
    assert not after.attempts["here"].refusal_recorded


def test_a_clock_set_back_makes_no_wait_longer() -> None:
    full = {"here": Attempts(5, NOW, NOW + 300)}
    first = throttle.count_try(full, "here", LIMIT, NOW - 86400, "code")
    assert first.throttled is not None
    assert first.throttled.until == NOW - 86400 + 300
    later = throttle.count_try(first.attempts, "here", LIMIT, NOW - 86400 + 300, "code")
    assert later.throttled is None


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("local console", "local console"),
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", ""),
        ("300.1.1.1", "300.1.1.1"),
    ],
)
def test_an_ipv6_network_counts_as_one_place(source: str, network: str) -> None:
    assert throttle.network_of(source) == network


def tried_on_and_on(limit: throttle.Limit, until: float) -> list[float]:
    """The times at which attempts were checked for someone who retries as soon as possible."""
    now, attempts, checked = NOW, dict[str, Attempts](), list[float]()
    while now < until:
        counted = throttle.count_try(attempts, "here", limit, now, "code")
        attempts = counted.attempts
        if counted.throttled is None:
            checked.append(now)
        elif counted.throttled.until is not None:
            now = counted.throttled.until
    return checked


def test_the_waits_grow_up_to_a_day() -> None:
    """The figures for the default settings are those in the module's docstring."""
    checked = tried_on_and_on(LIMIT, NOW + 365 * DAY)
    first, last = checked[: throttle.MOST], checked[-1]
    assert first == [NOW + 300 * (number // 5) for number in range(15)]
    waits = [later - earlier for earlier, later in pairwise(checked[14:])]
    assert waits == [min(300 * 2**number, DAY) for number in range(len(waits))]
    assert sum(at < NOW + 2 * DAY for at in checked) == 24
    assert checked[99] - NOW < 78 * DAY < checked[100] - NOW
    assert 380 < len(checked) < 390
    assert last > NOW + 364 * DAY


@given(st.integers(1, 10), st.integers(1, 1440), st.integers(0, 400))
def test_waits_never_shrink_and_never_exceed_a_day(tries: int, minutes: int, failures: int) -> None:
    limit = throttle.Limit(tries, minutes * 60.0)
    wait = throttle.wait_after(failures, limit)
    assert limit.ban <= wait <= DAY
    assert throttle.wait_after(failures + 1, limit) >= wait


@given(
    st.integers(1, 10),
    st.integers(1, 1440),
    st.lists(st.floats(0, 40 * DAY) | st.floats(0, 3600) | st.just(0.0), max_size=300),
)
def test_attempts_spread_over_time_are_limited_to_one_a_day(
    tries: int, minutes: int, pauses: list[float]
) -> None:
    """Waiting until they are forgotten does not help; at most about twenty come on top."""
    now, attempts, limit = NOW, dict[str, Attempts](), throttle.Limit(tries, minutes * 60.0)
    checked = 0
    for pause in pauses:
        now += pause
        counted = throttle.count_try(attempts, "here", limit, now, "code")
        attempts = counted.attempts
        if counted.throttled is None:
            checked += 1
            assert 0 <= counted.left < tries
    assert checked <= throttle.MOST + 11 + (now - NOW) / DAY


@given(st.integers(1, 500), st.floats(0, DAY))
def test_a_count_is_forgotten_after_a_day_per_attempt(failures: int, wait: float) -> None:
    kept = Attempts(failures, NOW, NOW + wait)
    assert not throttle.is_forgotten(kept, NOW + wait + failures * DAY)
    assert throttle.is_forgotten(kept, NOW + wait + failures * DAY + 1)


def test_a_forgotten_count_starts_again() -> None:
    attempts = {"here": Attempts(40, NOW - 41 * DAY), "": Attempts(3, NOW)}
    counted = throttle.count_try(attempts, "here", LIMIT, NOW, "code")
    assert counted.attempts == {"here": Attempts(1, NOW), "": Attempts(3, NOW)}
    assert counted.left == 4
    shown = throttle.current(SignInRecord(code_attempts=attempts, password_attempts=attempts), NOW)
    assert shown.code_attempts == shown.password_attempts == {"": Attempts(3, NOW)}


def test_at_most_a_hundred_attempts_are_checked_quickly() -> None:
    """NIST SP 800-63B-4 section 3.2.2."""
    assert throttle.MOST * (1 + throttle.KNOWN_SOURCES) <= 100


def test_a_permanent_stop_of_an_older_version_ends() -> None:
    """It stopped for good after 50 attempts."""
    stopped = {"": Attempts(50, NOW - 3600, NOW - 3300, refusal_recorded=True)}
    counted = throttle.count_try(stopped, "", LIMIT, NOW, "code")
    assert counted.throttled is None
    assert counted.attempts == {"": Attempts(51, NOW, NOW + DAY)}


def test_somebody_without_a_source_stays_a_stranger() -> None:
    """It is nobody's place, so it must not take the room of a known one."""
    record = SignInRecord(
        known_sources=("s1",), code_attempts={throttle.STRANGERS: Attempts(3, NOW)}
    )
    for nowhere in ("", UNKNOWN_ADDRESS):
        assert throttle.with_known_source(record, nowhere) == record
        assert throttle.budget_of(("s1",), nowhere) == throttle.STRANGERS


def test_the_oldest_known_source_is_forgotten() -> None:
    tries = {"s1": Attempts(1), "": Attempts(2)}
    record = SignInRecord(code_attempts=tries, password_attempts=tries)
    for number in (1, 2, 3, 4, 5, 1, 6):
        record = throttle.with_known_source(record, f"s{number}")
    assert record.known_sources == ("s3", "s4", "s5", "s1", "s6")
    assert record.code_attempts == record.password_attempts == tries
    record = throttle.with_known_source(throttle.with_known_source(record, "s7"), "s8")
    for number in (9, 10):
        record = throttle.with_known_source(record, f"s{number}")
    assert record.code_attempts == record.password_attempts == {"": Attempts(2)}
