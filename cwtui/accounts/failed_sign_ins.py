"""Failed sign-ins since the last successful one, which the user is told about at sign-in."""

from datetime import UTC, tzinfo
from typing import Final

from msgspec.structs import replace

from cwtui.accounts.model import Ending, FailedSignIns, KnewPassword, SignInRecord
from cwtui.accounts.text import counted, visible
from cwtui.accounts.times import full_minute, utc_minute

_WAITS_FOR: Final = {
    Ending.STOPPED: "code needed",
    Ending.NEW_PASSWORD: "new password needed",
    Ending.NEW_PASSWORD_AFTER_CODE: "new password needed",
    Ending.ENROLMENT: "enrolment needed",
    Ending.BACKUP_CODES: "backup codes to be saved",
}

_ENDED: Final = {
    Ending.REFUSED: "and was refused",
    Ending.STOPPED: "but no code",
    Ending.WRONG_CODE: "and a wrong code",
    Ending.NEW_PASSWORD: "but chose no new one",
    Ending.ENROLMENT: "but did not set up MFA",
}

_UNFINISHED: Final = {
    Ending.NEW_PASSWORD_AFTER_CODE: "and a code but chose no new password",
    Ending.BACKUP_CODES: "and a code but did not confirm the backup codes",
}
"""Sign-ins that proved everything. Mostly they are the user's own, after a lost connection."""


def waits_for(ending: Ending) -> str:
    """Return what an unfinished sign-in still needs, for the audit log."""
    return _WAITS_FOR[ending]


def with_failure(
    record: SignInRecord, source: str, now: float, ending: Ending | None = None
) -> SignInRecord:
    """Return the record with one more failed sign-in; without an `ending` the password was wrong.

    A sign-in with the correct password is counted once, when the password is checked. A wrong code
    later only changes how it ended.
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
    """Return the record after a sign-in that is already counted got one step further."""
    before = record.failed or FailedSignIns(1)  # another sign-in may have cleared it
    return record.changed(failed=replace(before, knew_password=KnewPassword(now, source, ending)))


def without_stop(record: SignInRecord, source: str, before: SignInRecord) -> SignInRecord:
    """Return the record without a sign-in from `source` that has now succeeded.

    `before` is the record from before that sign-in was counted as failed.
    """
    failed = record.failed
    if failed is None:  # another sign-in of the same user has cleared it
        return record
    knew, left = failed.knew_password, failed.count - 1
    if knew is not None and knew.source == source:
        knew = before.failed.knew_password if before.failed is not None else None
        if left == 0:
            return record.changed(failed=None)
    return record.changed(failed=replace(failed, count=max(left, 1), knew_password=knew))


def sentence(failed: FailedSignIns, zone: tzinfo = UTC, *, is_first_sign_in: bool = False) -> str:
    """Return the message for the user. The worst case, someone with the password, comes first."""
    one = failed.count == 1
    knew = failed.knew_password
    what = "failed attempt"
    if knew is not None and knew.ending in _UNFINISHED:
        what = "unfinished sign-in" if one else "failed or unfinished sign-in"
    since = "before your first sign-in" if is_first_sign_in else "since then"
    since = f"{counted(failed.count, what)} {since}"
    if knew is not None:
        how = _UNFINISHED.get(knew.ending) or _ENDED[knew.ending]
        return (
            f"{since}. {'It' if one else 'One'} used your password {how} "
            f"({full_minute(knew.at, zone)}, {visible(knew.source)}). If that was not you, change "
            "your password now."
        )
    if failed.last_at is None:
        return (
            f"{since}. Someone entered your password. Where from was not recorded. If that was not "
            "you, change your password now."
        )
    last = "on" if one else "the last on"
    when, source = full_minute(failed.last_at, zone), visible(failed.last_source)
    return f"{since}, {last} {when} from {source}. If that was not you, change your password."


def summary(failed: FailedSignIns, *, is_first_sign_in: bool = False) -> list[str]:
    """Return short lines for admins and the operator: the number, and the last one of each kind."""
    since = "before the first sign-in" if is_first_sign_in else "since the last sign-in"
    lines = [f"{failed.count:,} {since}"]
    if failed.last_at is not None:
        lines.append(f"wrong password: {_last(failed.last_at, failed.last_source)}")
    if knew := failed.knew_password:
        lines += [f"correct password: {_last(knew.at, knew.source)}", f"({knew.ending})"]
    return lines


def _last(at: float, source: str) -> str:
    return f"last {utc_minute(at)} from {visible(source)}"
