"""What goes on when an older state of the accounts comes back: what was used stays used."""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from cwtui.accounts.model import Account, SecondFactor, SignInRecord
from cwtui.accounts.ports import RandomBytes


@dataclass(frozen=True)
class Difference:
    """What a restore does to the accounts, by username, sorted."""

    back: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]


def difference(then: Mapping[str, Account], now: Mapping[str, Account]) -> Difference:
    """From the accounts now to those of the backup."""
    both = then.keys() & now.keys()
    return Difference(
        back=tuple(sorted(then.keys() - now.keys())),
        gone=tuple(sorted(now.keys() - then.keys())),
        changed=tuple(sorted(name for name in both if then[name] != now[name])),
    )


def account(then: Account, now: Account | None, random: RandomBytes) -> Account:
    """The account of the backup, as it comes back.

    Its epoch is a new one at random, as a new account's: a session that was open under a later
    state must not come alive when the epoch rises to where that session left it.
    """
    factor = then.second_factor
    if factor is not None and now is not None and now.second_factor is not None:
        factor = _without_used_codes(factor, now.second_factor)
    return then.changed(second_factor=factor, session_epoch=int.from_bytes(random(4), "big"))


def record(then: SignInRecord, now: SignInRecord) -> SignInRecord:
    """The record of the backup, but no time step that was used since can be used again."""
    return then.changed(last_totp_step=max(then.last_totp_step, now.last_totp_step))


def _without_used_codes(then: SecondFactor, now: SecondFactor) -> SecondFactor:
    if then.backup_codes.salt != now.backup_codes.salt:
        return then  # codes of another set
    left = tuple(code for code in then.backup_codes.hashes if code in now.backup_codes.hashes)
    return replace(then, backup_codes=replace(then.backup_codes, hashes=left))
