"""Merge a restored backup with the current state, so that used codes and steps stay used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from cwtui.accounts import failed_sign_ins, identity
from cwtui.accounts.model import Account, SecondFactor, SignInRecord
from cwtui.accounts.ports import RandomBytes
from cwtui.accounts.roles import ADMIN


@dataclass(frozen=True)
class Difference:
    """What a restore changes, as sorted usernames.

    The last three fields undo changes that may have been made for security.
    """

    back: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]
    enabled: tuple[str, ...]
    admins: tuple[str, ...]
    less_mfa: tuple[str, ...]


def difference(then: Mapping[str, Account], now: Mapping[str, Account]) -> Difference:
    """Return what changes from the current accounts to those of the backup."""

    def names(differs: Callable[[Account, Account], bool]) -> tuple[str, ...]:
        both = sorted(then.keys() & now.keys())
        return tuple(name for name in both if differs(then[name], now[name]))

    return Difference(
        back=tuple(sorted(then.keys() - now.keys())),
        gone=tuple(sorted(now.keys() - then.keys())),
        changed=names(lambda old, new: old != new),
        enabled=names(lambda old, new: old.enabled and not new.enabled),
        admins=names(lambda old, new: ADMIN in old.roles and ADMIN not in new.roles),
        less_mfa=names(_has_less_mfa),
    )


def _has_less_mfa(then: Account, now: Account) -> bool:
    loses_device = then.second_factor is None and now.second_factor is not None
    return loses_device or (now.mfa_required and not then.mfa_required)


def other_names(then: Mapping[str, Account], now: Mapping[str, Account]) -> dict[str, str]:
    """Map the names in the backup to the current names of people renamed since.

    The current name is empty if the person has no account now, but someone else has the name.
    """
    of_id = {id_: name for name, one in now.items() for id_ in one.directory_ids.values()}
    found: dict[str, str] = {}
    for name, one in then.items():
        ids = one.directory_ids
        if name in now and not identity.is_another(ids, now[name].directory_ids):
            continue
        names = {of_id[id_] for id_ in ids.values() if id_ in of_id}
        theirs = [other for other in names if identity.is_same(ids, now[other].directory_ids)]
        if theirs or name in now:
            found[name] = theirs[0] if len(theirs) == 1 else ""
    return found


def account(then: Account, now: Account | None, random: RandomBytes) -> Account:
    """Return the account to restore from the backup.

    Backup codes that were used since stay used. If the set was replaced or removed since, no codes
    are restored, because it is unknown which of them were used.

    The session epoch is random, as for a new account. Otherwise a session from a later state could
    become valid again when the epoch rises.
    """
    factor = then.second_factor
    if factor is not None and now is not None:
        factor = _without_used_codes(factor, now.second_factor)
    return then.changed(second_factor=factor, session_epoch=int.from_bytes(random(4), "big"))


def record(then: SignInRecord, now: SignInRecord) -> SignInRecord:
    """Return the record to restore. No time step can be used again, and no wait ends early."""
    step = max(then.last_totp_step, now.last_totp_step)
    if now == SignInRecord():  # there is no current record
        return then.changed(last_totp_step=step)
    return then.changed(
        last_totp_step=step,
        password_attempts=now.password_attempts,
        code_attempts=now.code_attempts,
        failed=failed_sign_ins.restored(now.failed),
        wrong_code=now.wrong_code,
        spent_steps=now.spent_steps,
    )


def _without_used_codes(then: SecondFactor, now: SecondFactor | None) -> SecondFactor:
    left = now.backup_codes.hashes if now and _are_one_set(then, now) else ()
    unused = tuple(code for code in then.backup_codes.hashes if code in left)
    return replace(then, backup_codes=replace(then.backup_codes, hashes=unused))


def _are_one_set(then: SecondFactor, now: SecondFactor) -> bool:
    return then.backup_codes.salt == now.backup_codes.salt
