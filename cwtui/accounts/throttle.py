"""Limit failed attempts. They are counted before they are checked, by account and by source.

Each source that has signed in before (a known source) has its own count, so that strangers cannot
lock out the owner; all other sources share one count. Each count has two stages:

    1. after every `Limit.tries` consecutive failures, the user waits for `Limit.ban`
    2. from 15 failures on, one attempt is allowed after each wait, and waits double up to a day

Accounts are never locked permanently: every wait ends by itself, after at most a day. An attacker
at the owner's source can use up the one attempt after each wait and keep the owner waiting; the
owner then needs an unlock or another source. A count is reset after as many quiet days as it has
failures, for accounts and made-up names alike. In the long run that allows one attempt per day,
however the attempts are spread.

NIST SP 800-63B-4 section 3.2.2 allows 100 consecutive failures, then requires disabling the
authenticator; growing waits may delay that. Up to 90 attempts (15 for strangers, 15 for each of
5 known sources) are checked without long waits, which is within the limit. Beyond it, cwtui differs
from NIST, because a permanent lock would let anyone lock out anyone. With the default settings, a
stranger has 24 attempts in two days, 100 in 78 days, and about 390 in a year. An attacker who is
also at all five known sources has about 2,300 in a year. For one-time codes (three in a million are
valid) that is a chance of 0.1 % and 0.7 %. It also takes the password, so the owner is notified.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts.errors import Throttled
from cwtui.accounts.model import Attempts, SignInRecord, Time
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.sources import UNKNOWN_ADDRESS
from cwtui.language import _

Tries: TypeAlias = Literal["password_attempts", "code_attempts"]
"""Passwords and codes are counted separately; one-time and backup codes share a count."""

STRANGERS: Final = ""
MOST: Final = 15
"""Consecutive failures before the waits grow. Equal for known sources and strangers; otherwise a
known source would reveal that the account exists.
"""
KNOWN_SOURCES: Final = 5
LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds. `Limit.ban` is never longer (settings.py)."""
FORGET_AFTER: Final = 24 * 3600.0
"""Quiet seconds per failure after which a count is reset."""

_DOUBLED_OFTEN: Final = 20
"""Enough doublings to get from a minute to more than a day; keeps the number small."""


class Limit(Struct, frozen=True):
    """After `tries` consecutive failures, wait for `ban` seconds."""

    tries: int
    ban: float


class Try(Struct, frozen=True, forbid_unknown_fields=True):
    """An attempt: of what, from which source, and when."""

    of: Tries
    source: str
    at: Time


@dataclass(frozen=True)
class Counted:
    """The result of counting an attempt: the new counts, and whether it may be checked.

    `left` attempts remain before a wait; if none, `until` is when the next one is allowed.
    `throttled` is set if the attempt must not be checked; `is_first_refusal` if it is the first
    such one since the wait began.
    """

    attempts: dict[str, Attempts]
    budget: str
    left: int = 0
    until: float | None = None
    throttled: Throttled | None = None
    is_first_refusal: bool = False


@lru_cache(maxsize=256)
def network_of(source: str) -> str:
    """Return what counts as one source: for IPv6 the /64 network, as one host has all of it.

    Empty if the source does not say where somebody is: two such people need not be at one place.
    """
    if source == UNKNOWN_ADDRESS:
        return STRANGERS
    try:
        address = ip_address(source)
    except ValueError:
        return source
    is_one_host = isinstance(address, IPv4Address)
    return source if is_one_host else str(ip_network((address, 64), strict=False))


def budget_of(known_sources: Collection[str], source: str) -> str:
    """Return whose attempts this source uses: its own if it is known, else the strangers'."""
    network = network_of(source)
    return network if network in known_sources else STRANGERS


def wait_after(failures: int, limit: Limit) -> float:
    """Return the seconds to wait after this many consecutive failures, if a wait is due."""
    if failures < MOST:
        return limit.ban
    return min(limit.ban * 2.0 ** min(failures - MOST, _DOUBLED_OFTEN), LONGEST_WAIT)


def wait(
    attempts: Mapping[str, Attempts], budget: str, limit: Limit, now: float, field: str
) -> Throttled | None:
    """Return the error for an attempt that must not be checked now; None if it may be."""
    before = attempts.get(budget, Attempts())
    # A clock that was set back must not extend the wait.
    until = min(before.banned_until, now + wait_after(before.failures, limit))
    if now >= until:
        return None
    sentence = _(Throttled.TOO_MANY)
    if before.failures > MOST:
        sentence = " ".join((sentence, _("An admin can unlock your account.")))
    return Throttled(field, sentence, until)


