"""Names that no account has: whoever tries passwords must not see that they are made up.

A made-up name has a sign-in record like an account's, under a hash: people type passwords into the
username field. It begins with the known sources of some account: else somebody at a place that
everybody signs in from could tell names apart. What keeps these records from filling the disk
happens to accounts' counts in the same way.
"""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.ports import Ports

_MARK: Final = "?"
"""No username begins with it."""

MOST_KEPT: Final = 1024
"""Made-up names whose records are kept together: with 64 files 65,536, some 25 MB at most."""
_KEPT_AFTER_CROWDING: Final = MOST_KEPT * 7 // 8
"""Fewer, so that not each further name has to look through all of them."""


def counted_name(ports: Ports, username: str) -> str:
    """The name of the record in which tries are counted."""
    hashed = _hashed(ports, username)
    return username if ports.accounts.get(username) is not None else hashed


def is_made_up(counted: str) -> bool:
    return counted.startswith(_MARK)


def stand_in(ports: Ports, username: str) -> SignInRecord:
    """What the record of this made-up name begins with: the known sources of some account."""
    number = int(_hashed(ports, username)[len(_MARK) :], 16)
    account = ports.accounts.username_at(number)
    known: tuple[str, ...] = ()
    # A damaged record keeps nobody else out.
    with suppress(CannotCheck):
        known = ports.records.get(account).known_sources if account is not None else ()
    return SignInRecord(known_sources=known)


def crowded_out(records: Mapping[str, SignInRecord]) -> dict[str, SignInRecord | None]:
    """Which of these records, kept together, are to change so that they stay few; None: removed.

    The names with the fewest wrong passwords go, the oldest of them first. Accounts with as few,
    as long ago, lose their count too: so nobody can learn from it which name is made up. To make
    a count of N go takes some 65,000 times N tries, each with a slow hash.
    """
    made_up = [name for name in records if is_made_up(name)]
    if len(made_up) <= MOST_KEPT:
        return {}
    ranks = sorted(_rank(records[name]) for name in made_up)
    last = ranks[len(made_up) - _KEPT_AFTER_CROWDING - 1]
    return {
        name: None if is_made_up(name) else record.changed(password_attempts={})
        for name, record in records.items()
        if (is_made_up(name) or record.password_attempts) and _rank(record) <= last
    }


def _rank(record: SignInRecord) -> tuple[int, float]:
    attempts = record.password_attempts.values()
    latest = max(attempts, key=_last_at, default=Attempts())
    return sum(kept.failures for kept in attempts), latest.last_at


def _last_at(kept: Attempts) -> float:
    return kept.last_at


def _hashed(ports: Ports, username: str) -> str:
    # Not the pepper: it changes with each rotation, and with it all counts would begin anew.
    return _MARK + hmac.digest(ports.keyring.names_key, username.encode(), "sha256").hex()[:32]
