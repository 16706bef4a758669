"""Wrong tries are counted before they are checked, by account and by where they come from.

A source that has signed in before has tries of its own, so that a stranger cannot lock the owner
out. NIST SP 800-63B-4 section 3.2.2 allows 100 consecutive failures: 50 for all strangers
together and 10 for each of 5 known sources.
"""

from typing import Final

from msgspec import Struct

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


def budget(record: SignInRecord, source: str) -> str:
    """Whose tries this source uses up."""
    return source if source in record.known_sources else STRANGERS


def count_try(
    attempts: dict[str, Attempts], whose: str, limit: Limit, now: float, field: str
) -> tuple[dict[str, Attempts], int]:
    """The attempts with one more, as if it were wrong, and how many are left before a wait.

    Raises Throttled when none is left.
    """
    before = attempts.get(whose, Attempts())
    most = STRANGERS_MOST if whose == STRANGERS else KNOWN_MOST
    if before.failures >= most:
        raise Throttled(
            field, "Too many wrong tries. Ask an admin to unlock your account.", until=None
        )
    # A clock that was set back must not make the wait longer.
    until = min(before.banned_until, now + limit.ban)
    if now < until:
        raise Throttled(field, "Too many wrong tries.", until=until)
    failures = before.failures + 1
    full = failures % limit.tries == 0 or failures >= most
    after = Attempts(failures, now, now + limit.ban if full else 0.0)
    left = min(-failures % limit.tries, most - failures)
    return attempts | {whose: after}, left


def cleared(attempts: dict[str, Attempts], whose: str) -> dict[str, Attempts]:
    """The attempts after a right try of that budget."""
    return {name: kept for name, kept in attempts.items() if name != whose}


def with_known_source(record: SignInRecord, source: str) -> SignInRecord:
    """The record after a sign-in from there; the source longest unseen is forgotten."""
    known = (*(name for name in record.known_sources if name != source), source)[-KNOWN_SOURCES:]
    kept = {STRANGERS, *known}
    return record.changed(
        known_sources=known,
        password_attempts={k: v for k, v in record.password_attempts.items() if k in kept},
        code_attempts={k: v for k, v in record.code_attempts.items() if k in kept},
    )


def is_stale(record: SignInRecord, now: float) -> bool:
    """Whether nothing recent is in the record: it may go, if no account has that name."""
    tries = (*record.password_attempts.values(), *record.code_attempts.values())
    return all(max(kept.last_at, kept.banned_until) + FORGET_AFTER < now for kept in tries)