def limit_of(settings: OrganizationSettings, tries: Tries) -> Limit:
    if tries == "password_attempts":
        return Limit(settings.password_limit, settings.password_ban_minutes * 60.0)
    return Limit(settings.code_limit, settings.code_ban_minutes * 60.0)


def with_try(
    record: SignInRecord, attempt: Try, settings: OrganizationSettings, field: str = ""
) -> tuple[SignInRecord, Counted]:
    """Return the record after this attempt, and what counting it has shown."""
    attempts: dict[str, Attempts] = getattr(record, attempt.of)
    budget = budget_of(record.known_sources, attempt.source)
    counted = count_try(attempts, budget, limit_of(settings, attempt.of), attempt.at, field)
    return record.changed(**{attempt.of: counted.attempts}), counted


def count_try(
    attempts: Mapping[str, Attempts], budget: str, limit: Limit, now: float, field: str
) -> Counted:
    """Count an attempt as failed, or return that it must not be checked."""
    before = attempts.get(budget, Attempts())
    if is_forgotten(before, now):
        before = Attempts()
    throttled = wait(attempts, budget, limit, now, field)
    if throttled is not None:
        refused = replace(before, banned_until=throttled.until, refusal_recorded=True)
        return Counted(
            {**attempts, budget: refused},
            budget,
            throttled=throttled,
            is_first_refusal=not before.refusal_recorded,
        )
    failures = before.failures + 1
    left = 0 if failures >= MOST else min(-failures % limit.tries, MOST - failures)
    banned_until = 0.0 if left else now + wait_after(failures, limit)
    after = Attempts(failures, now, banned_until)
    return Counted({**attempts, budget: after}, budget, left, banned_until or None)


def without(attempts: Mapping[str, Attempts], counted: Counted) -> dict[str, Attempts]:
    """Return the attempts without one that was not a failure after all.

    This also removes the wait, unless later attempts started it.
    """
    budget = counted.budget
    before = attempts.get(budget, Attempts())
    others = {name: kept for name, kept in attempts.items() if name != budget}
    if before.failures <= 1:
        return others
    until = 0.0 if before == counted.attempts[budget] else before.banned_until
    return others | {budget: replace(before, failures=before.failures - 1, banned_until=until)}


def cleared(attempts: Mapping[str, Attempts], budget: str, source: str) -> dict[str, Attempts]:
    """Return the attempts after a success from `source`, which uses this budget."""
    return {
        name: kept for name, kept in attempts.items() if name not in {budget, network_of(source)}
    }


def with_known_source(record: SignInRecord, source: str) -> SignInRecord:
    """Return the record after a sign-in from `source`; the least recent source is dropped."""
    network = network_of(source)
    if network == STRANGERS:  # of somebody without a place: they keep no count of their own
        return record
    known = (*(name for name in record.known_sources if name != network), network)[-KNOWN_SOURCES:]
    kept = {STRANGERS, *known}
    return record.changed(
        known_sources=known,
        password_attempts={k: v for k, v in record.password_attempts.items() if k in kept},
        code_attempts={k: v for k, v in record.code_attempts.items() if k in kept},
    )


def is_forgotten(kept: Attempts, now: float) -> bool:
    """Whether these failures are too long ago to count."""
    return max(kept.last_at, kept.banned_until) + kept.failures * FORGET_AFTER < now


def current(record: SignInRecord, now: float) -> SignInRecord:
    """Return the record without failures that no longer count."""
    return record.changed(
        password_attempts=_current(record.password_attempts, now),
        code_attempts=_current(record.code_attempts, now),
    )


def _current(attempts: Mapping[str, Attempts], now: float) -> dict[str, Attempts]:
    return {budget: kept for budget, kept in attempts.items() if not is_forgotten(kept, now)}


def wrong_tries(record: SignInRecord) -> int:
    """Return the number of consecutive failures from all sources."""
    return sum(kept.failures for kept in _all_attempts(record))


def longest_wait(record: SignInRecord, now: float) -> float:
    """Return when the longest wait of any source ends, in seconds since the epoch; 0 if none."""
    return max(
        (kept.banned_until for kept in _all_attempts(record) if kept.banned_until > now),
        default=0.0,
    )


def _all_attempts(record: SignInRecord) -> tuple[Attempts, ...]:
    return (*record.password_attempts.values(), *record.code_attempts.values())
