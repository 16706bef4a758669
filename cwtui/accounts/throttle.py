"""Wrong tries are counted before they are checked, by account and by where they come from.

A source that has signed in before has tries of its own, so that a stranger cannot lock the owner
out; when they are used up, it is as good as a stranger. NIST SP 800-63B-4 section 3.2.2 allows 100
consecutive failures: 50 for all strangers together and 10 for each of 5 known sources.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from math import inf
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cwtui.accounts.errors import Throttled
from cwtui.accounts.model import Attempts, SignInRecord

STRANGERS: Final = ""
STRANGERS_MOST: Final = 50
KNOWN_MOST: Final = 10
KNOWN_SOURCES: Final = 5
FORGET_AFTER: Final = 24 * 3600.0
"""Seconds after which tries at a name that no account has are forgotten."""


class Limit(Struct, frozen=True):
    """After so many wrong tries in a row, wait so many seconds."""

    tries: int
    ban: float


@dataclass(frozen=True)
class Counted:
    """The attempts with one more. Either `left` are left before a wait, or it is not to be checked.

    `is_news`: it is the first one that is not checked since the wait began.
    """

    attempts: dict[str, Attempts]
    whose: str
    left: int = 0
    throttled: Throttled | None = None
    is_news: bool = False


def place(source: str) -> str:
    """What counts as one source: an IPv6 host has the 2^64 addresses of its network (RFC 6177)."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    return source if address.version == 4 else str(ip_network((address, 64), strict=False))  # noqa: PLR2004  IPv4


def budget(record: SignInRecord, attempts: Mapping[str, Attempts], source: str, now: float) -> str:
    """Whose tries this source uses up: its own if it is known, and after them the strangers'."""
    where = place(source)
    if where not in record.known_sources:
        return STRANGERS
    own = attempts.get(where, Attempts())
    is_used_up = own.failures >= KNOWN_MOST and now >= own.banned_until
    return STRANGERS if is_used_up else where


def count_try(
    attempts: dict[str, Attempts], whose: str, limit: Limit, now: float, field: str
) -> Counted:
    """Count a try as if it were wrong, or say that it is not to be checked."""
    before = attempts.get(whose, Attempts())
    # A clock that was set back must not make the wait longer.
    until = min(before.banned_until, now + limit.ban)
    throttled: Throttled | None = None
    if now < until:
        throttled = Throttled(field, "Too many wrong tries.", until)
    elif before.failures >= _most(whose):
        sentence = "Too many wrong tries. Ask an admin to unlock your account."
        throttled = Throttled(field, sentence, until=None)
    if throttled is not None:
        refused = replace(before, banned_until=until, told=True)
        return Counted(attempts | {whose: refused}, whose, 0, throttled, is_news=not before.told)
    failures = before.failures + 1
    full = failures % limit.tries == 0 or failures >= _most(whose)
    after = Attempts(failures, now, now + limit.ban if full else 0.0)
    left = min(-failures % limit.tries, _most(whose) - failures)
    return Counted(attempts | {whose: after}, whose, left)


def without_last(attempts: Mapping[str, Attempts], whose: str) -> dict[str, Attempts]:
    """The attempts without the last one of that budget, which could not be checked."""
    before = attempts.get(whose, Attempts())
    others = {name: kept for name, kept in attempts.items() if name != whose}
    if before.failures <= 1:
        return others
    return others | {whose: Attempts(before.failures - 1, before.last_at)}


def _most(whose: str) -> int:
    return STRANGERS_MOST if whose == STRANGERS else KNOWN_MOST


def cleared(attempts: Mapping[str, Attempts], whose: str, source: str) -> dict[str, Attempts]:
    """The attempts after a right try of that budget, from there."""
    return {name: kept for name, kept in attempts.items() if name not in {whose, place(source)}}


def with_known_source(record: SignInRecord, source: str) -> SignInRecord:
    """The record after a sign-in from there; the source longest unseen is forgotten."""
    where = place(source)
    known = (*(name for name in record.known_sources if name != where), where)[-KNOWN_SOURCES:]
    kept = {STRANGERS, *known}
    return record.changed(
        known_sources=known,
        password_attempts={k: v for k, v in record.password_attempts.items() if k in kept},
        code_attempts={k: v for k, v in record.code_attempts.items() if k in kept},
    )


def wrong_tries(record: SignInRecord) -> int:
    """How many tries in a row were wrong, from everywhere."""
    return sum(kept.failures for kept in _attempts(record))


def longest_wait(record: SignInRecord, now: float) -> float:
    """Until when some source has to wait; infinite: until an unlock; 0: none has to."""
    common = (record.password_attempts, record.code_attempts)
    if any(kept.get(STRANGERS, Attempts()).failures >= STRANGERS_MOST for kept in common):
        return inf
    return max(
        (kept.banned_until for kept in _attempts(record) if kept.banned_until > now), default=0.0
    )


def _attempts(record: SignInRecord) -> tuple[Attempts, ...]:
    return (*record.password_attempts.values(), *record.code_attempts.values())


def is_stale(record: SignInRecord, now: float) -> bool:
    """Whether nothing recent is in the record: it may go, if no account has that name."""
    return all(
        max(kept.last_at, kept.banned_until) + FORGET_AFTER < now for kept in _attempts(record)
    )
