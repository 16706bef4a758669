"""Failed sign-ins since the last successful one, which the user is told about at sign-in."""

from typing import Final

from msgspec.structs import replace

from cwtui.accounts.model import Ending, FailedSignIns, KnewPassword, SignInRecord, WrongCodes
from cwtui.accounts.throttle import STRANGERS, network_of

_WAITS_FOR: Final = {
    Ending.STOPPED: "code needed",
    Ending.HOST_STOPPED: "code needed",
    Ending.NEW_PASSWORD: "new password needed",
    Ending.NEW_PASSWORD_AFTER_CODE: "new password needed",
    Ending.ENROLMENT: "enrolment needed",
    Ending.BACKUP_CODES: "backup codes to be saved",
}

UNFINISHED: Final = frozenset(
    {
        Ending.NEW_PASSWORD,
        Ending.NEW_PASSWORD_AFTER_CODE,
        Ending.ENROLMENT,
        Ending.BACKUP_CODES,
    }
)
"""Sign-ins that proved everything that was asked. Mostly they are the user's own: a lost
connection, or a phone that was not at hand.
"""
HOST: Final = frozenset({Ending.HOST_STOPPED, Ending.HOST_WRONG_CODE})
"""Sign-ins at a door of the host, which had checked something else than the password."""
OLD: Final = frozenset({Ending.OLD_PASSWORD, Ending.OLD_PASSWORD_AND_CODE})
"""Sign-ins with a password that was changed since."""
WITH_CODE: Final = frozenset(
    {Ending.NEW_PASSWORD_AFTER_CODE, Ending.BACKUP_CODES, Ending.OLD_PASSWORD_AND_CODE}
)
SOURCES: Final = 8
"""From how many sources wrong codes are told apart."""


def waits_for(ending: Ending) -> str:
    """Return what an unfinished sign-in still needs, for the audit log."""
    return _WAITS_FOR[ending]


def with_failure(
    record: SignInRecord, source: str, now: float, ending: Ending | None = None
) -> SignInRecord:
    """Return the record with one more failed sign-in; without an `ending` the password was wrong.

    A sign-in with the correct password is counted once, when the password is checked. What follows
    only changes how it ended (`moved`).
    """
    before = record.failed or FailedSignIns(0)
    count = before.count + 1
    if ending is None:
        after = replace(before, count=count, last_at=now, last_source=source)
    else:
        after = replace(
            before,
            count=count,
            knew_password=KnewPassword(now, source, ending),
            # Those with an old password are now only part of the count.
            right_passwords=1 if is_old(before) else right_passwords(before) + 1,
        )
    return record.changed(failed=after)


def moved(record: SignInRecord, source: str, now: float, ending: Ending) -> SignInRecord:
    """Return the record after a sign-in that is already counted got one step further."""
    # Another sign-in may have cleared it.
    before = record.failed or FailedSignIns(1, right_passwords=1)
    right = 1 if is_old(before) else before.right_passwords
    knew = KnewPassword(now, source, ending)
    return record.changed(failed=replace(before, knew_password=knew, right_passwords=right))


def with_old_password(record: SignInRecord, now: float) -> SignInRecord:
    """Return the record after the password was changed.

    The user is still told of those who knew the old one, but need not change it again.
    """
    failed = record.failed
    right = right_passwords(failed) if failed is not None else 0
    if failed is None or not right or is_old(failed):
        return record
    knew = failed.knew_password or KnewPassword(now, "", Ending.STOPPED)
    if knew.ending in HOST:  # a new password does not keep them out
        return record
    is_with_code = knew.ending in WITH_CODE
    ending = Ending.OLD_PASSWORD_AND_CODE if is_with_code else Ending.OLD_PASSWORD
    old = replace(knew, ending=ending)
    return record.changed(failed=replace(failed, knew_password=old, right_passwords=right))


def with_own_new_password(record: SignInRecord) -> SignInRecord:
    """Return the record after an unfinished sign-in, which is counted, chose a new password.

    Only this sign-in has the new password, so it alone counts if it stops at a later step.
    """
    failed = record.failed
    return record if failed is None else record.changed(failed=replace(failed, right_passwords=1))


