"""Merge a restored backup with the current state, so that used codes and steps stay used."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from msgspec.structs import replace

from cwtui.accounts import failed_sign_ins, identity
from cwtui.accounts.devices import latest_uses, sealed, unsealed
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account, Device, SecondFactor, SignInRecord
from cwtui.accounts.ports import Keyring, RandomBytes
from cwtui.accounts.roles import ADMIN


@dataclass(frozen=True)
class Difference:
    """What a restore changes, as sorted usernames. `longer` will expire later, or no more.

    The last four fields undo changes that may have been made for security.
    """

    back: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]
    enabled: tuple[str, ...]
    longer: tuple[str, ...]
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
        changed=names(_is_changed),
        enabled=names(lambda old, new: old.enabled and not new.enabled),
        longer=names(lambda old, new: _end(old) > _end(new)),
        admins=names(lambda old, new: ADMIN in old.roles and ADMIN not in new.roles),
        less_mfa=names(_has_less_mfa),
    )


def _end(account: Account) -> float:
    return inf if account.expires_at is None else account.expires_at


def _is_changed(then: Account, now: Account) -> bool:
    """Whether a restore changes anything but the session epoch, which is always new."""
    if then.created_at != now.created_at:
        return True
    kept = {
        "second_factor": now.second_factor,
        "ssh_keys": now.ssh_keys,
        "removals": now.removals,
        "session_epoch": now.session_epoch,
    }
    return then.changed(**kept) != now


def _has_less_mfa(then: Account, now: Account) -> bool:
    is_other = then.created_at != now.created_at
    loses_device = is_other and then.second_factor is None and now.second_factor is not None
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


def kept_ssh_keys(accounts: Iterable[tuple[Account, Account | None]]) -> frozenset[bytes]:
    """Return the SSH keys that stay on accounts: those of each account in the backup, and now."""
    return frozenset(
        key.key
        for then, now in accounts
        if now is not None and now.created_at == then.created_at
        for key in now.ssh_keys
    )


def account(
    then: Account,
    now: Account | None,
    keyring: Keyring,
    random: RandomBytes,
    kept_keys: frozenset[bytes] = frozenset(),
) -> Account:
    """Return the account to restore from the backup.

    Devices, backup codes, SSH keys and removals stay as they are now: a removed device or key may
    be in the wrong hands, and without the newer devices, somebody could get in with the password
    alone. If there is no such account now, or one that was created later, they come from the
    backup; in the second case without the codes, because it is unknown which of them were used. An
    SSH key that another account has now (`kept_keys`) does not come back, because it must be on one
    only.

    The session epoch is random, as for a new account. Otherwise a session from a later state could
    become valid again when the epoch rises.
    """
    factor, removals = then.second_factor, then.removals
    ssh_keys = tuple(key for key in then.ssh_keys if key.key not in kept_keys)
    if now is not None and now.created_at == then.created_at:
        factor, ssh_keys = _kept(then, now, keyring), now.ssh_keys
        removals = now.removals
    elif now is not None and factor is not None:
        factor = replace(factor, backup_codes=replace(factor.backup_codes, hashes=()))
    epoch = int.from_bytes(random(4), "big")
    return then.changed(
        second_factor=factor, ssh_keys=ssh_keys, removals=removals, session_epoch=epoch
    )


def _kept(then: Account, now: Account, keyring: Keyring) -> SecondFactor | None:
    """Return the current second factor, bound to the name that the account has in the backup.

    A device whose key is missing now, as in an older keyring, is taken from the backup if it is the
    same one.
    """
    if now.second_factor is None:
        return None
    held = {key.id for key in keyring.all_keys()}
    in_backup = then.second_factor.devices if then.second_factor is not None else ()
    # A device from before schema 7 and the one that replaced it then both have an empty id.
    same = {(device.id, device.registered_at): device for device in in_backup}

    def kept(device: Device) -> Device:
        if device.totp_secret.key not in held:
            return same.get((device.id, device.registered_at), device)
        if then.username == now.username:
            return device
        try:
            secret = unsealed(keyring, now.username, device)
        except CannotCheck:
            return device  # its codes could not be checked before either
        bound = sealed(keyring, then.username, device.id, secret)
        return replace(device, totp_secret=bound)

    return replace(now.second_factor, devices=tuple(map(kept, now.second_factor.devices)))


def record(then: SignInRecord, now: SignInRecord) -> SignInRecord:
    """Return the record to restore. No time step can be used again, and no wait ends early."""
    devices = latest_uses(now.devices, then.devices)
    if now == SignInRecord():  # there is no current record
        return then.changed(devices=devices)
    return then.changed(
        devices=devices,
        password_attempts=now.password_attempts,
        code_attempts=now.code_attempts,
        failed=failed_sign_ins.restored(now.failed),
    )
