"""What an admin sees of wrong tries, and how a try that could not be checked is taken back."""

from math import inf

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
        ({HERE: Attempts(5, NOW - 60, NOW)}, {}, 5, 0.0),  # it is over now
        ({COMMON: Attempts(49, NOW)}, {}, 49, 0.0),
        ({COMMON: Attempts(50, NOW)}, {}, 50, inf),
        ({}, {COMMON: Attempts(50, NOW, NOW + 60)}, 50, inf),
        ({HERE: Attempts(50, NOW)}, {}, 50, 0.0),  # then those of strangers are used up
    ],
)
def test_how_many_tries_were_wrong_and_until_when_somebody_waits(
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
        ({}, {}),  # it was cleared meanwhile by a sign-in
        ({HERE: Attempts(1, 7.0), COMMON: Attempts(4, 8.0)}, {COMMON: Attempts(4, 8.0)}),
        ({COMMON: Attempts(4, 8.0)}, {COMMON: Attempts(4, 8.0)}),
    ],
)
def test_a_try_that_could_not_be_checked_is_taken_back(
    before: dict[str, Attempts], after: dict[str, Attempts]
) -> None:
    assert throttle.without_last(before, HERE) == after


@pytest.mark.parametrize(
    ("whose", "most"), [(HERE, throttle.KNOWN_MOST), (COMMON, throttle.STRANGERS_MOST)]
)
def test_the_last_try_of_all_is_followed_by_a_wait_too(whose: str, most: int) -> None:
    """Though the limit does not divide it."""
    limit = throttle.Limit(tries=3, ban=300.0)
    counted = throttle.count_try({whose: Attempts(most - 1, NOW)}, whose, limit, NOW, "code")
    assert counted.left == 0
    assert counted.attempts == {whose: Attempts(most, NOW, NOW + 300)}
