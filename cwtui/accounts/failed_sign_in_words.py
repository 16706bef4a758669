"""What people are told of failed sign-ins: their owner at the next sign-in, admins on a page."""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Final

from cwtui.accounts import sources
from cwtui.accounts.failed_sign_ins import (
    HOST,
    OLD,
    UNFINISHED,
    WITH_CODE,
    is_old,
    is_probably_own,
    right_passwords,
    wrong_codes,
)
from cwtui.accounts.model import Ending, FailedSignIns, KnewPassword
from cwtui.accounts.times import full_minute, utc_minute
from cwtui.language import N_, _, grouped, ngettext

_ENDED: Final = {
    Ending.REFUSED: N_("was refused"),
    Ending.STOPPED: N_("entered no code"),
    Ending.HOST_STOPPED: N_("entered no code"),
    Ending.WRONG_CODE: N_("entered a wrong code"),
    Ending.HOST_WRONG_CODE: N_("entered a wrong code"),
    Ending.NEW_PASSWORD: N_("chose no new password"),
    Ending.NEW_PASSWORD_AFTER_CODE: N_("chose no new password"),
    Ending.ENROLMENT: N_("did not set up MFA"),
    Ending.BACKUP_CODES: N_("did not confirm the backup codes"),
}
_WRONG_CODE: Final = frozenset({Ending.WRONG_CODE, Ending.HOST_WRONG_CODE})


def sentence(
    failed: FailedSignIns,
    zone: tzinfo = UTC,
    *,
    here: str = "",
    is_first_sign_in: bool = False,
    password_changed: bool = False,
) -> str:
    """Return the message for the user. The worst case, someone with the password, comes first.

    `here` is the source of this sign-in. `password_changed`: the user has already done what the
    message would advise.
    """
    right = right_passwords(failed)
    if right:
        told = [
            _since(failed, is_first_sign_in=is_first_sign_in),
            *_with_the_password(failed, right, zone),
        ]
    else:
        told = [_wrong_passwords(failed, zone, is_first_sign_in=is_first_sign_in)]
    advice = _advice(failed, right, here, password_changed=password_changed)
    return " ".join([*told, *advice])


def _advice(
    failed: FailedSignIns, right: int, here: str, *, password_changed: bool
) -> Iterator[str]:
    knew = failed.knew_password
    if right and knew is not None and knew.ending in HOST:
        yield _(
            "If that was not you, tell an admin: somebody may have your SSH key or your Unix "
            "password."
        )
        return
    is_own = right > 0 and not is_old(failed) and is_probably_own(failed, here)
    if is_own and right == 1:
        yield _("It came from where you are now: if it was you, ignore this.")
    elif is_own:
        yield _("It came from where you are now: if all of them were you, ignore this.")
    if password_changed:
        yield _("You have changed your password since.")
    elif not right:
        # No reason to change the right one (NIST SP 800-63B-4, 3.1.1.2).
        yield _("If that was not you, make sure that your password is hard to guess.")
    elif is_old(failed):
        yield _("Your password was changed since.")
    elif is_own:
        yield _("If not, change your password now.")
    else:
        yield _("If that was not you, change your password now.")


def _attempts(failed: FailedSignIns) -> str:
    knew = failed.knew_password
    if knew is not None and knew.ending in UNFINISHED | WITH_CODE:
        return ngettext(
            "{number} unfinished sign-in", "{number} failed or unfinished sign-ins", failed.count
        )
    return ngettext("{number} failed attempt", "{number} failed attempts", failed.count)


def _since(failed: FailedSignIns, *, is_first_sign_in: bool) -> str:
    attempts = _attempts(failed)
    if is_first_sign_in:
        return _("{attempts} before your first sign-in.", attempts=attempts)
    return _("{attempts} since then.", attempts=attempts)


def _wrong_passwords(failed: FailedSignIns, zone: tzinfo, *, is_first_sign_in: bool) -> str:
    if is_first_sign_in:
        one = N_("{attempts} before your first sign-in, on {time} from {source}.")
        several = N_("{attempts} before your first sign-in, the last on {time} from {source}.")
    else:
        one = N_("{attempts} since then, on {time} from {source}.")
        several = N_("{attempts} since then, the last on {time} from {source}.")
    return _(
        one if failed.count == 1 else several,
        attempts=_attempts(failed),
        time=full_minute(failed.last_at, zone),
        source=sources.shown(failed.last_source),
    )


