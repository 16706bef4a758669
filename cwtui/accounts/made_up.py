"""Made-up names: usernames without an account. Attackers must not be able to recognise them.

A made-up name has a sign-in record like a real account. It is stored under a hash, because people
type passwords into the username field by mistake. The record starts with the known sources of some
account; otherwise an attacker at a source that everybody uses could tell names apart. The records
are limited in number, and the limit clears the counts of accounts in the same way.
"""

import hmac
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.ports import Others, Ports, StandIn
from cwtui.accounts.throttle import Try

_MARK: Final = "?"
"""No username starts with it."""

MOST_KEPT: Final = 1024
"""The maximum number of made-up names per file: 65,536 in 64 files, about 25 MB at most."""
_KEPT_AFTER_CROWDING: Final = MOST_KEPT * 7 // 8
"""Lower than the maximum, so that not every new name triggers a clean-up."""


def counted_name(ports: Ports, username: str) -> str:
    """Return the name of the record that counts attempts: the username, or a hash of it."""
    hashed = _hashed(ports, username)
    return username if ports.accounts.get(username) is not None else hashed


def glance(
    ports: Ports, username: str, begun: Try | None = None, since: float | None = None
) -> AbstractContextManager[None]:
    """Read at once what a step of a sign-in needs. For the arguments, see `AccountStore.glance`."""
    hashed = _hashed(ports, username)
    return ports.accounts.glance(username, StandIn(hashed, _number(hashed)), begun, since)


def is_made_up(counted: str) -> bool:
    return counted.startswith(_MARK)


def stand_in(ports: Ports, username: str) -> SignInRecord:
    """Return the first record of this made-up name, with the known sources of some account."""
    account = ports.accounts.username_at(_number(_hashed(ports, username)))
    known: tuple[str, ...] = ()
    # Someone else's damaged record must not block this sign-in.
    with suppress(CannotCheck):
        known = ports.records.get(account).known_sources if account is not None else ()
    return SignInRecord(known_sources=known)


def _crowded_out(records: Mapping[str, SignInRecord]) -> dict[str, SignInRecord | None]:
    """Return the records of one file to change so that their number stays limited; None removes.

    The made-up names with the fewest wrong passwords are removed, oldest first. Accounts with as
    few, as long ago, lose their count too, so that this does not reveal which names are made up.
    Clearing a count of N takes about 65,000 times N attempts, each with a slow hash.
    """
    made_up = [name for name in records if is_made_up(name)]
    ranks = sorted(_rank(records[name]) for name in made_up)
    last = ranks[len(made_up) - _KEPT_AFTER_CROWDING - 1]
    return {
        name: None if is_made_up(name) else record.changed(password_attempts={})
        for name, record in records.items()
        if (is_made_up(name) or record.password_attempts) and _rank(record) <= last
    }


CROWDED_OUT: Final = Others(_MARK, MOST_KEPT, _crowded_out)


def _rank(record: SignInRecord) -> tuple[int, float]:
    attempts = record.password_attempts.values()
    latest = max(attempts, key=_last_at, default=Attempts())
    return sum(kept.failures for kept in attempts), latest.last_at


def _last_at(kept: Attempts) -> float:
    return kept.last_at


def _number(hashed: str) -> int:
    return int(hashed[len(_MARK) :], 16)


def _hashed(ports: Ports, username: str) -> str:
    # Not the pepper, because it changes at each rotation, which would reset all counts.
    return _MARK + hmac.digest(ports.keyring.names_key, username.encode(), "sha256").hex()[:32]
