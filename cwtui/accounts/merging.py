"""Bring two sign-in records of one person together: the database's, and one of a host's copy."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import clocks, failed_sign_ins, throttle
from cwtui.accounts.model import Account, Attempts, DeviceUse, SignInRecord

_NONE: Final = Attempts()


def merged(
    record: SignInRecord, local: SignInRecord, account: Account
) -> tuple[SignInRecord, tuple[str, ...]]:
    """Return the record with what happened at the host.

    Also returns the names of the devices whose last code was used here and there.
    """
    uses = dict(record.devices)
    twice = []
    for device in account.second_factor.devices if account.second_factor is not None else ():
        ours, theirs = local.use_of(device), record.use_of(device)
        if ours.last_step == theirs.last_step and ours.last_used_at != theirs.last_used_at:
            twice.append(device.name)
        uses[device.id] = _with_use(theirs, ours)
    failed = failed_sign_ins.together(record.failed, local.failed)
    after = record.changed(devices=uses, failed=failed)
    if (local.last_sign_in or 0.0) > (record.last_sign_in or 0.0):
        source = local.last_source
        after = throttle.with_known_source(after, source)
        after = after.changed(last_sign_in=local.last_sign_in, last_source=source)
    return with_attempts(after, local), tuple(twice)


def with_attempts(record: SignInRecord, local: SignInRecord) -> SignInRecord:
    """Return the record with the failed attempts of the host, where those were more."""
    budgets = (throttle.STRANGERS, *record.known_sources)

    def more(theirs: Mapping[str, Attempts], ours: Mapping[str, Attempts]) -> dict[str, Attempts]:
        both = ((one, theirs.get(one, _NONE), ours.get(one, _NONE)) for one in budgets)
        most = {budget: max(one, other, key=_rank) for budget, one, other in both}
        return {budget: attempts for budget, attempts in most.items() if attempts != _NONE}

    return record.changed(
        password_attempts=more(record.password_attempts, local.password_attempts),
        code_attempts=more(record.code_attempts, local.code_attempts),
    )


def _rank(attempts: Attempts) -> tuple[int, float]:
    return attempts.failures, attempts.banned_until


def _with_use(theirs: DeviceUse, ours: DeviceUse) -> DeviceUse:
    later = max(theirs, ours, key=lambda use: use.last_step)
    spent = sorted({*theirs.spent_steps, *ours.spent_steps})
    return replace(later, spent_steps=tuple(spent[-clocks.SPENT :]))