def _with_the_password(failed: FailedSignIns, right: int, zone: tzinfo) -> Iterator[str]:
    """Yield what is known of the sign-ins with the correct password, as sentences."""
    knew = failed.knew_password
    codes, at, source = wrong_codes(failed)
    if knew is None:
        yield _("Someone entered your password. Where from was not recorded.")
    elif knew.ending in OLD:
        yield _with_an_old_password(failed, knew, right, zone)
    else:
        ended = _(_ENDED[knew.ending])
        if right == 1 and knew.ending in _WRONG_CODE and codes > 1:
            ended = ngettext("entered {number} wrong code", "entered {number} wrong codes", codes)
            codes = 0
        yield _(
            _one_ended(knew.ending) if right == 1 else _last_ended(knew.ending),
            who=_who(right, failed.count),
            ended=ended,
            time=full_minute(knew.at, zone),
            source=sources.shown(knew.source),
        )
    time, shown = full_minute(at, zone), sources.shown(source)
    if codes > 1:
        yield ngettext(
            "{number} wrong code in all, the last on {time} from {source}.",
            "{number} wrong codes in all, the last on {time} from {source}.",
            codes,
            time=time,
            source=shown,
        )
    elif codes and (knew is None or knew.ending not in _WRONG_CODE):
        yield _("1 wrong code, on {time} from {source}.", time=time, source=shown)


def _one_ended(ending: Ending) -> str:
    """Return what the only sign-in with the password did, for translation."""
    if ending in HOST:
        return N_(
            "{who} passed the host's own check, such as an SSH key, but {ended} ({time}, {source})."
        )
    if ending in WITH_CODE:
        return N_("{who} used your password and a code but {ended} ({time}, {source}).")
    return N_("{who} used your password but {ended} ({time}, {source}).")


def _last_ended(ending: Ending) -> str:
    """Return what several sign-ins with the password did, for translation."""
    if ending in HOST:
        return N_(
            "{who} used your password or passed the host's own check, such as an SSH key. The "
            "last of them {ended} ({time}, {source})."
        )
    if ending in WITH_CODE:
        return N_(
            "{who} used your password. The last of them used a code but {ended} ({time}, {source})."
        )
    return N_("{who} used your password. The last of them {ended} ({time}, {source}).")


def _with_an_old_password(
    failed: FailedSignIns, knew: KnewPassword, right: int, zone: tzinfo
) -> str:
    """Return what is known of the sign-ins before the password was changed."""
    if not knew.source:
        return _("Someone entered your old password. Where from was not recorded.")
    if knew.ending is Ending.OLD_PASSWORD_AND_CODE:
        one = N_("{who} used your old password and a code ({time}, {source}).")
        several = N_(
            "{who} used your old password (the last of them with a code, {time}, {source})."
        )
    else:
        one = N_("{who} used your old password ({time}, {source}).")
        several = N_("{who} used your old password (the last of them {time}, {source}).")
    return _(
        one if right == 1 else several,
        who=_who(right, failed.count),
        time=full_minute(knew.at, zone),
        source=sources.shown(knew.source),
    )


def _who(right: int, count: int) -> str:
    """Return the subject of a sentence about `right` of `count` failed sign-ins."""
    if right == count:
        return {1: _("It"), 2: _("Both")}.get(count, _("All"))
    return _("One") if right == 1 else grouped(right)


def summary(failed: FailedSignIns, *, is_first_sign_in: bool = False) -> list[str]:
    """Return short lines for admins and the operator: the number, and the last one of each kind."""
    number = grouped(failed.count)
    if is_first_sign_in:
        lines = [_("{number} before the first sign-in", number=number)]
    else:
        lines = [_("{number} since the last sign-in", number=number)]
    if failed.last_at is not None:
        last = _last(failed.last_at, failed.last_source)
        lines.append(_("wrong password: {last}", last=last))
    if knew := failed.knew_password:
        last = _last(knew.at, knew.source)
        if knew.ending in HOST:
            lines.append(_("host's own check: {last}", last=last))
        else:
            lines.append(_("correct password: {last}", last=last))
        lines.append(f"({_(knew.ending)})")
    codes, at, source = wrong_codes(failed)
    if at is not None:
        lines.append(
            ngettext(
                "{number} wrong code: {last}",
                "{number} wrong codes: {last}",
                codes,
                last=_last(at, source),
            )
        )
    return lines


def _last(at: float, source: str) -> str:
    if not source:
        return _("last {time}", time=utc_minute(at))
    return _("last {time} from {source}", time=utc_minute(at), source=sources.shown(source))
