"""Failed attempts as an admin sees them, and taking back an attempt that was not checked."""

import pytest

from cwtui.accounts import throttle
from cwtui.accounts.model import Attempts, SignInRecord
from tests.accounts.world import HERE, NOW

COMMON = throttle.STRANGERS


@pytest.mark.parametrize(
    ("passwords", "codes", "tries", "wait"),
    [
        ({}, {}, 0, 0.0),
        ({HERE: Attempts(2, NOW)}, {COMMON: Attempts(1, NOW)}, 3, 0.0),
        ({HERE: Attempts(5, NOW, NOW + 60)}, {}, 5, NOW + 60),
        ({}, {HERE: Attempts(5, NOW, NOW + 60), COMMON: Attempts(5, NOW, NOW + 90)}, 10, NOW + 90),
        ({HERE: Attempts(5, NOW - 60, NOW)}, {}, 5, 0.0),  # over by now
        ({COMMON: Attempts(49, NOW)}, {}, 49, 0.0),
        ({COMMON: Attempts(50, NOW)}, {}, 50, 0.0),
        ({}, {COMMON: Attempts(50, NOW, NOW + 60)}, 50, NOW + 60),
    ],
)
def test_failed_attempts_and_the_longest_wait_are_counted(
    passwords: dict[str, Attempts], codes: dict[str, Attempts], tries: int, wait: float
) -> None:
    record = SignInRecord(password_attempts=passwords, code_attempts=codes)
    assert throttle.wrong_tries(record) == tries
    assert throttle.longest_wait(record, NOW) == wait


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({HERE: Attempts(3, 7.0, 9.0)}, {HERE: Attempts(2, 7.0)}),
        ({HERE: Attempts(2, 7.0)}, {HERE: Attempts(1, 7.0)}),
        ({HERE: Attempts(1, 7.0)}, {}),
        ({}, {}),  # cleared by a sign-in meanwhile
        ({HERE: Attempts(1, 7.0), COMMON: Attempts(4, 8.0)}, {COMMON: Attempts(4, 8.0)}),
        ({COMMON: Attempts(4, 8.0)}, {COMMON: Attempts(4, 8.0)}),
    ],
)
def test_an_attempt_that_was_not_checked_is_taken_back(
    before: dict[str, Attempts], after: dict[str, Attempts]
) -> None:
    counted = throttle.Counted({HERE: before.get(HERE, Attempts(1, 7.0))}, HERE)
    assert throttle.without(before, counted) == after


def test_taking_back_an_attempt_keeps_a_later_wait() -> None:
    limit = throttle.Limit(tries=2, ban=300.0)
    first = throttle.count_try({}, COMMON, limit, NOW, "password")
    second = throttle.count_try(first.attempts, COMMON, limit, NOW + 1, "password")
    left = throttle.without(second.attempts, first)
    assert left == {COMMON: Attempts(1, NOW + 1, NOW + 301)}


@pytest.mark.parametrize("budget", [HERE, COMMON])
@pytest.mark.parametrize(("more", "wait"), [(0, 300.0), (1, 600.0), (4, 4800.0), (9, 86400.0)])
def test_beyond_the_maximum_each_attempt_starts_a_wait(budget: str, more: int, wait: float) -> None:
    """Even if the count is not a multiple of the limit."""
    limit = throttle.Limit(tries=4, ban=300.0)
    failures = throttle.MOST + more
    counted = throttle.count_try({budget: Attempts(failures - 1, NOW)}, budget, limit, NOW, "code")
    assert (counted.left, counted.until) == (0, NOW + wait)
    assert counted.attempts == {budget: Attempts(failures, NOW, NOW + wait)}
