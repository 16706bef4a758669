"""Add devices that people have elsewhere to accounts that exist."""

from collections.abc import Sequence
from itertools import zip_longest

import bcrypt
from msgspec.structs import replace

from cwtui.accounts import devices
from cwtui.accounts.audit.events import Event, EventType
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.errors import Refused
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.managing import existing, refuse_own, refuse_powerful
from cwtui.accounts.model import MOST_DEVICES, Account, BackupCodes, Device, SecondFactor
from cwtui.accounts.names import new_id
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor, as_reason, authorise_change, event_of
from cwtui.language import _


def missing_keys(ports: Ports, account: Account, one: Entry) -> tuple[Secret, ...]:
    """Return the keys of the entry that the account does not have. Raises CannotCheck."""
    factor = account.second_factor
    kept = (
        [devices.unsealed(ports.keyring, account.username, device) for device in factor.devices]
        if factor is not None
        else []
    )
    return tuple(key for key in one.keys if key not in kept)


def device_count(account: Account) -> int:
    """Return how many devices the account has."""
    return len(account.second_factor.devices) if account.second_factor is not None else 0


def with_devices(
    ports: Ports,
    username: str,
    keys: Sequence[Secret],
    factor: SecondFactor | None = None,
    names: Sequence[str] = (),
) -> SecondFactor:
    """Return the second factor with devices for these keys, called by `names` if there are some.

    A new one has no backup codes yet.
    """
    kept: list[Device] = list(factor.devices) if factor is not None else []
    for key, given in zip_longest(keys, names[: len(keys)]):
        id_ = new_id(ports.random, {device.id for device in kept})
        sealed = devices.sealed(ports.keyring, username, id_, key)
        name = given if given is not None else devices.new_name(kept)
        kept.append(Device(name=name, totp_secret=sealed, registered_at=ports.now(), id=id_))
    if factor is not None:
        return replace(factor, devices=tuple(kept))
    salt = bcrypt.gensalt(backup_codes.hash_cost(ports.bcrypt_cost)).decode("ascii")
    return SecondFactor(tuple(kept), BackupCodes(key=ports.keyring.active, salt=salt, hashes=()))


def check(ports: Ports, actor: Actor, usernames: Sequence[str]) -> None:
    """Raise Refused for the actor's own account, and NotPermitted, SessionEnded and CannotCheck.

    Who adds a device to an account can make its codes, so this takes what removing one takes.
    """
    held = authorise_change(ports, actor, Permission.RESET_MFA)
    for name in usernames:
        refuse_own(actor, name)
    refuse_powerful(ports, held, *usernames)


def add(
    ports: Ports, change: AccountsChange, actor: Actor, one: Entry
) -> tuple[Account, Event] | None:
    """Return the account with the devices of the entry, which ends its sessions, and the event.

    None if it has them all by now. Raises UnknownAccount, NotPermitted, SessionEnded, CannotCheck,
    and Refused if they are too many by now.
    """
    before = existing(ports, change, actor, one.username, Permission.RESET_MFA)
    keys = missing_keys(ports, before, one)
    if not keys:
        return None
    count = device_count(before)
    if count + len(keys) > MOST_DEVICES:
        raise Refused(
            _(
                "{username} got more devices in the meantime. Nothing was imported. Try again.",
                username=one.username,
            )
        )
    factor = with_devices(ports, one.username, keys, before.second_factor)
    added = tuple(device.name for device in factor.devices[count:])
    kind = EventType.DEVICE_ADD if count else EventType.MFA_ENABLE
    reason = as_reason({"device": added})
    after = before.changed_ending_sessions(second_factor=factor)
    return after, event_of(ports, kind, actor, one.username, reason)
