"""What a person is told of at the next sign-in: those that failed since the last one."""

from typing import Final

from msgspec.structs import replace

from cwtui.accounts.model import Ending, FailedSignIns, KnewPassword, SignInRecord

_WAITS_FOR: Final = {
    Ending.STOPPED: "code needed",
    Ending.NEW_PASSWORD: "new password needed",
    Ending.ENROLMENT: "enrolment needed",
    Ending.BACKUP_CODES: "backup codes to be saved",
}


def waits_for(ending: Ending) -> str:
    """What a sign-in that would end like this still needs, for the audit log."""
    return _WAITS_FOR[ending]


def with_failure(
    record: SignInRecord, source: str, now: float, ending: Ending | None = None
) -> SignInRecord:
    """The record with one failed sign-in more; without an `ending` the password was wrong.

    One with the right password is counted when the password comes: a wrong code is no other one.
    """
    if ending is Ending.WRONG_CODE:
        return moved(record, source, now, ending)
    before = record.failed or FailedSignIns(0)
    count = before.count + 1
    if ending is None:
        after = replace(before, count=count, last_at=now, last_source=source)
    else:
        after = replace(before, count=count, knew_password=KnewPassword(now, source, ending))
    return record.changed(failed=after)


def moved(record: SignInRecord, source: str, now: float, ending: Ending) -> SignInRecord:
    """The record after a sign-in that is counted already has come further."""
    before = record.failed or FailedSignIns(1)  # another sign-in may have told of it
    return record.changed(failed=replace(before, knew_password=KnewPassword(now, source, ending)))


def without_stop(record: SignInRecord, source: str, before: SignInRecord) -> SignInRecord:
    """The record without a sign-in from there that was counted as failed, and now has succeeded.

    `before` is the record before that one was counted as failed.
    """
    failed = record.failed
    if failed is None:  # another sign-in of the same person has told of it
        return record
    knew, left = failed.knew_password, failed.count - 1
    if knew is not None and knew.source == source:
        knew = before.failed.knew_password if before.failed is not None else None
        if left == 0:
            return record.changed(failed=None)
    return record.changed(failed=replace(failed, count=max(left, 1), knew_password=knew))