def together(first: FailedSignIns | None, second: FailedSignIns | None) -> FailedSignIns | None:
    """Return the failed sign-ins of both: each was counted in one of them."""
    if first is None or second is None:
        return first or second
    both = (first, second)
    last = max(both, key=lambda one: one.last_at or 0.0)
    knew = [one.knew_password for one in both if one.knew_password is not None]
    codes = dict(first.wrong_codes)
    for source, wrong in second.wrong_codes.items():
        before = codes.get(source, WrongCodes(0, 0.0))
        last_at = max(before.last_at, wrong.last_at)
        codes[source] = WrongCodes(before.count + wrong.count, last_at)
    latest = sorted(codes, key=lambda source: codes[source].last_at)[-SOURCES:]
    return FailedSignIns(
        first.count + second.count,
        last.last_at,
        last.last_source,
        max(knew, key=lambda one: one.at, default=None),
        sum(map(right_passwords, both)),
        {source: codes[source] for source in latest},
    )


def restored(failed: FailedSignIns | None) -> FailedSignIns | None:
    """Return this after a restore, which may have brought an old password back."""
    if failed is None or not is_old(failed):
        return failed
    return replace(failed, knew_password=None)


def with_wrong_code(
    record: SignInRecord, source: str, now: float, ending: Ending = Ending.WRONG_CODE
) -> SignInRecord:
    """Return the record after a sign-in that is already counted entered a wrong code."""
    after = moved(record, source, now, ending)
    if after.failed is None:
        return after
    kept = dict(after.failed.wrong_codes)
    before = kept.pop(source, None)
    kept[source] = WrongCodes(before.count + 1 if before is not None else 1, now)
    if len(kept) > SOURCES:
        # Only the latest source is shown, so the two oldest can share a count.
        first, second = sorted(kept, key=lambda name: kept[name].last_at)[:2]
        count = kept.pop(first).count + kept[second].count
        kept[second] = replace(kept[second], count=count)
    return after.changed(failed=replace(after.failed, wrong_codes=kept))


def without_stop(record: SignInRecord, source: str, before: SignInRecord) -> SignInRecord:
    """Return the record without a sign-in from `source` that has now succeeded.

    `before` is the record from before that sign-in was counted as failed. Its wrong codes are not
    reported either: the user entered them.
    """
    failed = record.failed
    if failed is None:  # another sign-in of the same user has cleared it
        return record
    earlier = before.failed or FailedSignIns(0)
    knew, left = failed.knew_password, failed.count - 1
    right = max(failed.right_passwords - 1, 0)
    if knew is not None and knew.source == source:
        if left == 0:
            return record.changed(failed=None)
        # Whoever used the new password meanwhile must not pass for one with the old password.
        knew = None if right and is_old(earlier) else earlier.knew_password
        right = max(right, earlier.right_passwords)
    wrong_codes = {name: kept for name, kept in failed.wrong_codes.items() if name != source}
    if source in earlier.wrong_codes:
        wrong_codes[source] = earlier.wrong_codes[source]
    return record.changed(
        failed=replace(
            failed,
            count=max(left, 1),
            knew_password=knew,
            right_passwords=right,
            wrong_codes=wrong_codes,
        )
    )


def wrong_codes(failed: FailedSignIns) -> tuple[int, float | None, str]:
    """Return how many codes were wrong, and when and from where the last one was entered."""
    if not failed.wrong_codes:
        return 0, None, ""
    last = max(failed.wrong_codes, key=lambda name: failed.wrong_codes[name].last_at)
    count = sum(kept.count for kept in failed.wrong_codes.values())
    return count, failed.wrong_codes[last].last_at, last


def right_passwords(failed: FailedSignIns) -> int:
    """Return how many had the correct password; of older records, how many are known to."""
    if failed.right_passwords or not failed.count:
        return failed.right_passwords
    if failed.last_at is None:
        return failed.count
    return 0 if failed.knew_password is None else 1


def is_old(failed: FailedSignIns) -> bool:
    """Whether all sign-ins with the correct password had one that was changed since."""
    return failed.knew_password is not None and failed.knew_password.ending in OLD


def is_alarming(failed: FailedSignIns, here: str) -> bool:
    """Whether to show the message as a warning: not if it tells only of the user's own first step.

    `here` is the source of this sign-in.
    """
    return failed.count > 1 or not is_probably_own(failed, here)


def is_probably_own(failed: FailedSignIns, here: str) -> bool:
    """Whether the last sign-in with the password came from `here`, and nothing in it was wrong."""
    knew = failed.knew_password
    return (
        knew is not None
        and knew.ending in UNFINISHED
        and network_of(knew.source) == network_of(here) != STRANGERS
    )
