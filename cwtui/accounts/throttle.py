"""Wrong tries are counted before they are checked, by account and by where they come from.

A source that has signed in before has a count of its own, so that a stranger cannot lock the owner
out; all other sources share one. Each count goes through two stages:

    1. after every `Limit.tries` wrong tries in a row, a wait of `Limit.ban`
    2. from 15 wrong tries in a row on, one try after each wait, and the wait doubles up to a day

There is no stage 3: each wait ends by itself, after a day at most. Somebody at the same place who
uses up the one try after each wait can still keep the owner waiting; the owner then needs an
unlock, or a place of their own. A count is forgotten after as many quiet days as it has wrong
tries, for an account and for a made-up name alike. So nobody gains by waiting: it is one try a day
in the long run, however the tries are spread.

NIST SP 800-63B-4 section 3.2.2 allows 100 consecutive failures and then wants the authenticator
disabled; it names growing waits as a way to get there later. Up to 90 (15 for strangers, 15 for
each of 5 known sources) are checked quickly, which is within that limit. Beyond it we differ: a
stop for good lets anybody lock out anybody. With the default settings a stranger comes to 24 tries
in two days, to 100 in 78 days, and to about 390 in a year. Somebody who is at all five known
sources as well comes to about 2,300 in a year. For a one-time code (three of a million are right)
that is a chance of 0.1 % and 0.7 %, and it takes the password, so the owner is told.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts.errors import Throttled
from cwtui.accounts.model import Attempts, SignInRecord

STRANGERS: Final = ""
MOST: Final = 15
"""Wrong tries in a row before the waits grow: the same for known sources and strangers, or a known
source would show that the account exists.
"""
KNOWN_SOURCES: Final = 5
LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds. `Limit.ban` is at most as long (settings.py)."""
FORGET_AFTER: Final = 24 * 3600.0
"""Seconds for each wrong try after which a count is forgotten."""

_DOUBLED_OFTEN: Final = 20
"""More doublings of a minute than there are in a day: keeps the number small."""


class Limit(Struct, frozen=True):
    """After so many wrong tries in a row, wait so many seconds."""

    tries: int
    ban: float


@dataclass(frozen=True)
class Counted:
    """The attempts with one more. Either `left` are left before a wait, or it is not to be checked.

    `until` is when the next one is checked, where none is left. `is_first_refusal`: it is the first
    one that is not checked since the wait began.
    """

    attempts: dict[str, Attempts]
    budget: str
    left: int = 0
    until: float | None = None
    throttled: Throttled | None = None
    is_first_refusal: bool = False


def network_of(source: str) -> str:
    """What counts as one source: an IPv6 host has the 2^64 addresses of its network (RFC 6177)."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    return source if address.version == 4 else str(ip_network((address, 64), strict=False))  # noqa: PLR2004  IPv4


def budget_of(known_sources: Collection[str], source: str) -> str:
    """Whose tries this source uses up: its own if it is known, else the strangers'."""
    network = network_of(source)
    return network if network in known_sources else STRANGERS


def wait_after(failures: int, limit: Limit) -> float:
    """Seconds to wait after so many wrong tries in a row, where one has to wait."""
    if failures < MOST:
        return limit.ban
    return min(limit.ban * 2.0 ** min(failures - MOST, _DOUBLED_OFTEN), LONGEST_WAIT)


def count_try(
    attempts: Mapping[str, Attempts], budget: str, limit: Limit, now: float, field: str
) -> Counted:
    """Count a try as if it were wrong, or say that it is not to be checked."""
    before = attempts.get(budget, Attempts())
    if is_forgotten(before, now):
        before = Attempts()
    # A clock that was set back must not make the wait longer.
    until = min(before.banned_until, now + wait_after(before.failures, limit))
    if now < until:
        sentence = "Too many wrong tries."
        if before.failures > MOST:
            sentence += " An admin can unlock your account."
        refused = replace(before, banned_until=until, refusal_recorded=True)
        return Counted(
            {**attempts, budget: refused},
            budget,
            throttled=Throttled(field, sentence, until),
            is_first_refusal=not before.refusal_recorded,
        )
    failures = before.failures + 1
    left = 0 if failures >= MOST else min(-failures % limit.tries, MOST - failures)
    banned_until = 0.0 if left else now + wait_after(failures, limit)
    after = Attempts(failures, now, banned_until)
    return Counted({**attempts, budget: after}, budget, left, banned_until or None)


def without(attempts: Mapping[str, Attempts], counted: Counted) -> dict[str, Attempts]:
    """The attempts without that one, which was not a wrong one after all.

    The wait goes with it, unless tries that were counted since have begun it.
    """
    budget = counted.budget
    before = attempts.get(budget, Attempts())
    others = {name: kept for name, kept in attempts.items() if name != budget}
    if before.failures <= 1:
        return others
    until = 0.0 if before == counted.attempts[budget] else before.banned_until
    return others | {budget: replace(before, failures=before.failures - 1, banned_until=until)}


def cleared(attempts: Mapping[str, Attempts], budget: str, source: str) -> dict[str, Attempts]:
    """The attempts after a right try of that budget, from there."""
    return {
        name: kept for name, kept in attempts.items() if name not in {budget, network_of(source)}
    }


def with_known_source(record: SignInRecord, source: str) -> SignInRecord:
    """The record after a sign-in from there; the source longest unseen is forgotten."""
    network = network_of(source)
    known = (*(name for name in record.known_sources if name != network), network)[-KNOWN_SOURCES:]
    kept = {STRANGERS, *known}
    return record.changed(
        known_sources=known,
        password_attempts={k: v for k, v in record.password_attempts.items() if k in kept},
        code_attempts={k: v for k, v in record.code_attempts.items() if k in kept},
    )


def is_forgotten(kept: Attempts, now: float) -> bool:
    """Whether these wrong tries are so long ago that they no longer count."""
    return max(kept.last_at, kept.banned_until) + kept.failures * FORGET_AFTER < now


def current(record: SignInRecord, now: float) -> SignInRecord:
    """The record without the tries that no longer count."""
    return record.changed(
        password_attempts=_current(record.password_attempts, now),
        code_attempts=_current(record.code_attempts, now),
    )


def _current(attempts: Mapping[str, Attempts], now: float) -> dict[str, Attempts]:
    return {budget: kept for budget, kept in attempts.items() if not is_forgotten(kept, now)}


def wrong_tries(record: SignInRecord) -> int:
    """How many tries in a row were wrong, from everywhere."""
    return sum(kept.failures for kept in _all_attempts(record))


def longest_wait(record: SignInRecord, now: float) -> float:
    """Until when some source has to wait; 0: none has to."""
    return max(
        (kept.banned_until for kept in _all_attempts(record) if kept.banned_until > now),
        default=0.0,
    )


def _all_attempts(record: SignInRecord) -> tuple[Attempts, ...]:
    return (*record.password_attempts.values(), *record.code_attempts.values())
